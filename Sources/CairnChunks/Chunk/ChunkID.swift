public import CairnCrypto

/// The name of a chunk: HMAC-SHA256 under the repository's id key over its links and its data.
///
/// Equal content has equal ids within a repository, and an id tells nothing to somebody without
/// the key. In text an id is 64 hexadecimal digits.
@frozen
public struct ChunkID: Hashable, Comparable, Sendable, Codable, LosslessStringConvertible {
  public let digest: Digest

  /// The number of bytes of an id.
  public static let byteCount = 32

  @inlinable
  public init(_ digest: Digest) {
    self.digest = digest
  }

  public init?(_ description: String) {
    guard let digest = Digest(description) else { return nil }
    self.digest = digest
  }

  public init(from decoder: any Decoder) throws {
    digest = try Digest(from: decoder)
  }

  public func encode(to encoder: any Encoder) throws {
    try digest.encode(to: encoder)
  }

  public var description: String { digest.description }

  @inlinable
  public static func < (left: ChunkID, right: ChunkID) -> Bool {
    left.digest < right.digest
  }
}
