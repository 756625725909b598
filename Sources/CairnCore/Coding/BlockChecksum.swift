/// The checksum of a page or frame: 64 bits over all of it but the checksum itself, and over a seed,
/// such as its length or its place.
///
/// Four lanes take the 8-byte words in turn, `lane = rotateLeft(lane ^ word, 29) * factor`, with
/// wrapping multiplication by an odd factor. Each step is a bijection of the word for a given lane
/// and of the lane for a given word, and so is what `finish` does to each lane: bytes that differ
/// within one word, hence any single bit that flips, always give another checksum. Whatever else
/// differs gives the same one by chance only, one in 2^64. It is no defence against forgers.
package enum BlockChecksum {
  private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// The checksum of the bytes from 8 on, with their number as the seed.
  ///
  /// - Parameter byteCount: a multiple of 32, and not 0.
  package static func of(_ block: UnsafeRawPointer, _ byteCount: Int) -> UInt64 {
    of(block, byteCount, seed: UInt64(byteCount))
  }

  /// The checksum of the bytes from 8 on.
  ///
  /// - Parameters:
  ///   - byteCount: a multiple of 32, and not 0.
  ///   - seed: what else it depends on.
  package static func of(
    _ block: UnsafeRawPointer, _ byteCount: Int, seed: UInt64
  ) -> UInt64 {
    precondition(byteCount >= 32 && byteCount % 32 == 0)
    // The first group is one word short: the checksum's own place counts as the seed.
    var first = step(0x2545_F491_4F6C_DD1D, seed)
    var second = step(0x6C62_272E_07BB_0142, word(block, 8))
    var third = step(0xB492_B66F_BE98_F273, word(block, 16))
    var fourth = step(0x27D4_EB2F_1656_67C5, word(block, 24))
    var offset = 32
    while offset < byteCount {
      first = step(first, word(block, offset))
      second = step(second, word(block, offset + 8))
      third = step(third, word(block, offset + 16))
      fourth = step(fourth, word(block, offset + 24))
      offset += 32
    }
    let sum = finish(first, 1) &+ finish(second, 2) &+ finish(third, 3) &+ finish(fourth, 4)
    return finish(sum, 5)
  }

  @inline(__always)
  private static func word(_ block: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: block.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inline(__always)
  private static func step(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    let mixed = lane ^ word
    return (mixed << 29 | mixed >> 35) &* factor
  }

  /// Without this, one change at the end of two lanes could cancel out in the sum.
  @inline(__always)
  private static func finish(_ lane: UInt64, _ number: UInt64) -> UInt64 {
    var value = lane &+ number
    value = (value ^ value >> 32) &* 0xD6E8_FEB8_6659_FD93
    value = (value ^ value >> 29) &* 0xCA5A_8263_9512_1157
    return value ^ value >> 32
  }
}
