/// The geometry of a payload: segments of 64 KiB, each with its own tag (C2SP age.md, "Payload").
///
/// Every segment but the last is full. The last one is empty only if the whole payload is.
public enum Segment {
  /// Bytes of plaintext in a full segment.
  public static let plainSize = 65536
  /// Bytes by which sealing lengthens a segment.
  public static let tagSize = 16
  /// Bytes of a full segment once sealed.
  public static let sealedSize = plainSize + tagSize

  /// How many segments hold `plainCount` bytes: at least one.
  ///
  /// - Precondition: `plainCount` is not negative.
  public static func count(forPlain plainCount: Int64) -> Int64 {
    precondition(plainCount >= 0, "a length cannot be negative")
    return max(1, plainCount / Int64(plainSize) + (plainCount % Int64(plainSize) == 0 ? 0 : 1))
  }

  /// How many bytes the segments of `plainCount` bytes take, without header and nonce.
  ///
  /// - Precondition: `plainCount` is not negative, and the result fits.
  public static func sealedCount(forPlain plainCount: Int64) -> Int64 {
    plainCount + count(forPlain: plainCount) * Int64(tagSize)
  }

  /// How many bytes of plaintext segments of `sealedCount` bytes hold; `nil` if no payload has
  /// this length.
  public static func plainCount(forSealed sealedCount: Int64) -> Int64? {
    guard sealedCount >= Int64(tagSize) else { return nil }
    let full = sealedCount / Int64(Self.sealedSize)
    let rest = sealedCount % Int64(Self.sealedSize)
    if rest == 0 { return full * Int64(plainSize) }
    // A last segment that holds nothing may only be the first.
    guard rest > Int64(tagSize) || (full == 0 && rest == Int64(tagSize)) else { return nil }
    return full * Int64(plainSize) + rest - Int64(tagSize)
  }
}
