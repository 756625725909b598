import CairnCore
import CairnTree
import SystemPackage

/// Where the index of a log is, which can be made again at any time.
enum IndexPlace: Sendable {
  case storage(any PageStorage)
  /// A file, which is replaced when the index is made again: who reads the old one goes on.
  case file(FilePath)

  /// Opens it for writing, and creates it if need be.
  func openForWriting() throws(LogError) -> any PageStorage {
    switch self {
    case .storage(let storage): return storage
    case .file(let path):
      do throws(TreeError) {
        return try FileStorage(path)
      } catch {
        throw .unusableIndexFile(error)
      }
    }
  }

  /// Whether there is nothing, or nothing in it.
  var isEmpty: Bool {
    switch self {
    case .storage(let storage): (try? storage.byteCount) == 0
    case .file(let path):
      ((try? FileDescriptor.workingDirectory.status(of: path.cString))?.size ?? 0) == 0
    }
  }

  /// Opens it for writing with nothing in it.
  ///
  /// The caller is the one who writes the log.
  func renew(_ storage: any PageStorage) throws(LogError) -> any PageStorage {
    switch self {
    case .storage:
      do throws(IOError) {
        try storage.resize(to: 0)
      } catch {
        throw .storage("cannot begin the index anew", error)
      }
      return storage
    case .file(let path):
      do throws(Errno) {
        try FileDescriptor.workingDirectory.removeEntry(path.cString)
      } catch {
        guard error == .noSuchFileOrDirectory else {
          throw .storage(
            "cannot begin the index anew", .systemCall("remove", path.displayText, error))
        }
      }
      return try openForWriting()
    }
  }

  /// What tells a file from one that has taken its place; `nil` if there is none.
  func identity() -> FileIdentity? {
    guard case .file(let path) = self,
      let status = try? FileDescriptor.workingDirectory.status(of: path.cString)
    else { return nil }
    return FileIdentity(device: status.device, inode: status.inode)
  }

  struct FileIdentity: Hashable {
    let device: UInt64
    let inode: UInt64
  }
}

extension LogError {
  @inline(never)
  static func unusableIndexFile(_ error: TreeError) -> LogError {
    LogError(.storage, "cannot open the index of the log", cause: error.cause, indexError: error)
  }
}
