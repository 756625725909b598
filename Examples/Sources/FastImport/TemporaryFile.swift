import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file without a name, which is gone when the process is.
final class TemporaryFile {
  let descriptor: FileDescriptor

  /// - Parameter folder: on a disk that has room.
  init(in folder: FilePath) throws {
    var random = SystemRandomNumberGenerator()
    let path = folder.appending("fast-import-\(random.next())")
    do {
      descriptor = try FileDescriptor.open(
        path, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec],
        permissions: .ownerReadWrite)
    } catch {
      throw ImportError("cannot make a temporary file in \(folder): \(error)")
    }
    _ = path.withPlatformString { unlink($0) }
  }

  deinit { try? descriptor.close() }
}

extension FilePath {
  /// Makes the directories that lead to the file, where they are missing.
  func makeParents() throws(Errno) {
    var parents: [FilePath] = []
    var path = removingLastComponent()
    while path.lastComponent != nil {
      parents.append(path)
      path = path.removingLastComponent()
    }
    for parent in parents.reversed() {
      let status = parent.withPlatformString { mkdir($0, 0o777) }
      if status != 0, errno != EEXIST { throw Errno(rawValue: errno) }
    }
  }

  /// Gives the file another name, and takes that from the file that has it.
  func rename(to other: FilePath) throws(Errno) {
    let status = withPlatformString { old in
      other.withPlatformString { new in renameat(AT_FDCWD, old, AT_FDCWD, new) }
    }
    guard status == 0 else { throw Errno(rawValue: errno) }
  }
}
