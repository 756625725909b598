/// What can be a value of a ``TypedTree``.
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

/// What can be a key of a ``TypedTree``: the bytewise order of the encodings is the order of the
/// keys, and equal keys have equal encodings, of at most 1024 bytes.
public protocol TreeKey: TreeValue {}

extension TreeValue where Self: FixedWidthInteger & BitwiseCopyable {
  @inlinable public static var encodedWidth: Int? { MemoryLayout<Self>.size }

  /// Big-endian; of signed integers the sign bit is flipped, so that negative ones come first.
  @inlinable
  public func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let flipped = Self.isSigned ? self ^ Self.min : self
    // Not the span of a `CollectionOfOne`: the optimiser of Swift 6.3 reads that after its end.
    return try Swift.withUnsafeBytes(of: flipped.bigEndian) { (bytes) throws(Failure) in
      try body(bytes.bytes)
    }
  }

  @inlinable
  public init?(encoded: RawSpan) {
    guard encoded.byteCount == MemoryLayout<Self>.size else { return nil }
    let value = Self(bigEndian: encoded.unsafeLoadUnaligned(as: Self.self))
    self = Self.isSigned ? value ^ Self.min : value
  }
}

extension UInt8: TreeKey {}
extension UInt16: TreeKey {}
extension UInt32: TreeKey {}
extension UInt64: TreeKey {}
extension UInt: TreeKey {}
extension Int8: TreeKey {}
extension Int16: TreeKey {}
extension Int32: TreeKey {}
extension Int64: TreeKey {}
extension Int: TreeKey {}

extension Array: TreeValue where Element == UInt8 {
  @inlinable public static var encodedWidth: Int? { nil }

  @inlinable
  public func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(span.bytes)
  }

  @inlinable
  public init?(encoded: RawSpan) {
    self = encoded.withUnsafeBytes { Array($0) }
  }
}
extension Array: TreeKey where Element == UInt8 {}

/// Strings are stored in UTF-8, ordered by their Unicode scalars, and not normalised: strings that
/// Swift holds for equal but that are written with other scalars are different keys.
extension String: TreeKey {
  @inlinable public static var encodedWidth: Int? { nil }

  @inlinable
  public func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bytes = Array(utf8)
    return try body(bytes.span.bytes)
  }

  @inlinable
  public init?(encoded: RawSpan) {
    guard
      let text = encoded.withUnsafeBytes({ String(validating: $0, as: UTF8.self) })
    else { return nil }
    self = text
  }
}
