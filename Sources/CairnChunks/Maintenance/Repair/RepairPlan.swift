public import CairnCrypto

/// What is wrong with a repository, what a repair would do about it, and what would remain lost.
public struct RepairPlan: Sendable, Hashable, Codable {
  /// A pack that is damaged or missing.
  public struct Pack: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Hashable, Codable {
      /// It is there, and not as it was written.
      case damaged
      /// The index describes it, and it is not there.
      case missing
    }

    public let blob: BlobName
    public let state: State
    /// What is wrong with it.
    public let problem: String
    /// The chunks that it held; `nil` if neither the index nor the pack itself tells.
    public let chunks: Int64?
    /// Those of its chunks that can be read, here or in a copy.
    public let readableChunks: Int64
    /// Those of them that no sound pack holds: they are written to new packs.
    public let salvagedChunks: Int64
  }

  /// A small blob that is damaged: a root, a part of the index, a way in, an announcement.
  public struct Blob: Sendable, Hashable, Codable {
    public let name: BlobName
    /// What is wrong with it.
    public let problem: String
    /// Whether a copy holds it as it was: then that is put in its place.
    public let isInCopy: Bool
  }

  /// A root of which something would remain lost.
  public struct HurtRoot: Sendable, Hashable, Codable {
    public let id: Digest
    public let name: String
    /// When it was published, in nanoseconds since 1970.
    public let time: Int64
    /// The chunks that it needs and that cannot be read anywhere; those that only these lead to are
    /// not known.
    public let lostChunks: Int64
  }

  public internal(set) var packs: [Pack] = []
  public internal(set) var blobs: [Blob] = []
  /// Whether parts of the index are damaged, and in no copy: it is written anew from the packs.
  public internal(set) var rebuildsIndex = false
  /// Packs that no part of the index describes, and which are sound: it will.
  public internal(set) var packsOutsideIndex: Int64 = 0
  /// The chunks that roots need, that no pack here holds, not even a damaged one, and that copies
  /// hold: they are written to new packs.
  public internal(set) var chunksFromCopies: Int64 = 0
  /// The chunks that roots need and that cannot be read anywhere.
  public internal(set) var lostChunks: Int64 = 0
  /// The roots that need them, the oldest first.
  public internal(set) var hurtRoots: [HurtRoot] = []
  /// Roots that copies hold and the repository does not: forgotten, or lost.
  /// ``RepairOptions/restoresRoots`` brings them back.
  public internal(set) var rootsInCopies: [BlobName] = []
  /// Whether they are brought back.
  public internal(set) var restoresRoots = false

  /// Whether a repair would change nothing.
  public var isEmpty: Bool {
    packs.isEmpty && !blobs.contains(where: \.isInCopy) && !rebuildsIndex
      && chunksFromCopies == 0 && !(restoresRoots && !rootsInCopies.isEmpty)
  }
}

/// What a repair did.
public struct RepairReport: Sendable, Hashable, Codable {
  /// Small blobs that were put back from a copy.
  public var replacedBlobs: [BlobName] = []
  /// Roots that were brought back from a copy.
  public var restoredRoots: [BlobName] = []
  /// What became of the index, if it was written anew.
  public var index: IndexRebuildReport?
  /// Damaged packs that are no longer used. They stay under their names, condemned, until a
  /// collection finds that nothing is left to be wanted of them.
  public var condemnedPacks: [BlobName] = []
  /// Missing packs that the index no longer describes.
  public var droppedPacks: [BlobName] = []
  /// Packs of the plan that were sound when they were looked at again, and left alone.
  public var soundPacks: [BlobName] = []
  /// The chunks that were written to new packs.
  public var savedChunks: Int64 = 0
  /// The bytes of data in them.
  public var savedBytes: Int64 = 0
  /// The chunks of these packs that are known to be lost, whether something needs them or not.
  public var lostChunks: Int64 = 0

  public init() {}
}
