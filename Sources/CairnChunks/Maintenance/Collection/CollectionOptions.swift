import CairnCore

/// How garbage is collected.
public struct CollectionOptions: Sendable {
  /// The share of what is stored that may be garbage in packs that hold something else as well. If
  /// it is more, the packs with the most are written anew without it: 0 writes each such pack anew,
  /// 1 none, so that only packs go of which nothing is needed.
  ///
  /// 0.1 by default: the last tenth costs more reading and writing than it frees.
  public var maximumUnused: Double

  /// How long sessions are waited for that began before the packs were condemned. What they may need
  /// is left for the next collection then.
  public var patience: Duration

  /// Sessions that are open for longer are closed: their machine has died, or is asleep. If one
  /// wakes up, it fails its next publication. `nil` closes none.
  ///
  /// Only this guess rests on clocks, and a wrong one harms nothing that was committed.
  public var closesSessionsAfter: Duration?

  /// The session that writes packs anew.
  public var session: SessionOptions

  public init(
    maximumUnused: Double = 0.1, patience: Duration = .seconds(60),
    closesSessionsAfter: Duration? = .seconds(24 * 3600),
    session: SessionOptions = SessionOptions()
  ) {
    self.maximumUnused = min(1, max(0, maximumUnused))
    self.patience = patience
    self.closesSessionsAfter = closesSessionsAfter
    self.session = session
  }
}

/// What a collection would do.
public struct CollectionPlan: Sendable, Hashable, Codable {
  /// The packs on the target, and their bytes.
  public var packs: Int64 = 0
  public var bytes: Int64 = 0
  /// Packs of which nothing is needed: they are deleted.
  public var deadPacks: [BlobName] = []
  public var deadBytes: Int64 = 0
  /// Packs of which little is needed: that is written anew, and they are deleted.
  public var compactedPacks: [BlobName] = []
  public var compactedBytes: Int64 = 0
  /// About how many bytes of them are needed.
  public var movedBytes: Int64 = 0
  /// About how many bytes of garbage stay, in packs that hold something else.
  public var keptUnusedBytes: Int64 = 0
  /// Packs of which it is not known what they hold, since they are damaged: they stay.
  public var unreadablePacks: Int64 = 0
  /// Sessions that are open now. A collection may have to wait for them.
  public var openSessions: Int64 = 0

  public init() {}
}

/// What a collection did.
public struct CollectionReport: Sendable, Hashable, Codable {
  public var deletedPacks: Int64 = 0
  public var deletedBytes: Int64 = 0
  /// Packs of which what is needed was written anew.
  public var compactedPacks: Int64 = 0
  /// Packs that turned out to be needed after all.
  public var neededPacks: Int64 = 0
  /// Packs that are left for the next collection, since a session may need them.
  public var postponedPacks: Int64 = 0
  /// The sessions, by their names, for whose sake that is.
  public var blockingSessions: [String] = []
  /// The sessions that were closed.
  public var closedSessions: [String] = []
  /// Index blobs that were replaced.
  public var replacedIndexBlobs: Int64 = 0

  public init() {}
}
