public import SystemPackage

/// What a backup is called and what it leaves out.
public struct BackupOptions: Sendable {
  /// The snapshot's name; need not be unique.
  public var name: String
  /// The host's own words for the snapshot.
  public var tags: [String: String] = [:]
  /// The machine's name, as the snapshot shows it.
  public var host: String = ""
  /// Patterns of what to leave out; see ``Glob``.
  public var exclude = GlobSet([Glob]())
  /// Leaves out what is on other file systems than the places named.
  public var staysOnFileSystem = false
  /// The snapshot with which the files are compared, so that unchanged ones are not read; by
  /// default the newest of the same places on the same host.
  public var previous = Previous.automatic

  /// A folder of this machine in which the tree of each backup is left, so that the next one need
  /// not read it from the repository: without it, whoever may only write has nothing to compare
  /// files with, and reads all of them. It takes as much room as the tree before compression, and tells
  /// the names of files, so only its owner can read it. What was damaged in it is noticed, and costs
  /// reading files again. Each repository needs a folder of its own.
  public var localCopy: FilePath?

  /// Files of up to this many bytes travel inside their entry: a reference to a chunk, its place in
  /// the index and in a pack's table would cost some 100 bytes. At most 16 KiB.
  public var inlineLimit = 512

  /// Is told of each file that is about to be read, since it is new or may have changed: its key
  /// (``SnapshotEntry/key(ofPath:)-(String)``) and its size. In the snapshot's order, and by the
  /// thread that directs the backup, which waits for it.
  public var willRead: (@Sendable (_ key: RawSpan, _ size: Int64) -> Void)?

  /// Which snapshot to compare with.
  public enum Previous: Sendable {
    case automatic
    /// None: every file is read.
    case none
    case snapshot(Snapshot)
  }

  /// The defaults.
  public init(name: String) {
    self.name = name
  }
}
