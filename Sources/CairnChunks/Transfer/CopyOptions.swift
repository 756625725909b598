public import CairnCrypto

/// How roots are copied to another repository.
public struct CopyOptions: Sendable {
  /// The session that writes to the destination.
  public var session: SessionOptions

  public init(session: SessionOptions = SessionOptions()) {
    self.session = session
  }
}

/// What a copy would do.
public struct CopyPlan: Sendable, Hashable, Codable {
  /// The roots that would be copied, the oldest first.
  public var roots: [Digest] = []
  /// The roots of which there are copies already.
  public var presentRoots: [Digest] = []
  /// The chunks that would be stored, and their bytes. Between repositories that do not share their
  /// keys, those are among them that the destination has from elsewhere, or that an interrupted copy
  /// has left there.
  public var chunks: Int64 = 0
  public var bytes: Int64 = 0
  /// About what they take in the packs of the source: what is read there, and stored in the
  /// destination.
  public var storedBytes: Int64 = 0

  public init() {}
}

/// What a copy did.
public struct CopyReport: Sendable, Hashable, Codable {
  /// A root and its copy.
  public struct Copy: Sendable, Hashable, Codable {
    public let root: Digest
    public let copy: Digest
  }

  /// A root that could not be copied, for what it leads to is damaged or missing.
  public struct Problem: Sendable, Hashable, Codable {
    public let root: Digest
    public let message: String
  }

  /// What was published, the oldest first.
  public var copied: [Copy] = []
  /// The roots of which there were copies already.
  public var presentRoots: [Digest] = []
  /// The roots that somebody forgot while they were copied.
  public var forgottenRoots: [Digest] = []
  public var problems: [Problem] = []
  /// The chunks that were read from the source, and their bytes.
  public var readChunks: Int64 = 0
  public var readBytes: Int64 = 0
  /// What was stored in the destination.
  public var store = SessionStatistics()

  public init() {}
}
