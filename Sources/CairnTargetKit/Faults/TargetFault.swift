public import CairnChunks

/// What goes wrong with a call of a ``FaultyTarget``.
public struct TargetFault: Sendable, Hashable {
  /// When it fails.
  public enum Moment: String, Sendable, Hashable, CaseIterable {
    /// Nothing has been done.
    case before
    /// In the middle: of a put, the other target sees the source fail half-way; of all other calls,
    /// as before.
    case during
    /// All has been done, and the answer is lost.
    case after
    /// Half is done for good, which no target may do: a put leaves half of the bytes under the name
    /// and fails; a get or a list gives half of what is there and succeeds; other calls fail before.
    case torn
  }

  public var moment: Moment
  /// What the caller is told.
  public var code: ChunkStoreError.Code
  /// What the caller is told of when to come back.
  public var retryAfter: Duration?

  public init(
    _ moment: Moment, _ code: ChunkStoreError.Code = .temporary, retryAfter: Duration? = nil
  ) {
    self.moment = moment
    self.code = code
    self.retryAfter = retryAfter
  }
}
