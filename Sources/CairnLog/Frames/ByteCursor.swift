/// Reads numbers and byte strings from memory whose content may be damaged or hostile, and stays
/// within it. What lends the memory keeps it valid.
struct ByteCursor {
  private let bytes: UnsafeRawBufferPointer
  private(set) var offset: Int

  /// The bytes do not follow the format.
  struct Malformed: Error {}

  init(_ bytes: UnsafeRawBufferPointer, offset: Int = 0) {
    self.bytes = bytes
    self.offset = offset
  }

  var remaining: Int { bytes.count - offset }

  @inline(__always)
  mutating func readByte() throws(Malformed) -> UInt8 {
    guard offset < bytes.count else { throw Malformed() }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// Reads an unsigned LEB128 number of at most 64 bits.
  @inline(__always)
  mutating func readVarint() throws(Malformed) -> UInt64 {
    let byte = try readByte()
    if byte < 0x80 { return UInt64(byte) }
    return try readLongVarint(UInt64(byte & 0x7F))
  }

  private mutating func readLongVarint(_ low: UInt64) throws(Malformed) -> UInt64 {
    var result = low
    var shift: UInt64 = 7
    while true {
      let byte = try readByte()
      let bits = UInt64(byte & 0x7F)
      guard shift < 63 || (shift == 63 && bits <= 1) else { throw Malformed() }
      result |= bits << shift
      if byte < 0x80 { return result }
      shift += 7
    }
  }

  @inline(__always)
  mutating func readUInt32() throws(Malformed) -> UInt32 {
    guard let number = UInt32(exactly: try readVarint()) else { throw Malformed() }
    return number
  }

  /// Reads a signed number, zigzag encoded.
  @inline(__always)
  mutating func readSigned() throws(Malformed) -> Int64 {
    let number = try readVarint()
    return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1)
  }

  mutating func readUInt64() throws(Malformed) -> UInt64 {
    let bytes = try readBytes(8)
    return UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
  }

  @inline(__always)
  mutating func readBytes(_ count: Int) throws(Malformed) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= remaining else { throw Malformed() }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
  }

  /// Takes a varint length and that many bytes.
  @inline(__always)
  mutating func readCounted() throws(Malformed) -> UnsafeRawBufferPointer {
    let count = try readVarint()
    guard count <= UInt64(remaining) else { throw Malformed() }
    return try readBytes(Int(count))
  }
}

extension Array where Element == UInt8 {
  /// Appends an unsigned LEB128 number.
  @inline(__always)
  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }
}
