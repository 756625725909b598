public import CairnCrypto

/// What ``Repository/reseal(_:options:progress:)`` would do.
public struct ResealingPlan: Sendable, Hashable, Codable {
  /// The epoch of the newest keys.
  public var epoch = 0
  /// The packs that older keys open, and their bytes. They are deleted.
  public var packs: [BlobName] = []
  public var packBytes: Int64 = 0
  /// The chunks in them that are needed and in no other pack, and about the bytes that they take there:
  /// what is read, and stored anew.
  public var chunks: Int64 = 0
  public var movedBytes: Int64 = 0
  /// The index blobs that older keys open, and their bytes.
  public var indexBlobs: [BlobName] = []
  public var indexBytes: Int64 = 0
  /// The roots that older keys open.
  public var roots: [BlobName] = []
  /// Packs of which it is not known who can open them, or what they hold, since they are damaged: they
  /// stay.
  public var unreadablePacks: Int64 = 0
  /// Sessions that are open now. What they may need stays until they have ended.
  public var openSessions: Int64 = 0

  public init() {}

  /// Whether older keys open nothing.
  public var isEmpty: Bool { packs.isEmpty && indexBlobs.isEmpty && roots.isEmpty }
}

/// What ``Repository/reseal(_:options:progress:)`` did.
public struct ResealingReport: Sendable, Hashable, Codable {
  /// A root, and the one that has taken its place.
  public struct Replacement: Sendable, Hashable, Codable {
    public let root: Digest
    public let new: Digest
  }

  public var roots: [Replacement] = []
  /// What was stored anew.
  public var store = SessionStatistics()
  /// How the packs were deleted, and which were not.
  public var collection = CollectionReport()
  /// Index blobs that were written anew beside those of the collection.
  public var indexBlobs: Int64 = 0

  public init() {}
}
