package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import CPosix
  import Glibc
#elseif canImport(Musl)
  import CPosix
  import Musl
#endif

extension FileDescriptor {
  /// Waits until what was written to this file or directory survives a power cut.
  ///
  /// The corresponding C function is `fsync`; on macOS `fcntl(F_FULLFSYNC)`, since `fsync` there
  /// leaves the bytes in the drive's cache.
  package func synchronize() throws(Errno) {
    #if canImport(Darwin)
      if fcntl(rawValue, F_FULLFSYNC) == 0 { return }
    #endif
    try retryOnInterrupt { fsync(rawValue) }
  }

  /// Asks the system to begin to bring bytes to the disk, so that synchronizing later has less to
  /// wait for. It promises nothing, and where the system cannot do so, it does nothing.
  ///
  /// The corresponding C function is `sync_file_range` with `SYNC_FILE_RANGE_WRITE`.
  package func beginSynchronizing(_ bytes: Range<Int64>) {
    #if os(Linux)
      _ = cairn_begin_writeback(rawValue, Int(bytes.lowerBound), Int(bytes.count))
    #endif
  }

  /// Takes an exclusive advisory lock if nobody holds one, and says whether it got it.
  ///
  /// The lock goes with the open file description, so it ends when the process does.
  package func tryLock() throws(Errno) -> Bool {
    do throws(Errno) {
      try retryOnInterrupt { flock(rawValue, LOCK_EX | LOCK_NB) }
      return true
    } catch {
      if error == .wouldBlock { return false }
      throw error
    }
  }
}

extension FilePath {
  /// Makes the names in this directory survive a power cut.
  package func synchronizeDirectory() throws(IOError) {
    do {
      let directory = try FileDescriptor.open(self, .readOnly, options: [.directory, .closeOnExec])
      defer { try? directory.close() }
      try directory.synchronize()
    } catch let error as Errno {
      throw .systemCall("synchronize the directory", displayText, error)
    } catch {
      preconditionFailure("swift-system throws Errno only")
    }
  }
}

/// Calls `body` again as long as a signal interrupts it.
@discardableResult
package func retryOnInterrupt<Result: FixedWidthInteger>(
  _ body: () -> Result
) throws(Errno) -> Result {
  while true {
    let result = body()
    if result != -1 { return result }
    let reason = Errno(rawValue: errno)
    if reason != .interrupted { throw reason }
  }
}
