/// How a string lies in the memory of an arena: perhaps a number, a varint length, the bytes.
///
/// The number is there in arenas that number their strings: 32 bits, little-endian. The length is an
/// unsigned LEB128 number of at most five bytes, in its shortest form.
@usableFromInline
struct RecordLayout: Sendable, Equatable {
  /// Records start at multiples of this power of two, and symbols count such multiples.
  @usableFromInline let granuleShift: Int
  /// The bytes of the number before each string: 4 or 0.
  @usableFromInline let numberSize: Int

  init(granuleShift: Int, isNumbered: Bool) {
    self.granuleShift = granuleShift
    numberSize = isNumbered ? 4 : 0
  }

  var granule: Int { 1 << granuleShift }
  var isNumbered: Bool { numberSize > 0 }

  @inlinable @inline(__always)
  func offset(of symbol: UInt32) -> Int { Int(symbol) &<< granuleShift }

  @inline(__always)
  func symbol(at offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: offset >> granuleShift) }

  /// The next place for a record from `offset` on.
  @inline(__always)
  func aligned(_ offset: Int) -> Int { (offset + granule - 1) & -granule }

  /// The bytes before the content of a string.
  @inline(__always)
  func headSize(length: Int) -> Int { numberSize + Self.lengthSize(length) }

  @inline(__always)
  static func lengthSize(_ length: Int) -> Int {
    length < 0x80 ? 1 : (70 - UInt64(length).leadingZeroBitCount) / 7
  }

  /// The most bytes that a string may have, so that offsets stay within reach.
  static var longest: Int { Int(Int32.max) }
  static var longestLengthSize: Int { 5 }
}

/// The records of an arena in memory: what resolves a symbol.
///
/// Reads nothing outside `start ..< start + end`, whatever the symbol and the bytes there.
@usableFromInline
struct Records {
  @usableFromInline let start: UnsafeRawPointer
  @usableFromInline let end: Int
  @usableFromInline let layout: RecordLayout

  /// The content of the record at `offset`, or `nil` where none can be.
  @inlinable @inline(__always)
  func content(at offset: Int) -> UnsafeRawBufferPointer? {
    let lengthOffset = offset + layout.numberSize
    guard lengthOffset < end else { return nil }
    let first = Int(start.load(fromByteOffset: lengthOffset, as: UInt8.self))
    if first < 0x80 {
      guard lengthOffset + 1 + first <= end else { return nil }
      return UnsafeRawBufferPointer(start: start + lengthOffset + 1, count: first)
    }
    return longContent(lengthOffset, first)
  }

  @usableFromInline
  func longContent(_ lengthOffset: Int, _ first: Int) -> UnsafeRawBufferPointer? {
    var length = first & 0x7F
    var shift = 7
    var offset = lengthOffset + 1
    while true {
      guard offset < end, shift < 7 * RecordLayout.longestLengthSize else { return nil }
      let byte = Int(start.load(fromByteOffset: offset, as: UInt8.self))
      offset += 1
      length |= (byte & 0x7F) << shift
      if byte < 0x80 {
        // Only the shortest form counts, so that a string has one form.
        guard byte != 0, length <= end - offset else { return nil }
        return UnsafeRawBufferPointer(start: start + offset, count: length)
      }
      shift += 7
    }
  }

  /// The number of the record at `offset`, which is there.
  @inline(__always)
  func number(at offset: Int) -> UInt32 {
    UInt32(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// Whether the string of `left` comes before these bytes, in the order of bytes.
  ///
  /// - Precondition: the symbol has a string.
  func precedes(_ left: UInt32, _ right: UnsafeRawBufferPointer) -> Bool {
    guard let content = content(at: layout.offset(of: left)) else {
      preconditionFailure("the symbol is not one of this arena's")
    }
    return content.lexicographicallyPrecedes(right)
  }

  /// Whether the string of `left` comes before that of `right`, in the order of bytes.
  ///
  /// - Precondition: the symbols have strings.
  func precedes(_ left: UInt32, _ right: UInt32) -> Bool {
    guard let content = content(at: layout.offset(of: right)) else {
      preconditionFailure("the symbol is not one of this arena's")
    }
    return precedes(left, content)
  }

  /// Whether the record of `symbol` is the short string of these words.
  @inline(__always)
  func equals(_ symbol: UInt32, _ words: (UInt64, UInt64), _ length: Int) -> Bool {
    // No symbol makes this overflow, and the string is behind its length.
    let content = layout.offset(of: symbol) &+ layout.numberSize &+ 1
    guard content &+ length <= end else { return false }
    let record = start + content
    guard record.load(fromByteOffset: -1, as: UInt8.self) == UInt8(truncatingIfNeeded: length)
    else { return false }
    return ShortString.words(record, length) == words
  }

  /// Whether the record of `symbol` is this string.
  @inline(__always)
  func equals(_ symbol: UInt32, _ bytes: UnsafeRawPointer, _ length: Int) -> Bool {
    guard let content = content(at: layout.offset(of: symbol)), content.count == length else {
      return false
    }
    guard let address = content.baseAddress else { return true }
    return address.equals(bytes, length)
  }
}
