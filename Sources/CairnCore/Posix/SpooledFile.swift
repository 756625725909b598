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
  public convenience init(in directory: FilePath) throws(IOError) {
    try self.init(in: directory, prefersUnnamed: true)
  }

  /// - Parameter prefersUnnamed: false does as on a file system that has no files without names.
  init(in directory: FilePath, prefersUnnamed: Bool) throws(IOError) {
    #if os(Linux)
      if prefersUnnamed, let file = Self.openUnnamed(in: directory) {
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
      throw .systemCall("create a temporary file in", directory.displayText, error)
    }
    temporaryPath = path
  }

  deinit {
    if let temporaryPath { unlink(temporaryPath.cString) }
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
      throw .systemCall("synchronize", path.displayText, error)
    }
    let source = temporaryPath ?? FilePath("/proc/self/fd/\(file.rawValue)")
    do throws(Errno) {
      try retryOnInterrupt {
        linkat(AT_FDCWD, source.cString, AT_FDCWD, path.cString, AT_SYMLINK_FOLLOW)
      }
      return true
    } catch .fileExists {
      return false
    } catch {
      throw .systemCall("create", path.displayText, error)
    }
  }

  /// Removes the temporary files that a crash left in `directory`; those in use stay.
  public static func removeAbandoned(in directory: FilePath) throws(IOError) {
    for name in try directory.names() where name.starts(with: prefix.utf8) {
      let path = directory.appending(String(decoding: name, as: UTF8.self))
      // Somebody else's fifo or link of such a name is neither waited for nor followed.
      let options: FileDescriptor.OpenOptions = [.closeOnExec, .noFollow, .nonBlocking]
      guard let file = try? FileDescriptor.open(path, .readOnly, options: options) else {
        continue
      }
      if (try? file.tryLock()) == true { unlink(path.cString) }
      try? file.close()
    }
  }

  #if os(Linux)
    private static func openUnnamed(in directory: FilePath) -> FileDescriptor? {
      let temporaryFile: CInt = 0o20000000 | O_DIRECTORY
      let raw = open(directory.cString, temporaryFile | O_RDWR | O_CLOEXEC, 0o600)
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
        open(cString, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, permissions.rawValue)
      })
  }

  /// The names in this directory without "." and "..", sorted bytewise.
  package func names() throws(IOError) -> [[UInt8]] {
    var names: [[UInt8]] = []
    try forEachName { name, _ in names.append(Array(name)) }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }

  /// Calls `body` with each name in this directory without "." and "..", in no order.
  package func forEachName(
    _ body: (UnsafeBufferPointer<UInt8>, FileKind) -> Void
  ) throws(IOError) {
    do {
      let directory = try FileDescriptor.open(self, .readOnly, options: [.directory, .closeOnExec])
      defer { try? directory.close() }
      try DirectoryReader().list(directory, body)
    } catch let error as Errno {
      throw .systemCall("list", displayText, error)
    } catch {
      preconditionFailure("swift-system throws Errno only")
    }
  }
}
