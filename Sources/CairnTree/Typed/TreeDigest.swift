/// So many bytes, ordered bytewise: digests, random ids, addresses.
///
/// Its text is hexadecimal, in `Codable` as well.
@frozen
public struct TreeDigest<let byteCount: Int>: TreeKey {
  public var bytes: InlineArray<byteCount, UInt8>

  @inlinable
  public init(_ bytes: InlineArray<byteCount, UInt8>) {
    self.bytes = bytes
  }

  /// - Returns: `nil` if there are more or fewer bytes.
  @inlinable
  public init?(_ bytes: RawSpan) {
    self.init(encoded: bytes)
  }

  @inlinable public static var encodedWidth: Int? { byteCount }

  @inlinable
  public func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBytes(of: bytes) { (bytes) throws(Failure) in try body(bytes.bytes) }
  }

  @inlinable
  public init?(encoded: RawSpan) {
    guard encoded.byteCount == byteCount else { return nil }
    bytes = InlineArray(repeating: 0)
    withUnsafeMutableBytes(of: &bytes) { target in
      encoded.withUnsafeBytes { target.copyMemory(from: $0) }
    }
  }
}

extension TreeDigest: Comparable {
  @inlinable
  public static func == (a: TreeDigest, b: TreeDigest) -> Bool {
    a.withEncoded { a in
      b.withEncoded { b in
        a.withUnsafeBytes { a in b.withUnsafeBytes { b in a.elementsEqual(b) } }
      }
    }
  }

  @inlinable
  public static func < (a: TreeDigest, b: TreeDigest) -> Bool {
    a.withEncoded { a in
      b.withEncoded { b in
        a.withUnsafeBytes { a in b.withUnsafeBytes { b in a.lexicographicallyPrecedes(b) } }
      }
    }
  }
}

extension TreeDigest: Hashable {
  @inlinable
  public func hash(into hasher: inout Hasher) {
    withEncoded { $0.withUnsafeBytes { hasher.combine(bytes: $0) } }
  }
}

extension TreeDigest: LosslessStringConvertible {
  private static var digits: [UInt8] { Array("0123456789abcdef".utf8) }

  public var description: String {
    let digits = Self.digits
    let text = withEncoded { bytes in
      bytes.withUnsafeBytes { $0.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] } }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// - Returns: `nil` if `text` is not that of so many bytes.
  public init?(_ text: String) {
    let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count == text.utf8.count, digits.count == 2 * byteCount else { return nil }
    bytes = InlineArray { UInt8(digits[2 * $0] << 4 | digits[2 * $0 + 1]) }
  }
}

extension TreeDigest: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let digest = Self(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "this is not the text of \(byteCount) bytes")
    }
    self = digest
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
