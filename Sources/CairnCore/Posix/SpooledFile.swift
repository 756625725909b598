public import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A temporary file that grows until it is whole and then, perhaps, gets a name for good.
///
/// On Linux the file has no name at all until then, so a crash leaves nothing behind. Where the
/// file system cannot do that, it has a temporary name and an advisory lock, by which
/// ``removeAbandoned(in:)`` tells files of the living from those of the dead.
///
/// The file is readable and writable by its owner alone (mode 0600).
public final class SpooledFile: Sendable {
  public let file: FileDescriptor
  /// The temporary name, if the file has one.
  private let temporaryPath: FilePath?

  private static let prefix = "cairn-spool-"

  /// Creates an empty file on the file system of `directory`, which exists.
  public init(in directory: FilePath) throws(IOError) {
    #if os(Linux)
      if let file = Self.openUnnamed(in: directory) {
        self.file = file
        temporaryPath = nil
        return
      }
    #endif
    let path = directory.appending(
      Self.prefix + String(UInt64.random(in: .min ... .max), radix: 16))
    do throws(Errno) {
      file = try path.openNew(permissions: [.ownerReadWrite])
      _ = try file.tryLock()
    } catch {
      throw .systemCall("create a temporary file in", directory.string, error)
    }
    temporaryPath = path
  }

  deinit {
    if let temporaryPath { unlink(temporaryPath.string) }
    try? file.close()
  }

  /// Makes the content durable, and gives the file its name unless a file of that name exists.
  ///
  /// The name is durable after `path`'s directory has been synchronized, which the caller does.
  ///
  /// - Returns: whether this file has the name now.
  public func publish(as path: FilePath) throws(IOError) -> Bool {
    do throws(Errno) {
      try file.synchronize()
    } catch {
      throw .systemCall("synchronize", path.string, error)
    }
    let source = temporaryPath?.string ?? "/proc/self/fd/\(file.rawValue)"
    do throws(Errno) {
      try retryOnInterrupt {
        linkat(AT_FDCWD, source, AT_FDCWD, path.string, AT_SYMLINK_FOLLOW)
      }
      return true
    } catch .fileExists {
      return false
    } catch {
      throw .systemCall("create", path.string, error)
    }
  }

  /// Removes the temporary files that a crash left in `directory`; those in use stay.
  public static func removeAbandoned(in directory: FilePath) throws(IOError) {
    for name in try directory.names() where name.starts(with: prefix.utf8) {
      let path = directory.appending(String(decoding: name, as: UTF8.self))
      guard let file = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec]) else {
        continue
      }
      if (try? file.tryLock()) == true { unlink(path.string) }
      try? file.close()
    }
  }

  #if os(Linux)
    private static func openUnnamed(in directory: FilePath) -> FileDescriptor? {
      let temporaryFile: CInt = 0o20000000 | O_DIRECTORY
      let raw = open(directory.string, temporaryFile | O_RDWR | O_CLOEXEC, 0o600)
      guard raw >= 0 else { return nil }
      // Naming the file goes through /proc, which a container may lack.
      guard access("/proc/self/fd/\(raw)", F_OK) == 0 else {
        close(raw)
        return nil
      }
      return FileDescriptor(rawValue: raw)
    }
  #endif
}

extension FilePath {
  /// Creates a file that does not exist yet, for reading and writing.
  package func openNew(permissions: FilePermissions) throws(Errno) -> FileDescriptor {
    FileDescriptor(
      rawValue: try retryOnInterrupt {
        open(string, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, permissions.rawValue)
      })
  }

  /// The names in this directory without "." and "..", sorted bytewise.
  package func names() throws(IOError) -> [[UInt8]] {
    guard let stream = opendir(string) else {
      throw .systemCall("list", string, Errno(rawValue: errno))
    }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        if errno != 0 { throw .systemCall("list", string, Errno(rawValue: errno)) }
        break
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        Array(bytes.prefix { $0 != 0 })
      }
      if name != Array(".".utf8), name != Array("..".utf8) { names.append(name) }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }
}
