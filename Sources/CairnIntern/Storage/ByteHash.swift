/// A hash of byte strings, by multiplications of 64 by 64 bits whose halves are folded together.
///
/// Keyed: who does not know the key cannot choose strings that collide more often than by chance.
/// It is no digest, and who knows the key can make it collide.
@usableFromInline
struct ByteHash: Sendable, Equatable {
  let key0, key1, key2, key3: UInt64

  /// A key of the system's randomness.
  init() {
    var random = SystemRandomNumberGenerator()
    self.init(random.next(), random.next(), random.next(), random.next())
  }

  /// The key that belongs to a seed, by SplitMix64.
  init(seed: UInt64) {
    func number(_ step: UInt64) -> UInt64 {
      var value = seed &+ step &* 0x9E37_79B9_7F4A_7C15
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      return value ^ (value >> 31)
    }
    self.init(number(1), number(2), number(3), number(4))
  }

  init(_ key0: UInt64, _ key1: UInt64, _ key2: UInt64, _ key3: UInt64) {
    self.key0 = key0
    self.key1 = key1
    self.key2 = key2
    self.key3 = key3
  }

  @inline(__always)
  static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }

  /// The hash of two words; the words of a short string and its length are its whole content.
  @inline(__always)
  func callAsFunction(_ words: (UInt64, UInt64), length: Int) -> UInt64 {
    let mixed = Self.mix(words.0 ^ key0, words.1 ^ key1)
    return Self.mix(mixed ^ key2, UInt64(truncatingIfNeeded: length) ^ key3)
  }

  @inline(__always)
  func callAsFunction(_ bytes: UnsafeRawPointer, _ length: Int) -> UInt64 {
    if length <= ShortString.longest {
      return self(ShortString.words(bytes, length), length: length)
    }
    return hashLong(bytes, length)
  }

  @inline(__always)
  func hashLong(_ bytes: UnsafeRawPointer, _ length: Int) -> UInt64 {
    var state = key2
    var offset = 0
    while offset < length - 16 {
      state = Self.mix(bytes.word(offset) ^ key0, bytes.word(offset + 8) ^ key1 ^ state)
      offset += 16
    }
    // The last 16 bytes, some of them a second time.
    return self((bytes.word(length - 16) ^ state, bytes.word(length - 8)), length: length)
  }
}

/// A string of at most 16 bytes as two words, which overlap where it is shorter.
///
/// With the length the words are the string: equality needs no loop.
enum ShortString {
  static var longest: Int { 16 }

  @inline(__always)
  static func words(_ bytes: UnsafeRawPointer, _ length: Int) -> (UInt64, UInt64) {
    if length >= 8 { return (bytes.word(0), bytes.word(length - 8)) }
    if length >= 4 {
      return (
        UInt64(bytes.loadUnaligned(as: UInt32.self)),
        UInt64(bytes.loadUnaligned(fromByteOffset: length - 4, as: UInt32.self))
      )
    }
    guard length > 0 else { return (0, 0) }
    let first = UInt64(bytes.load(as: UInt8.self))
    let middle = UInt64(bytes.load(fromByteOffset: length >> 1, as: UInt8.self))
    let last = UInt64(bytes.load(fromByteOffset: length - 1, as: UInt8.self))
    return (first | middle << 8 | last << 16, 0)
  }
}

extension UnsafeRawPointer {
  /// The eight bytes at `offset`, wherever that is.
  @inline(__always)
  func word(_ offset: Int) -> UInt64 {
    UInt64(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// Whether `length` bytes here are those at `other`.
  @inline(__always)
  func equals(_ other: UnsafeRawPointer, _ length: Int) -> Bool {
    if length <= ShortString.longest {
      return ShortString.words(self, length) == ShortString.words(other, length)
    }
    var offset = 0
    while offset < length - 8 {
      if word(offset) != other.word(offset) { return false }
      offset += 8
    }
    return word(length - 8) == other.word(length - 8)
  }
}
