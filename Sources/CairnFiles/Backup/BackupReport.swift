public import CairnChunks

/// What a backup did.
public struct BackupReport: Sendable, Codable {
  /// What was published.
  public var snapshot: Snapshot
  /// The snapshot that it was compared with.
  public var previous: String?
  /// Why some of that, or all, could not be used; what it should have spared was read.
  public var previousProblem: String?
  /// Why there is no copy of the tree in ``BackupOptions/localCopy``, if there should be; the backup
  /// is whole all the same.
  public var localProblem: String?
  /// Regular files in the snapshot, each of its names by itself; what could not be read is not
  /// counted.
  public var files: Int64 = 0
  /// Directories, also those that could not be listed.
  public var directories: Int64 = 0
  /// Symbolic links, fifos and devices.
  public var others: Int64 = 0
  /// Files taken over from the previous snapshot without reading them.
  public var unchangedFiles: Int64 = 0
  /// The sum of the sizes of the snapshot's files.
  public var bytes: Int64 = 0
  /// The bytes that were read.
  public var readBytes: Int64 = 0
  /// What could not be read, or only in part.
  public var problems: [FileProblem] = []
  /// What was left out with a word: sockets.
  public var skipped: [FileProblem] = []
  /// Problems beyond the number that is kept.
  public var unlistedProblems: Int64 = 0
  /// What was stored for it.
  public var store: SessionStatistics
  /// How long threads were busy with what.
  public var stages: StageTimes
}

/// A file, and what is to be said about it.
public struct FileProblem: Sendable, Hashable, Codable {
  /// The file's path as text for people.
  public let path: String
  /// A sentence without its full stop.
  public let message: String

  /// A problem of a host's own.
  public init(path: String, message: String) {
    self.path = path
    self.message = message
  }
}

/// Collects problems, the first of them word by word, so that a disk full of them does not fill the
/// memory.
struct ProblemList: Sendable {
  private(set) var problems: [FileProblem] = []
  private(set) var unlisted: Int64 = 0
  private static let limit = 10_000

  mutating func append(_ problem: FileProblem) {
    if problems.count < Self.limit {
      problems.append(problem)
    } else {
      unlisted += 1
    }
  }

  mutating func append(contentsOf other: [FileProblem]) {
    for problem in other { append(problem) }
  }

  var isEmpty: Bool { problems.isEmpty }
}
