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

  /// Files of up to this many bytes travel inside their entry: a reference to a chunk, its place in
  /// the index and in a pack's table would cost some 100 bytes. At most 16 KiB.
  public var inlineLimit = 512

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
