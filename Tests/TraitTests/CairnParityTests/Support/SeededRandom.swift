/// SplitMix64: the same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count.nextMultiple(of: 8))
    bytes.withUnsafeMutableBytes { buffer in
      for offset in stride(from: 0, to: buffer.count, by: 8) {
        buffer.storeBytes(of: next().littleEndian, toByteOffset: offset, as: UInt64.self)
      }
    }
    return Array(bytes.prefix(count))
  }

  /// A new seed each time, which a failing test shows.
  static var newSeed: UInt64 { UInt64.random(in: 0...UInt64.max) }
}

extension Int {
  func nextMultiple(of step: Int) -> Int { (self + step - 1) / step * step }
}
