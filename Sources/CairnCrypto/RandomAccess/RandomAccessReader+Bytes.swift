internal import CairnCore

extension RandomAccessReader {
  /// Reads until `bytes` is full or the source ends, and returns how many there were.
  func read(
    at offset: Int64, into bytes: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) -> Int {
    var span = OutputRawSpan(buffer: bytes, initializedCount: 0)
    do throws(IOError) { return try read(at: offset, into: &span) } catch { throw .io(error) }
  }

  func readBytes(at offset: Int64, upTo count: Int) throws(CryptoError) -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { (buffer, initialized) throws(CryptoError) in
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      initialized = try read(
        at: offset, into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]))
    }
  }

  func readBytes(at offset: Int64, count: Int) throws(CryptoError) -> [UInt8] {
    let bytes = try readBytes(at: offset, upTo: count)
    guard bytes.count == count else {
      throw .io(
        IOError(
          .unexpectedEnd, operation: "read", subject: "the sealed file",
          detail: "it ends before byte \(offset + Int64(count)); use a whole copy"))
    }
    return bytes
  }
}
