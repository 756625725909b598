package import SystemPackage

extension FileDescriptor {
  /// Reads at `offset` until `buffer` is full or the file ends, and returns the number of bytes.
  package func readFully(
    at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    var done = 0
    while done < buffer.count {
      let count = try retryOnInterrupt {
        Libc.readBytes(
          rawValue, buffer.baseAddress! + done, buffer.count - done, at: offset + Int64(done))
      }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Reads at `offset` once, and returns the number of bytes: for a regular file fewer than fit
  /// only where it ends.
  package func readOnce(
    at offset: Int64, into buffer: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    try retryOnInterrupt {
      Libc.readBytes(rawValue, buffer.baseAddress!, buffer.count, at: offset)
    }
  }

  /// Reads at the current offset until `buffer` is full or the stream ends, and returns the number
  /// of bytes.
  package func readFully(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    var done = 0
    while done < buffer.count {
      let free = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = try readOnce(into: free)
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Reads at the current offset once, as soon as there is something, and returns the number of
  /// bytes: none at the end of the stream.
  package func readOnce(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
    try retry(whenReadyFor: .reading) {
      Libc.readBytes(rawValue, buffer.baseAddress!, buffer.count)
    }
  }

  /// Writes all of `bytes` at `offset`.
  package func writeFully(
    at offset: Int64, _ bytes: UnsafeRawBufferPointer
  ) throws(Errno) {
    var done = 0
    while done < bytes.count {
      done += try retryOnInterrupt {
        Libc.writeBytes(
          rawValue, bytes.baseAddress! + done, bytes.count - done, at: offset + Int64(done))
      }
    }
  }

  /// Writes all of `bytes` at the current offset. A reader who has gone is an error, no signal.
  package func writeFully(_ bytes: UnsafeRawBufferPointer) throws(Errno) {
    try withoutBrokenPipeSignal { () throws(Errno) in
      var done = 0
      while done < bytes.count {
        done += try retry(whenReadyFor: .writing) {
          Libc.writeBytes(rawValue, bytes.baseAddress! + done, bytes.count - done)
        }
      }
    }
  }
}
