/// 32 bytes: a SHA-256 or HMAC-SHA256 value, or an id made of one.
///
/// Ordered as its bytes are. Its text is 64 lower-case hexadecimal digits, in `Codable` as well.
/// Comparing for equality does not stop at the first difference, so it may check a MAC.
@frozen
public struct Digest: Sendable {
  /// How many bytes a digest has.
  public static let byteCount = 32

  // The bytes in the order of memory, so that lending them is free; comparing swaps them.
  @usableFromInline let word0: UInt64
  @usableFromInline let word1: UInt64
  @usableFromInline let word2: UInt64
  @usableFromInline let word3: UInt64

  @inlinable
  init(_ word0: UInt64, _ word1: UInt64, _ word2: UInt64, _ word3: UInt64) {
    self.word0 = word0
    self.word1 = word1
    self.word2 = word2
    self.word3 = word3
  }

  /// Makes a digest of 32 bytes, which need no alignment.
  ///
  /// - Precondition: `bytes` has exactly 32 bytes.
  @inlinable
  public init(bytes: RawSpan) {
    precondition(bytes.byteCount == Self.byteCount, "a Digest has 32 bytes")
    self.init(
      bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self),
      bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self),
      bytes.unsafeLoadUnaligned(fromByteOffset: 16, as: UInt64.self),
      bytes.unsafeLoadUnaligned(fromByteOffset: 24, as: UInt64.self))
  }

  /// Makes a digest of 32 bytes, which need no alignment.
  ///
  /// - Precondition: `bytes` has exactly 32 bytes.
  @inlinable
  public init(bytes: UnsafeRawBufferPointer) { self.init(bytes: bytes.bytes) }

  /// Lends the 32 bytes to `body`.
  ///
  /// - Throws: What `body` throws.
  @inlinable
  public func withBytes<R: ~Copyable, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try Swift.withUnsafeBytes(of: self) { (bytes) throws(E) -> R in try body(bytes.bytes) }
  }
}

extension Digest: Hashable {
  /// Whether all bytes are equal, found without stopping at the first difference.
  @inlinable
  public static func == (a: Digest, b: Digest) -> Bool {
    (a.word0 ^ b.word0) | (a.word1 ^ b.word1) | (a.word2 ^ b.word2) | (a.word3 ^ b.word3) == 0
  }

  /// Hashes eight of the bytes: they are as good as random already.
  @inlinable
  public func hash(into hasher: inout Hasher) { hasher.combine(word0) }
}

extension Digest: Comparable {
  /// Whether `a` comes before `b` in the order of their bytes.
  @inlinable
  public static func < (a: Digest, b: Digest) -> Bool {
    if a.word0 != b.word0 { return a.word0.bigEndian < b.word0.bigEndian }
    if a.word1 != b.word1 { return a.word1.bigEndian < b.word1.bigEndian }
    if a.word2 != b.word2 { return a.word2.bigEndian < b.word2.bigEndian }
    return a.word3.bigEndian < b.word3.bigEndian
  }
}

extension Digest: LosslessStringConvertible {
  /// 64 lower-case hexadecimal digits.
  public var description: String {
    withBytes { bytes in
      String(unsafeUninitializedCapacity: 2 * Self.byteCount) { text in
        for i in 0..<Self.byteCount {
          text[2 * i] = Self.hexDigit(bytes[i] >> 4)
          text[2 * i + 1] = Self.hexDigit(bytes[i] & 15)
        }
        return 2 * Self.byteCount
      }
    }
  }

  /// Reads 64 hexadecimal digits of either case; anything else gives `nil`.
  public init?(_ description: String) {
    let text = description.utf8
    guard text.count == 2 * Self.byteCount else { return nil }
    var words = [UInt64](repeating: 0, count: 4)
    for (i, character) in text.enumerated() {
      guard let digit = Self.value(ofHexDigit: character) else { return nil }
      words[i / 16] = words[i / 16] << 4 | UInt64(digit)
    }
    self.init(
      words[0].bigEndian, words[1].bigEndian, words[2].bigEndian, words[3].bigEndian)
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  private static func value(ofHexDigit character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

extension Digest: Codable {
  /// Decodes 64 hexadecimal digits.
  ///
  /// - Throws: `DecodingError` if there is anything else.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let digest = Digest(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "expected 64 hexadecimal digits")
    }
    self = digest
  }

  /// Encodes 64 hexadecimal digits.
  ///
  /// - Throws: What the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
