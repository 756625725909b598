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

/// A file whose extended attributes are meant.
///
/// Linux has no calls for a name relative to a directory. A name is reached by a path through
/// `/proc/self/fd`, whose only part that others can change is the last, and that is not followed if
/// it is a link. Without /proc such a name has no extended attributes.
package enum AttributeOwner {
  case open(FileDescriptor)
  case name(UnsafePointer<CChar>, in: FileDescriptor)
}

extension AttributeOwner {
  /// All extended attributes, sorted by name; none where the file system has no such thing.
  ///
  /// A file without any costs one system call.
  ///
  /// The corresponding C functions are `listxattr` and `getxattr`.
  package func extendedAttributes() throws(Errno) -> [ExtendedAttribute] {
    let names: [UInt8]
    do throws(Errno) {
      names = try readGrowing { buffer throws(Errno) in try list(into: buffer) }
    } catch {
      switch error {
      case .notSupported, .noFunction: return []
      case .noSuchFileOrDirectory, .notDirectory:
        if try existsWithoutProc() { return [] }
        throw error
      default: throw error
      }
    }
    if names.isEmpty { return [] }
    var attributes: [ExtendedAttribute] = []
    for name in names.split(separator: 0) {
      let cName = Array(name) + [0]
      do throws(Errno) {
        let value = try readGrowing { buffer throws(Errno) in try get(cName, into: buffer) }
        attributes.append(ExtendedAttribute(name: Array(name), value: value))
      } catch {
        // Removed since the names were listed.
        if error == .noData || error == .attributeNotFound { continue }
        throw error
      }
    }
    attributes.sort { $0.name.lexicographicallyPrecedes($1.name) }
    return attributes
  }

  /// Sets one extended attribute, new or not.
  ///
  /// The corresponding C function is `setxattr`.
  package func setExtendedAttribute(_ attribute: ExtendedAttribute) throws(Errno) {
    // A NUL would cut the name and set another attribute.
    guard !attribute.name.isEmpty, !attribute.name.contains(0) else { throw .invalidArgument }
    try set(attribute.name + [0], attribute.value)
  }

  /// Removes one extended attribute.
  ///
  /// The corresponding C function is `removexattr`.
  package func removeExtendedAttribute(_ name: [UInt8]) throws(Errno) {
    guard !name.isEmpty, !name.contains(0) else { throw .invalidArgument }
    try remove(name + [0])
  }

  /// Whether the name exists, so that it is /proc that is missing.
  private func existsWithoutProc() throws(Errno) -> Bool {
    guard case .name(let name, let directory) = self else { return false }
    _ = try directory.status(of: name)
    return true
  }
}

/// Most lists and values fit; the kernel allocates as much as is asked for, so no more.
private let firstCapacity = 1024
/// The largest value that is read. Linux allows 64 KiB; resource forks on macOS can be larger.
private let largestCapacity = 16 << 20

/// Reads what has no known size: once if it fits in a small buffer, otherwise with doubled ones.
private func readGrowing(
  _ body: (UnsafeMutableRawBufferPointer) throws(Errno) -> Int
) throws(Errno) -> [UInt8] {
  var capacity = firstCapacity
  while true {
    var reason: Errno?
    let bytes = withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { buffer in
      do throws(Errno) {
        let count = try body(buffer)
        return count == 0 ? [] : Array(buffer[..<count])
      } catch {
        reason = error
        return []
      }
    }
    guard let reason else { return bytes }
    guard reason == .outOfRange, capacity < largestCapacity else { throw reason }
    capacity *= 8
  }
}

#if canImport(Darwin)
  extension AttributeOwner {
    private func withDescriptor<Result>(
      _ body: (CInt) throws(Errno) -> Result
    ) throws(Errno) -> Result {
      switch self {
      case .open(let file):
        return try body(file.rawValue)
      case .name(let name, let directory):
        let file = try retryOnInterrupt {
          openat(directory.rawValue, name, O_RDONLY | O_SYMLINK | O_NONBLOCK | O_CLOEXEC)
        }
        defer { Darwin.close(file) }
        return try body(file)
      }
    }

    private func list(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
      try withDescriptor { file throws(Errno) in
        try retryOnInterrupt {
          flistxattr(
            file, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count, 0)
        }
      }
    }

    private func get(
      _ name: [UInt8], into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
      try withDescriptor { file throws(Errno) in
        try withCString(name) { name throws(Errno) in
          try retryOnInterrupt { fgetxattr(file, name, buffer.baseAddress!, buffer.count, 0, 0) }
        }
      }
    }

    private func set(_ name: [UInt8], _ value: [UInt8]) throws(Errno) {
      _ = try withDescriptor { file throws(Errno) in
        try withCString(name) { name throws(Errno) in
          try retryOnInterrupt { fsetxattr(file, name, value, value.count, 0, 0) }
        }
      }
    }

    private func remove(_ name: [UInt8]) throws(Errno) {
      _ = try withDescriptor { file throws(Errno) in
        try withCString(name) { name throws(Errno) in
          try retryOnInterrupt { fremovexattr(file, name, 0) }
        }
      }
    }
  }

  extension Errno {
    fileprivate static var noFunction: Errno { Errno(rawValue: ENOSYS) }
  }
#else
  extension AttributeOwner {
    private func list(into buffer: UnsafeMutableRawBufferPointer) throws(Errno) -> Int {
      let start = buffer.baseAddress!.assumingMemoryBound(to: CChar.self)
      switch self {
      case .open(let file):
        return try retryOnInterrupt { cairn_flistxattr(file.rawValue, start, buffer.count) }
      case .name(let name, let directory):
        return try withProcPath(name, directory) { path throws(Errno) in
          try retryOnInterrupt { cairn_llistxattr(path, start, buffer.count) }
        }
      }
    }

    private func get(
      _ attribute: [UInt8], into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
      try withCString(attribute) { attribute throws(Errno) in
        switch self {
        case .open(let file):
          try retryOnInterrupt {
            cairn_fgetxattr(file.rawValue, attribute, buffer.baseAddress!, buffer.count)
          }
        case .name(let name, let directory):
          try withProcPath(name, directory) { path throws(Errno) in
            try retryOnInterrupt {
              cairn_lgetxattr(path, attribute, buffer.baseAddress!, buffer.count)
            }
          }
        }
      }
    }

    private func set(_ attribute: [UInt8], _ value: [UInt8]) throws(Errno) {
      _ = try withCString(attribute) { attribute throws(Errno) in
        switch self {
        case .open(let file):
          try retryOnInterrupt {
            cairn_fsetxattr(file.rawValue, attribute, value, value.count)
          }
        case .name(let name, let directory):
          CInt(
            try withProcPath(name, directory) { path throws(Errno) in
              Int(try retryOnInterrupt { cairn_lsetxattr(path, attribute, value, value.count) })
            })
        }
      }
    }

    private func remove(_ attribute: [UInt8]) throws(Errno) {
      _ = try withCString(attribute) { attribute throws(Errno) in
        switch self {
        case .open(let file):
          Int(try retryOnInterrupt { cairn_fremovexattr(file.rawValue, attribute) })
        case .name(let name, let directory):
          try withProcPath(name, directory) { path throws(Errno) in
            Int(try retryOnInterrupt { cairn_lremovexattr(path, attribute) })
          }
        }
      }
    }
  }

  private func withProcPath(
    _ name: UnsafePointer<CChar>, _ directory: FileDescriptor,
    _ body: (UnsafePointer<CChar>) throws(Errno) -> Int
  ) throws(Errno) -> Int {
    var path = ContiguousArray("/proc/self/fd/\(directory.rawValue)/".utf8CString)
    path.removeLast()
    path.append(contentsOf: UnsafeBufferPointer(start: name, count: strlen(name) + 1))
    return try path.withUnsafeBufferPointer { path throws(Errno) in try body(path.baseAddress!) }
  }

  extension Errno {
    fileprivate static var attributeNotFound: Errno { .noData }
  }
#endif

private func withCString<Result>(
  _ bytes: [UInt8], _ body: (UnsafePointer<CChar>) throws(Errno) -> Result
) throws(Errno) -> Result {
  try bytes.withUnsafeBufferPointer { bytes throws(Errno) in
    try bytes.withMemoryRebound(to: CChar.self) { bytes throws(Errno) in
      try body(bytes.baseAddress!)
    }
  }
}
