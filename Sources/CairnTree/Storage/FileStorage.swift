public import CairnCore
public import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Pages in a file, read and written at their offsets, never mapped.
///
/// One store at a time writes the file, and any number read it meanwhile, in any processes of one
/// machine. They tell of each other by advisory locks of bytes from offset 2^62 on, where nothing is
/// stored (`F_OFD_SETLK`); these end with the process, however it ends. The file must be on a file
/// system that has such locks, and shows at once what others have written: not on one that several
/// machines share.
public final class FileStorage: PageStorage {
  private let file: FileDescriptor
  private let isOwner: Bool
  private let fileLocks: FileLocks
  public let isReadOnly: Bool
  private let synchronizes: Bool
  /// What error messages call the file.
  private var name: String { fileLocks.name }

  /// Opens a file, and creates it if it is to be written and does not exist. A symbolic link is
  /// followed.
  ///
  /// - Parameters:
  ///   - synchronizes: False lets ``synchronize()`` do nothing. A crash of the process then still
  ///     loses nothing, but a power cut may lose everything: for files that can be made again.
  /// - Throws: ``TreeError``: `.storage` if the system refuses, or it is no file.
  public init(
    _ path: FilePath, readOnly: Bool = false, synchronizes: Bool = true
  ) throws(TreeError) {
    let name = path.displayText
    let file: FileDescriptor
    do throws(Errno) {
      // Not waiting for the other end of a pipe, which is refused below; files know no waiting.
      let flags = (readOnly ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC | O_NONBLOCK
      file = FileDescriptor(
        rawValue: try retryOnInterrupt { open(path.cString, flags, 0o666) })
    } catch {
      throw .storage("cannot open the trees", .systemCall("open", name, error))
    }
    do throws(IOError) {
      let size = try Self.examine(file, name)
      if !readOnly, synchronizes, size == 0 { try Self.makeNameDurable(path, name) }
    } catch {
      try? file.close()
      throw .storage("cannot open the trees", error)
    }
    self.file = file
    isOwner = true
    fileLocks = FileLocks(file, name: name)
    isReadOnly = readOnly
    self.synchronizes = synchronizes
  }

  /// Uses a file that is open.
  ///
  /// The descriptor is borrowed, not closed, and must stay open for as long as this storage lives.
  /// It, and its duplicates, are used for nothing else: the locks belong to all of them together.
  ///
  /// - Parameters:
  ///   - readOnly: Whether the descriptor can be used for reading only.
  ///   - name: What error messages call the file.
  ///   - synchronizes: As for a file that is opened here.
  /// - Throws: ``TreeError``: `.storage` if it is no file.
  public init(
    _ file: FileDescriptor, readOnly: Bool, name: String = "the trees", synchronizes: Bool = true
  ) throws(TreeError) {
    do throws(IOError) {
      _ = try Self.examine(file, name)
    } catch {
      throw .storage("cannot use the trees", error)
    }
    self.file = file
    isOwner = false
    fileLocks = FileLocks(file, name: name)
    isReadOnly = readOnly
    self.synchronizes = synchronizes
  }

  deinit { if isOwner { try? file.close() } }

  public var locks: (any StorageLocks)? { fileLocks }

  /// - Returns: the size.
  private static func examine(_ file: FileDescriptor, _ name: String) throws(IOError) -> Int64 {
    let status: FileStatus
    do throws(Errno) {
      status = try file.status()
    } catch {
      throw .systemCall("examine", name, error)
    }
    guard status.kind == .regular else {
      throw IOError(
        .invalidPath, operation: "use", subject: name, detail: "it is not a regular file")
    }
    return status.size
  }

  /// Synchronizes the directory that the file is in, which a link may lead to.
  private static func makeNameDurable(_ path: FilePath, _ name: String) throws(IOError) {
    guard let resolved = realpath(path.cString, nil) else {
      throw .systemCall("find the directory of", name, Errno(rawValue: errno))
    }
    defer { free(resolved) }
    try FilePath(platformString: resolved).removingLastComponent().synchronizeDirectory()
  }

  public var byteCount: Int64 {
    get throws(IOError) {
      do throws(Errno) {
        return try file.status().size
      } catch {
        throw .systemCall("examine", name, error)
      }
    }
  }

  public func read(at offset: Int64, into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    do throws(Errno) {
      return try buffer.append { (free) throws(Errno) in
        try file.readFully(at: offset, into: free)
      }
    } catch {
      throw .systemCall("read", name, error)
    }
  }

  public func write(_ bytes: RawSpan, at offset: Int64) throws(IOError) {
    do throws(Errno) {
      try bytes.withUnsafeBytes { (bytes) throws(Errno) in
        try file.writeFully(at: offset, bytes)
      }
    } catch {
      throw .systemCall("write to", name, error)
    }
  }

  public func resize(to byteCount: Int64) throws(IOError) {
    do throws(Errno) {
      try retryOnInterrupt { ftruncate(file.rawValue, off_t(byteCount)) }
    } catch {
      throw .systemCall("resize", name, error)
    }
  }

  public func synchronize() throws(IOError) {
    guard synchronizes else { return }
    do throws(Errno) {
      try file.synchronize()
    } catch {
      throw .systemCall("synchronize", name, error)
    }
  }

  /// Lets ``synchronize()`` have less to wait for, as far as the system can.
  package func beginSynchronizing(_ bytes: Range<Int64>) {
    if synchronizes { file.beginSynchronizing(bytes) }
  }

  /// Tells the system that bytes are not read again soon: of its memory, it can use for something else
  /// what holds those that are on the disk already. It promises nothing.
  ///
  /// The corresponding C function is `posix_fadvise` with `POSIX_FADV_DONTNEED`.
  package func releaseCache(of bytes: Range<Int64>) {
    #if !canImport(Darwin)
      _ = posix_fadvise(
        file.rawValue, off_t(bytes.lowerBound), off_t(bytes.count), POSIX_FADV_DONTNEED)
    #endif
  }
}
