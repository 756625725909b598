/// The checksum of a frame: 64 bits over all of it but the checksum itself, the frame's place in the
/// file, and the number of the log.
///
/// Four lanes take the 8-byte words in turn, `lane = rotateLeft(lane ^ word, 29) * factor`, with
/// wrapping multiplication by an odd factor. Each step is a bijection of the word for a given lane
/// and of the lane for a given word, and so is what `finish` does to each lane: bytes that differ
/// within one word, hence any single bit that flips, always give another checksum. Whatever else
/// differs gives the same one by chance only, one in 2^64. It is no defence against forgers.
enum FrameChecksum {
  private static let factor: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// The checksum of the bytes from 8 on.
  ///
  /// - Parameters:
  ///   - byteCount: a multiple of 32.
  ///   - seed: what else it depends on.
  static func of(_ frame: UnsafeRawPointer, _ byteCount: Int, seed: UInt64) -> UInt64 {
    precondition(byteCount >= 32 && byteCount % 32 == 0)
    // The first group is one word short: the checksum's own place counts as the seed.
    var first = step(0x2545_F491_4F6C_DD1D, seed)
    var second = step(0x6C62_272E_07BB_0142, word(frame, 8))
    var third = step(0xB492_B66F_BE98_F273, word(frame, 16))
    var fourth = step(0x27D4_EB2F_1656_67C5, word(frame, 24))
    var offset = 32
    while offset < byteCount {
      first = step(first, word(frame, offset))
      second = step(second, word(frame, offset + 8))
      third = step(third, word(frame, offset + 16))
      fourth = step(fourth, word(frame, offset + 24))
      offset += 32
    }
    let sum = finish(first, 1) &+ finish(second, 2) &+ finish(third, 3) &+ finish(fourth, 4)
    return finish(sum, 5)
  }

  @inline(__always)
  private static func word(_ frame: UnsafeRawPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: frame.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
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
