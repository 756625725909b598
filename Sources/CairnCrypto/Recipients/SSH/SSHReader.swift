/// Reads the fields of SSH's wire format (RFC 4251, section 5) from bytes that may be hostile.
///
/// Every length is checked against what is left before it is used. Each read returns `nil` where
/// the bytes do not hold what is asked for.
struct SSHReader: ~Escapable {
  private var rest: RawSpan

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) { rest = bytes }

  /// Whether everything has been read.
  var isAtEnd: Bool { rest.isEmpty }

  /// What has not been read.
  var remaining: RawSpan {
    @_lifetime(copy self)
    get { rest }
  }

  /// Takes the next bytes without copying them.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  mutating func readBytes(_ count: Int) -> RawSpan? {
    guard count >= 0, count <= rest.byteCount else { return nil }
    let bytes = rest.extracting(first: count)
    rest = rest.extracting(droppingFirst: count)
    return bytes
  }

  /// Reads a number of 32 bits, most significant byte first.
  @_lifetime(self: copy self)
  mutating func readUInt32() -> UInt32? {
    guard let bytes = readBytes(4) else { return nil }
    return UInt32(bigEndian: bytes.unsafeLoadUnaligned(as: UInt32.self))
  }

  /// Takes a `string`, without copying it.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  mutating func readString() -> RawSpan? {
    guard let count = readUInt32() else { return nil }
    return readBytes(Int(clamping: count))
  }

  /// Takes a `string` that names something.
  @_lifetime(self: copy self)
  mutating func readName() -> String? {
    guard let bytes = readString() else { return nil }
    return bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// Takes an `mpint` that is not negative, as its shortest bytes, most significant first.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  mutating func readNumber() -> RawSpan? {
    guard let bytes = readString() else { return nil }
    if bytes.isEmpty { return bytes }
    if bytes[0] & 0x80 != 0 { return nil }
    if bytes[0] != 0 { return bytes }
    // A zero in front is there to tell a large number from a negative one, or it is one too many.
    guard bytes.byteCount > 1, bytes[1] & 0x80 != 0 else { return nil }
    return bytes.extracting(droppingFirst: 1)
  }
}
