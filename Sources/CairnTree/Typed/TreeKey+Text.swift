/// Bytes as they are.
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
  public func withEncoded<Value, Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    var text = self
    // `withUTF8` knows nothing of typed errors.
    let result = text.withUTF8 { bytes -> Result<Value, Failure> in
      do throws(Failure) {
        return .success(try body(UnsafeRawBufferPointer(bytes).bytes))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  @inlinable
  public init?(encoded: RawSpan) {
    guard
      let text = encoded.withUnsafeBytes({ String(validating: $0, as: UTF8.self) })
    else { return nil }
    self = text
  }
}
