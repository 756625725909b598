/// The 64-bit checksum XXH64 with seed 0, as the xxHash specification defines it.
///
/// It finds damage; it does not keep anyone from making other bytes of the same checksum.
enum XXH64 {
  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  static func checksum(of bytes: UnsafeRawBufferPointer) -> UInt64 {
    var offset = 0
    var sum: UInt64
    guard let start = bytes.baseAddress else { return finish(prime5) }
    if bytes.count >= 32 {
      var lane1 = prime1 &+ prime2
      var lane2 = prime2
      var lane3: UInt64 = 0
      var lane4 = 0 &- prime1
      while offset <= bytes.count - 32 {
        lane1 = round(lane1, start.word(offset))
        lane2 = round(lane2, start.word(offset + 8))
        lane3 = round(lane3, start.word(offset + 16))
        lane4 = round(lane4, start.word(offset + 24))
        offset += 32
      }
      sum = rotated(lane1, 1) &+ rotated(lane2, 7)
      sum = sum &+ rotated(lane3, 12) &+ rotated(lane4, 18)
      for lane in [lane1, lane2, lane3, lane4] {
        sum = (sum ^ round(0, lane)) &* prime1 &+ prime4
      }
    } else {
      sum = prime5
    }
    sum = sum &+ UInt64(bytes.count)
    while offset + 8 <= bytes.count {
      sum = rotated(sum ^ round(0, start.word(offset)), 27) &* prime1 &+ prime4
      offset += 8
    }
    if offset + 4 <= bytes.count {
      let word = UInt32(
        littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      sum = rotated(sum ^ UInt64(word) &* prime1, 23) &* prime2 &+ prime3
      offset += 4
    }
    while offset < bytes.count {
      sum = rotated(sum ^ UInt64(bytes[offset]) &* prime5, 11) &* prime1
      offset += 1
    }
    return finish(sum)
  }

  private static func finish(_ value: UInt64) -> UInt64 {
    var sum = (value ^ value >> 33) &* prime2
    sum = (sum ^ sum >> 29) &* prime3
    return sum ^ sum >> 32
  }

  @inline(__always)
  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotated(lane &+ word &* prime2, 31) &* prime1
  }

  @inline(__always)
  private static func rotated(_ value: UInt64, _ bits: UInt64) -> UInt64 {
    value << bits | value >> (64 - bits)
  }
}
