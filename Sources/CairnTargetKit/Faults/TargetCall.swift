public import CairnChunks

/// A call of a target, for rules that choose which ones fail.
public struct TargetCall: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case put, get, size, list, delete
  }

  public let kind: Kind
  /// The blob, but for a listing.
  public let blob: BlobName?
  /// Of a listing.
  public let prefix: String?
  /// How many calls came before.
  public let number: Int
  /// How many calls of this kind came before.
  public let numberOfKind: Int
}
