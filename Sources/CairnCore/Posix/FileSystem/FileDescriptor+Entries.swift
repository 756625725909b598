package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

// The names are single components relative to this directory, in the bytes of the file system. No
// function here follows a symbolic link in that place, with the exception of `openEntry` without
// `.noFollow`.
extension FileDescriptor {
  /// Stands for the working directory, so that the functions here take paths.
  package static var workingDirectory: FileDescriptor { FileDescriptor(rawValue: AT_FDCWD) }

  /// Opens a name in this directory, close-on-exec.
  ///
  /// The corresponding C function is `openat`.
  package func openEntry(
    _ name: UnsafePointer<CChar>, _ mode: AccessMode, options: OpenOptions = [.noFollow],
    permissions: UInt16 = 0
  ) throws(Errno) -> FileDescriptor {
    let flags = mode.rawValue | options.rawValue | O_CLOEXEC
    return FileDescriptor(
      rawValue: try retryOnInterrupt { openat(rawValue, name, flags, mode_t(permissions)) })
  }

  /// Opens a directory in this directory.
  package func openDirectory(_ name: UnsafePointer<CChar>) throws(Errno) -> FileDescriptor {
    try openEntry(name, .readOnly, options: [.directory, .noFollow])
  }

  /// Opens a directory to reach by their names what is in it, which needs the permission to search
  /// it, but not to list it.
  ///
  /// The descriptor serves the functions here; its directory cannot be read through it. A symbolic
  /// link is followed.
  package func openToSearch(_ name: UnsafePointer<CChar>) throws(Errno) -> FileDescriptor {
    #if canImport(Darwin)
      // O_SEARCH, which is O_EXEC of a directory.
      let flags = O_EXEC | O_DIRECTORY
    #else
      // O_PATH, which the C library's headers show to GNU programs alone.
      let flags: CInt = 0o10000000 | O_DIRECTORY
    #endif
    return FileDescriptor(
      rawValue: try retryOnInterrupt { openat(rawValue, name, flags | O_CLOEXEC) })
  }

  /// Makes a directory; the process's umask is taken off `permissions`.
  ///
  /// The corresponding C function is `mkdirat`.
  package func makeDirectory(
    _ name: UnsafePointer<CChar>, permissions: UInt16
  ) throws(Errno) {
    try retryOnInterrupt { mkdirat(rawValue, name, mode_t(permissions)) }
  }

  /// Makes a symbolic link.
  ///
  /// The corresponding C function is `symlinkat`.
  package func makeSymbolicLink(
    _ name: UnsafePointer<CChar>, to target: UnsafePointer<CChar>
  ) throws(Errno) {
    try retryOnInterrupt { symlinkat(target, rawValue, name) }
  }

  /// The target of a symbolic link.
  ///
  /// - Parameter expectedSize: the link's size as its status gives it. Some file systems give 0;
  ///   the result is whole in any case.
  ///
  /// The corresponding C function is `readlinkat`.
  package func symbolicLinkTarget(
    _ name: UnsafePointer<CChar>, expectedSize: Int64
  ) throws(Errno) -> [UInt8] {
    // One byte more than expected tells a whole target from a cut one.
    var capacity = Int(min(max(expectedSize, 0), 1 << 16)) + 1
    while true {
      var reason: Errno?
      let target = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        do throws(Errno) {
          count = try retryOnInterrupt { readlinkat(rawValue, name, buffer.baseAddress!, capacity) }
        } catch {
          reason = error
        }
      }
      if let reason { throw reason }
      if target.count < capacity { return target }
      capacity *= 2
    }
  }

  /// Gives a file another name, in the directory `other`.
  ///
  /// The corresponding C function is `linkat`, without following links.
  package func makeLink(
    to name: UnsafePointer<CChar>, as newName: UnsafePointer<CChar>, in other: FileDescriptor
  ) throws(Errno) {
    try retryOnInterrupt { linkat(rawValue, name, other.rawValue, newName, 0) }
  }

  /// Renames within this directory; what had the new name is replaced in one step.
  ///
  /// The corresponding C function is `renameat`.
  package func renameEntry(
    _ name: UnsafePointer<CChar>, to newName: UnsafePointer<CChar>
  ) throws(Errno) {
    try retryOnInterrupt { renameat(rawValue, name, rawValue, newName) }
  }

  /// Removes a name that is not a directory's.
  ///
  /// The corresponding C function is `unlinkat`.
  package func removeEntry(_ name: UnsafePointer<CChar>) throws(Errno) {
    try retryOnInterrupt { unlinkat(rawValue, name, 0) }
  }

  /// Removes an empty directory.
  ///
  /// The corresponding C function is `unlinkat` with `AT_REMOVEDIR`.
  package func removeDirectory(_ name: UnsafePointer<CChar>) throws(Errno) {
    try retryOnInterrupt { unlinkat(rawValue, name, AT_REMOVEDIR) }
  }

  /// Makes a fifo, or as root a device; the process's umask is taken off `permissions`.
  ///
  /// The corresponding C functions are `mkfifoat` and `mknodat`.
  ///
  /// - Precondition: `kind` is a fifo or a device.
  package func makeSpecialFile(
    _ name: UnsafePointer<CChar>, kind: FileKind, permissions: UInt16, device: DeviceNumber
  ) throws(Errno) {
    let mode = mode_t(permissions)
    switch kind {
    case .fifo:
      try retryOnInterrupt { mkfifoat(rawValue, name, mode) }
    case .characterDevice:
      try retryOnInterrupt { mknodat(rawValue, name, S_IFCHR | mode, device.raw) }
    case .blockDevice:
      try retryOnInterrupt { mknodat(rawValue, name, S_IFBLK | mode, device.raw) }
    default:
      preconditionFailure("not a special file: \(kind)")
    }
  }
}
