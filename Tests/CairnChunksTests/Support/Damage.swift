/// Ways to damage bytes.
enum Damage {
  /// Every beginning of `bytes` but the whole.
  static func truncations(of bytes: [UInt8]) -> [[UInt8]] {
    bytes.indices.map { Array(bytes[..<$0]) }
  }

  /// `bytes` with each of its bits flipped.
  static func flips(of bytes: [UInt8]) -> [[UInt8]] {
    (0..<bytes.count * 8).map { flip($0, of: bytes) }
  }

  static func flip(_ bit: Int, of bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    return bytes
  }
}
