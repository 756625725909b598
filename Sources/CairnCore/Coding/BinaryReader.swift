/// Reads what ``BinaryWriter`` wrote, from bytes that may be damaged or hostile.
///
/// Every length is checked against what is left before anything is read or allocated. The reader
/// borrows the bytes: it is used within the scope in which they are valid.
public struct BinaryReader: ~Escapable {
  @usableFromInline let bytes: RawSpan
  /// The number of bytes read.
  public private(set) var offset = 0

  @_lifetime(copy bytes)
  public init(_ bytes: RawSpan) {
    self.bytes = bytes
  }

  /// The number of bytes left.
  public var remaining: Int { bytes.byteCount - offset }
  public var isAtEnd: Bool { remaining == 0 }

  @inline(never)
  private func malformed(_ what: String) -> IOError {
    IOError(
      .malformed, operation: "decode", subject: what,
      detail: "the bytes at offset \(offset) do not follow the format")
  }

  @_lifetime(self: copy self)
  public mutating func readUInt8() throws(IOError) -> UInt8 {
    guard remaining >= 1 else { throw malformed("a byte") }
    defer { offset += 1 }
    return bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }

  @_lifetime(self: copy self)
  public mutating func read<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type
  ) throws(IOError) -> Value {
    let size = MemoryLayout<Value>.size
    guard remaining >= size else { throw malformed("an integer of \(size) bytes") }
    defer { offset += size }
    return Value(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type))
  }

  /// Reads an unsigned LEB128 number of at most 64 bits.
  @_lifetime(self: copy self)
  public mutating func readVarint() throws(IOError) -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = try readUInt8()
      let bits = UInt64(byte & 0x7F)
      guard shift < 63 || (shift == 63 && bits <= 1) else { throw malformed("a number") }
      result |= bits << shift
      if byte < 0x80 { return result }
      shift += 7
    }
  }

  /// Reads a varint that counts bytes or things of at least `size` bytes each, all of which follow.
  @_lifetime(self: copy self)
  public mutating func readCount(ofSize size: Int = 1) throws(IOError) -> Int {
    let value = try readVarint()
    guard value <= UInt64(remaining / size) else { throw malformed("a count of \(value)") }
    return Int(value)
  }

  /// Reads a varint that must not be larger than `limit`.
  @_lifetime(self: copy self)
  public mutating func readVarint(upTo limit: Int) throws(IOError) -> Int {
    let value = try readVarint()
    guard value <= UInt64(limit) else { throw malformed("a number up to \(limit)") }
    return Int(value)
  }

  /// Takes the next bytes without copying them.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  public mutating func readBytes(_ count: Int) throws(IOError) -> RawSpan {
    guard count >= 0, remaining >= count else { throw malformed("\(count) bytes") }
    defer { offset += count }
    return bytes.extracting(offset..<offset + count)
  }

  /// Takes a varint length and that many bytes.
  @_lifetime(copy self)
  @_lifetime(self: copy self)
  public mutating func readCounted() throws(IOError) -> RawSpan {
    try readBytes(readCount())
  }

  /// Takes a varint length and that many bytes of UTF-8; what is not UTF-8 is repaired.
  @_lifetime(self: copy self)
  public mutating func readString() throws(IOError) -> String {
    let content = try readCounted()
    return content.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}

extension Array where Element == UInt8 {
  /// Copies the bytes of a span.
  public init(_ span: RawSpan) {
    self = span.withUnsafeBytes { Array($0) }
  }

  /// `withUnsafeBytes` with typed errors.
  package func withRawBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try span.bytes.withUnsafeBytes { (bytes) throws(Failure) in try body(bytes) }
  }
}
