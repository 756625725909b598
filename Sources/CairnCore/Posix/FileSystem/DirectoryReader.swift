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

/// Lists directories with one buffer, so that a directory costs its system calls and nothing else.
package struct DirectoryReader: ~Copyable {
  #if os(Linux)
    /// Some 2,000 names a call; more does not make listing faster.
    private static let capacity = 64 << 10
    private let buffer: UnsafeMutableRawBufferPointer

    package init() {
      buffer = .allocate(byteCount: Self.capacity, alignment: 8)
    }

    deinit {
      buffer.deallocate()
    }

    /// Calls `body` with each name in `directory` except "." and "..", in the file system's order.
    ///
    /// The name is followed by a zero byte and valid only during the call. The kind is `.unknown`
    /// where the file system does not tell.
    ///
    /// The corresponding system call is `getdents64`.
    ///
    /// - Throws: after the names that could be read, if not all of them could.
    package func list(
      _ directory: FileDescriptor, _ body: (UnsafeBufferPointer<UInt8>, FileKind) -> Void
    ) throws(Errno) {
      // struct linux_dirent64: inode, offset, record length, type, name.
      let recordLengthOffset = 16
      let typeOffset = 18
      let nameOffset = 19
      while true {
        let count = try retryOnInterrupt {
          cairn_getdents(directory.rawValue, buffer.baseAddress!, buffer.count)
        }
        if count == 0 { return }
        var offset = 0
        while offset < count {
          let record = buffer.baseAddress! + offset
          offset += Int(record.load(fromByteOffset: recordLengthOffset, as: UInt16.self))
          let name = (record + nameOffset).assumingMemoryBound(to: UInt8.self)
          if isDotOrDotDot(name) { continue }
          let length = strlen((record + nameOffset).assumingMemoryBound(to: CChar.self))
          let type = record.load(fromByteOffset: typeOffset, as: UInt8.self)
          body(
            UnsafeBufferPointer(start: name, count: length), FileKind(directoryEntryType: type))
        }
      }
    }
  #else
    package init() {}

    /// Calls `body` with each name in `directory` except "." and "..", in the file system's order.
    ///
    /// The name is followed by a zero byte and valid only during the call. The kind is `.unknown`
    /// where the file system does not tell.
    ///
    /// The corresponding C function is `readdir`.
    ///
    /// - Throws: after the names that could be read, if not all of them could.
    package func list(
      _ directory: FileDescriptor, _ body: (UnsafeBufferPointer<UInt8>, FileKind) -> Void
    ) throws(Errno) {
      // The stream closes its descriptor, and a duplicate would share the offset.
      let copy = try directory.openEntry(".", .readOnly, options: [.directory])
      guard let stream = fdopendir(copy.rawValue) else {
        let reason = Errno(rawValue: errno)
        try? copy.close()
        throw reason
      }
      defer { closedir(stream) }
      while true {
        errno = 0
        guard let entry = readdir(stream) else {
          if errno == 0 { return }
          throw Errno(rawValue: errno)
        }
        let type = entry.pointee.d_type
        withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
          let name = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
          if isDotOrDotDot(name) { return }
          let length = strlen(bytes.baseAddress!.assumingMemoryBound(to: CChar.self))
          body(
            UnsafeBufferPointer(start: name, count: length), FileKind(directoryEntryType: type))
        }
      }
    }
  #endif
}

private func isDotOrDotDot(_ name: UnsafePointer<UInt8>) -> Bool {
  let dot = UInt8(ascii: ".")
  return name[0] == dot && (name[1] == 0 || name[1] == dot && name[2] == 0)
}
