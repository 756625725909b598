/// Two keys as one, ordered by the first, and where that is equal by the second. Pairs of pairs make
/// longer ones.
///
/// The encoding of a pair of fixed widths is that of its parts, side by side. Otherwise the first
/// part has an end that can be told (``TreeKey/appendPart(to:)``), and the last part is as it is.
@frozen
public struct TreePair<First: TreeKey, Second: TreeKey>: TreeKey {
  public var first: First
  public var second: Second

  @inlinable
  public init(_ first: First, _ second: Second) {
    self.first = first
    self.second = second
  }

  @inlinable public static var encodedWidth: Int? {
    guard let first = First.encodedWidth, let second = Second.encodedWidth else { return nil }
    return first + second
  }

  @inlinable
  public func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    if let start = First.encodedWidth, let width = Self.encodedWidth {
      return try EncodedBytes.withJoined(
        width,
        { bytes in
          first.withEncoded { EncodedBytes.copy($0, to: bytes, at: 0) }
          second.withEncoded { EncodedBytes.copy($0, to: bytes, at: start) }
        }, body)
    }
    var bytes: [UInt8] = []
    first.appendPart(to: &bytes)
    second.withEncoded { $0.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    return try body(bytes.span.bytes)
  }

  @inlinable
  public init?(encoded: RawSpan) {
    var offset = 0
    guard let first = First(part: encoded, at: &offset),
      let second = Second(encoded: encoded.extracting(offset..<encoded.byteCount))
    else { return nil }
    self.init(first, second)
  }

  @inlinable
  public func appendPart(to bytes: inout [UInt8]) {
    first.appendPart(to: &bytes)
    second.appendPart(to: &bytes)
  }

  @inlinable
  public init?(part bytes: RawSpan, at offset: inout Int) {
    guard let first = First(part: bytes, at: &offset),
      let second = Second(part: bytes, at: &offset)
    else { return nil }
    self.init(first, second)
  }
}

extension TreePair: Equatable where First: Equatable, Second: Equatable {}
extension TreePair: Hashable where First: Hashable, Second: Hashable {}
extension TreePair: Encodable where First: Encodable, Second: Encodable {}
extension TreePair: Decodable where First: Decodable, Second: Decodable {}

extension TreePair: Comparable where First: Comparable, Second: Comparable {
  @inlinable
  public static func < (a: TreePair, b: TreePair) -> Bool {
    (a.first, a.second) < (b.first, b.second)
  }
}

extension TreePair: CustomStringConvertible {
  public var description: String { "(\(first), \(second))" }
}
