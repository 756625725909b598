/// What can be a value of a ``TypedTree``: integers, strings, byte arrays, times, digests, optionals
/// of them, types that are represented by them, and what a host conforms.
public protocol TreeValue: Sendable {
  /// The number of bytes of every encoding, or `nil` if they differ.
  static var encodedWidth: Int? { get }

  /// Lends the encoding to `body`.
  func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result

  /// - Returns: `nil` for bytes that are no encoding.
  init?(encoded: RawSpan)
}

// MARK: Types that are represented by others

/// An `enum Kind: UInt8, TreeKey` needs nothing more; it is ordered as its raw values are.
extension TreeValue where Self: RawRepresentable, RawValue: TreeValue {
  @inlinable public static var encodedWidth: Int? { RawValue.encodedWidth }

  @inlinable
  public func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try rawValue.withEncoded(body)
  }

  @inlinable
  public init?(encoded: RawSpan) {
    guard let rawValue = RawValue(encoded: encoded) else { return nil }
    self.init(rawValue: rawValue)
  }
}

// MARK: Optionals

/// A byte 0 for `nil`, followed by zeros if the wrapped type has a width; else a byte 1, and the
/// encoding of what is wrapped. As a key, `nil` comes first.
extension Optional: TreeValue where Wrapped: TreeValue {
  @inlinable public static var encodedWidth: Int? {
    guard let width = Wrapped.encodedWidth else { return nil }
    return width + 1
  }

  @inlinable
  public func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let wrapped = self else {
      return try EncodedBytes.withJoined(1 + (Wrapped.encodedWidth ?? 0), { _ in }, body)
    }
    return try wrapped.withEncoded { (content) throws(Failure) in
      try EncodedBytes.withJoined(
        1 + content.byteCount,
        { bytes in
          bytes[0] = 1
          EncodedBytes.copy(content, to: bytes, at: 1)
        }, body)
    }
  }

  @inlinable
  public init?(encoded: RawSpan) {
    guard encoded.byteCount > 0 else { return nil }
    let content = encoded.extracting(1..<encoded.byteCount)
    switch encoded.unsafeLoad(fromByteOffset: 0, as: UInt8.self) {
    case 0:
      guard content.byteCount == Wrapped.encodedWidth ?? 0 else { return nil }
      self = .none
    case 1:
      guard let wrapped = Wrapped(encoded: content) else { return nil }
      self = .some(wrapped)
    default:
      return nil
    }
  }
}

/// How encodings are put together.
@usableFromInline
enum EncodedBytes {
  /// Lends `body` so many bytes, zeros but for what `fill` writes, without an allocation if they are
  /// few.
  @inlinable
  static func withJoined<Result, Failure: Error>(
    _ count: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void,
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) {
      (bytes) throws(Failure) in
      bytes.initializeMemory(as: UInt8.self, repeating: 0)
      fill(bytes)
      return try body(RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes)))
    }
  }

  @inlinable
  static func copy(_ content: RawSpan, to bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
    content.withUnsafeBytes { content in
      UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]).copyMemory(from: content)
    }
  }
}
