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
/// The file is locked (an advisory lock that ends with the process): at any time either one
/// ``FileStorage`` has it open for writing, or any number have it open for reading.
public final class FileStorage: PageStorage {
  private let file: FileDescriptor
  /// What error messages call the file.
  private let name: String
  public let isReadOnly: Bool
  private let synchronizes: Bool

  /// Opens a file, and creates it if it is to be written and does not exist.
  ///
  /// - Parameters:
  ///   - synchronizes: False lets ``synchronize()`` do nothing. A crash of the process then still
  ///     loses nothing, but a power cut may lose everything: for files that can be made again.
  /// - Throws: ``TreeError``: `.busy` if the lock is taken, `.storage` if the system refuses.
  public init(
    _ path: FilePath, readOnly: Bool = false, synchronizes: Bool = true
  ) throws(TreeError) {
    let name = path.displayText
    let file: FileDescriptor
    do throws(Errno) {
      file = FileDescriptor(
        rawValue: try retryOnInterrupt {
          open(path.cString, (readOnly ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC, 0o666)
        })
    } catch {
      throw .storage("cannot open the trees", .systemCall("open", name, error))
    }
    do throws(IOError) {
      guard try Self.lock(file, shared: readOnly, name) else {
        try? file.close()
        throw IOError(
          .limit, operation: "lock", subject: name, detail: "somebody else has it open")
      }
      // The name of a file that may be new.
      let directory = path.removingLastComponent()
      if !readOnly, synchronizes, try Self.size(of: file, name) == 0 {
        try (directory.isEmpty ? "." : directory).synchronizeDirectory()
      }
    } catch {
      if error.code == .limit {
        throw TreeError(
          .busy, "\(name) is in use; wait until whoever has it open closes it", cause: error)
      }
      try? file.close()
      throw .storage("cannot open the trees", error)
    }
    self.file = file
    self.name = name
    self.isReadOnly = readOnly
    self.synchronizes = synchronizes
  }

  deinit { try? file.close() }

  private static func lock(
    _ file: FileDescriptor, shared: Bool, _ name: String
  ) throws(IOError) -> Bool {
    do throws(Errno) {
      try retryOnInterrupt { flock(file.rawValue, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) }
      return true
    } catch {
      if error == .wouldBlock { return false }
      throw .systemCall("lock", name, error)
    }
  }

  private static func size(of file: FileDescriptor, _ name: String) throws(IOError) -> Int64 {
    do throws(Errno) {
      return try file.status().size
    } catch {
      throw .systemCall("examine", name, error)
    }
  }

  public var byteCount: Int64 {
    get throws(IOError) { try Self.size(of: file, name) }
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
}
