/// Full lines of an armor: 48 bytes as 64 characters of base64 (RFC 4648), several at a step.
///
/// A table lookup gives two characters, or takes one; without it an armor would cost more time than
/// the cipher. ``Base64`` does the few bytes of a last line.
struct Base64Line: @unchecked Sendable {
  // `@unchecked Sendable`: the tables are written once, before anybody else sees them, and are
  // never freed.

  /// Characters to a line.
  static let columns = 64
  /// Bytes to a full line.
  static let byteCount = columns / 4 * 3

  /// The one instance; it lives as long as the process.
  static let shared = Base64Line()

  /// The two characters of each twelve bits, the first in the low byte.
  private let pairs: UnsafeMutablePointer<UInt16>
  /// For each of the four places in a group, the bits that each character stands for, where they
  /// are in three bytes with the first lowest; ``invalid`` for what is no character of base64.
  private let values: UnsafeMutablePointer<UInt32>

  private static let invalid: UInt32 = 1 << 31
  private static let groupMask: UInt32 = 1 << 24 - 1

  private init() {
    let characters = (0..<64).map { Base64.character($0) }
    pairs = .allocate(capacity: 4096)
    for bits in 0..<4096 {
      let pair = UInt16(characters[bits >> 6]) | UInt16(characters[bits & 63]) << 8
      (pairs + bits).initialize(to: pair)
    }
    values = .allocate(capacity: 4 * 256)
    values.initialize(repeating: Self.invalid, count: 4 * 256)
    for place in 0..<4 {
      for (value, character) in characters.enumerated() {
        let bits = UInt32(value) << UInt32(18 - 6 * place)
        values[256 * place + Int(character)] = bits.byteSwapped >> 8
      }
    }
  }

  /// Writes the characters of 48 bytes.
  ///
  /// - Precondition: there are 48 bytes at `bytes`, and room for 64 at `text`.
  @inline(__always)
  func encode(_ bytes: UnsafeRawPointer, to text: UnsafeMutableRawPointer) {
    for i in 0..<(Self.columns / 8) {
      let high = bytes.loadUnaligned(fromByteOffset: 6 * i, as: UInt32.self)
      let low = bytes.loadUnaligned(fromByteOffset: 6 * i + 4, as: UInt16.self)
      let bits = UInt64(UInt32(bigEndian: high)) << 16 | UInt64(UInt16(bigEndian: low))
      let characters =
        UInt64(pairs[Int(bits >> 36)]) | UInt64(pairs[Int(bits >> 24 & 4095)]) << 16
        | UInt64(pairs[Int(bits >> 12 & 4095)]) << 32 | UInt64(pairs[Int(bits & 4095)]) << 48
      text.storeBytes(of: characters.littleEndian, toByteOffset: 8 * i, as: UInt64.self)
    }
  }

  /// Writes the 48 bytes of 64 characters; false if one of them is none of base64. What has been
  /// written then has no meaning.
  ///
  /// - Precondition: there are 64 bytes at `text`, and room for 48 at `bytes`.
  @inline(__always)
  func decode(_ text: UnsafeRawPointer, to bytes: UnsafeMutableRawPointer) -> Bool {
    var seen: UInt32 = 0
    for i in 0..<(Self.columns / 8) {
      let word = text.loadUnaligned(fromByteOffset: 8 * i, as: UInt64.self)
      let characters = UInt64(littleEndian: word)
      let first = group(UInt32(truncatingIfNeeded: characters))
      let second = group(UInt32(truncatingIfNeeded: characters >> 32))
      seen |= first | second
      let bits = UInt64(first & Self.groupMask) | UInt64(second & Self.groupMask) << 24
      bytes.storeBytes(
        of: UInt32(truncatingIfNeeded: bits).littleEndian, toByteOffset: 6 * i, as: UInt32.self)
      bytes.storeBytes(
        of: UInt16(truncatingIfNeeded: bits >> 32).littleEndian, toByteOffset: 6 * i + 4,
        as: UInt16.self)
    }
    return seen & Self.invalid == 0
  }

  /// The three bytes of four characters, the first character in the low byte.
  @inline(__always)
  private func group(_ characters: UInt32) -> UInt32 {
    values[Int(characters & 255)] | values[256 + Int(characters >> 8 & 255)]
      | values[512 + Int(characters >> 16 & 255)] | values[768 + Int(characters >> 24)]
  }
}
