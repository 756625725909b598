#if os(Linux)
  #if canImport(Glibc)
    import Glibc
  #else
    import Musl
  #endif

  // In <sys/fsuid.h>, which the Swift modules leave out.
  @_silgen_name("setfsuid") private func setfsuid(_ uid: UInt32) -> CInt

  let canDropPrivileges = geteuid() == 0

  /// Runs `body` as root with the file access of another user, on this thread alone.
  func withFileAccess<Result>(ofUser uid: UInt32, _ body: () throws -> Result) rethrows -> Result {
    _ = setfsuid(uid)
    defer { _ = setfsuid(0) }
    return try body()
  }
#else
  let canDropPrivileges = false

  func withFileAccess<Result>(ofUser uid: UInt32, _ body: () throws -> Result) rethrows -> Result {
    try body()
  }
#endif
