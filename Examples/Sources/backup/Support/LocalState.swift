import Cairn
import CommandSupport
import SystemPackage

/// The folder in which this machine keeps what it knows of a repository: logs of runs, caches, what
/// it saw last.
///
/// Nothing in it is needed to restore. It tells names of files, so only its owner can look into it.
struct LocalState {
  let folder: FilePath

  /// `CAIRN_STATE`, or else `cairn` below `XDG_STATE_HOME` or `~/.local/state`; in it, a folder named
  /// by the repository's id, which is made if it is not there.
  init(of repository: Repository) throws {
    try self.init(of: repository.id)
  }

  /// The same for a repository that may only be written to.
  init(of writer: RepositoryWriter) throws {
    try self.init(of: writer.id)
  }

  /// What was seen last of the repository.
  var seen: FilePath { folder.appending("seen") }

  /// Where indexes of all repositories are.
  static func indexFolder() throws -> FilePath { try make(try parent().appending("indexes")) }

  private init(of repository: RepositoryID) throws {
    folder = try Self.make(try Self.parent().appending("\(repository)"))
  }

  private static func make(_ folder: FilePath) throws -> FilePath {
    do {
      try folder.createDirectories(permissions: .ownerReadWriteExecute)
    } catch {
      throw Failure("cannot make the folder \(folder): \(error); set CAIRN_STATE to another place")
    }
    return folder
  }

  private static func parent() throws -> FilePath {
    if let place = environment("CAIRN_STATE") { return place.path }
    if let place = environment("XDG_STATE_HOME")?.path, place.isAbsolute {
      return place.appending("cairn")
    }
    guard let home = environment("HOME")?.path else {
      throw Failure("there is neither CAIRN_STATE nor HOME; set CAIRN_STATE to a folder")
    }
    return home.appending(".local/state/cairn")
  }
}
