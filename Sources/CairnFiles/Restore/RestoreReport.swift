/// What a restore did.
public struct RestoreReport: Sendable, Codable {
  /// The names of regular files, further names of the same file among them.
  public var files: Int64 = 0
  /// Directories, those that were there before among them.
  public var directories: Int64 = 0
  /// Symbolic links, fifos and devices.
  public var others: Int64 = 0
  /// The sum of the restored files' sizes; a file with several names counts once.
  public var bytes: Int64 = 0
  /// What could not be restored, or only in part.
  public var problems: [FileProblem] = []
  /// Problems beyond the number that is kept.
  public var unlistedProblems: Int64 = 0
}
