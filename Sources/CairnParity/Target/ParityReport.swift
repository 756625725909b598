#if Parity
  public import CairnChunks

  /// What parity says of a blob.
  public struct ParityFinding: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Hashable, Codable {
      /// As it was written.
      case sound
      /// Damaged, and can be mended.
      case mendable
      /// Was damaged, and is mended.
      case mended
      /// Damaged beyond what parity can do, or gone.
      case lost
      /// Of a blob: there is no parity that can be used. Of a sidecar: there is none.
      case unprotected
    }

    public let blob: BlobName
    public let state: State
    /// The state of its sidecar.
    public let sidecar: State
    /// How many of the blob's shards were damaged.
    public let damagedShards: Int

    /// Whether there is nothing left to do, or to know.
    public var isSettled: Bool {
      [.sound, .mended].contains(state) && [.sound, .mended].contains(sidecar)
    }
  }

  /// What a scrub found.
  public struct ScrubReport: Sendable, Hashable, Codable {
    /// The protected blobs that were read.
    public var blobs: Int64 = 0
    /// The bytes that were read of them.
    public var bytes: Int64 = 0
    /// What is or was wrong with blobs or their sidecars. Blobs without a sidecar are only counted.
    public var findings: [ParityFinding] = []
    /// The blobs that have no sidecar, though they should; ``ParityTarget/protect(_:progress:)`` makes
    /// them.
    public var unprotected: Int64 = 0

    public init() {}

    /// Whether nothing was damaged, or everything is mended.
    public var isSound: Bool { findings.allSatisfy(\.isSettled) }

    /// The findings of one state.
    public func blobs(_ state: ParityFinding.State) -> [BlobName] {
      findings.filter { $0.state == state }.map(\.blob)
    }
  }

  /// What was done to give every blob its parity.
  public struct ProtectionReport: Sendable, Hashable, Codable {
    /// The blobs that have their sidecar since.
    public var protected: Int64 = 0
    /// The bytes of these sidecars.
    public var parityBytes: Int64 = 0
    /// The blobs that had one.
    public var protectedBefore: Int64 = 0
    /// Blobs whose bytes are not those that their names tell: parity would only keep the damage.
    public var damaged: [BlobName] = []
    /// Blobs that are too large.
    public var unprotected: [BlobName] = []
    /// Sidecars of blobs that are gone, and were removed.
    public var removedSidecars: Int64 = 0

    public init() {}
  }
#endif
