package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension FileDescriptor {
  /// What the file system says about this open file.
  ///
  /// The corresponding C function is `fstat`.
  package func status() throws(Errno) -> FileStatus {
    let file = rawValue
    return try statusRetrying { fstat(file, $0) }
  }

  /// What the file system says about a name in this directory; a symbolic link is not followed.
  ///
  /// The corresponding C function is `fstatat`.
  package func status(of name: UnsafePointer<CChar>) throws(Errno) -> FileStatus {
    let directory = rawValue
    #if os(Linux)
      // AT_NO_AUTOMOUNT, which needs _GNU_SOURCE: looking at a name must not mount anything.
      let flags = AT_SYMLINK_NOFOLLOW | 0x800
    #else
      let flags = AT_SYMLINK_NOFOLLOW
    #endif
    return try statusRetrying { fstatat(directory, name, $0, flags) }
  }
}

@inline(__always)
private func statusRetrying(
  _ body: (UnsafeMutablePointer<stat>) -> CInt
) throws(Errno) -> FileStatus {
  var raw = stat()
  while true {
    if body(&raw) == 0 { return FileStatus(raw) }
    let reason = Errno(rawValue: errno)
    if reason != .interrupted { throw reason }
  }
}

extension FileDescriptor {
  /// Whether every write goes to the end of the file, wherever it is aimed (`O_APPEND`).
  package func isAppending() throws(IOError) -> Bool {
    do throws(Errno) {
      return try retryOnInterrupt { fcntl(rawValue, F_GETFL) } & O_APPEND != 0
    } catch {
      throw .systemCall("use", "descriptor \(rawValue)", error)
    }
  }
}
