// MARK: Integers

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
extension UInt128: TreeKey {}
extension UInt: TreeKey {}
extension Int8: TreeKey {}
extension Int16: TreeKey {}
extension Int32: TreeKey {}
extension Int64: TreeKey {}
extension Int128: TreeKey {}
extension Int: TreeKey {}

// MARK: Truth values

/// One byte; false comes first.
extension Bool: TreeKey {
  @inlinable public static var encodedWidth: Int? { 1 }

  @inlinable
  public func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try UInt8(self ? 1 : 0).withEncoded(body)
  }

  @inlinable
  public init?(encoded: RawSpan) {
    guard let byte = UInt8(encoded: encoded), byte <= 1 else { return nil }
    self = byte == 1
  }
}

// MARK: Floating point

/// The IEEE 754 total order: the numbers as they compare, but -0 in front of 0, and NaNs at both
/// ends. All bits are kept.
extension Double: TreeKey {
  @inlinable public static var encodedWidth: Int? { 8 }

  @inlinable
  public func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bits = bitPattern
    return try (bits >> 63 == 1 ? ~bits : bits | 1 << 63).withEncoded(body)
  }

  @inlinable
  public init?(encoded: RawSpan) {
    guard let bits = UInt64(encoded: encoded) else { return nil }
    self.init(bitPattern: bits >> 63 == 1 ? bits & ~(1 << 63) : ~bits)
  }
}

/// As for `Double`.
extension Float: TreeKey {
  @inlinable public static var encodedWidth: Int? { 4 }

  @inlinable
  public func withEncoded<Result, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let bits = bitPattern
    return try (bits >> 31 == 1 ? ~bits : bits | 1 << 31).withEncoded(body)
  }

  @inlinable
  public init?(encoded: RawSpan) {
    guard let bits = UInt32(encoded: encoded) else { return nil }
    self.init(bitPattern: bits >> 31 == 1 ? bits & ~(1 << 31) : ~bits)
  }
}
