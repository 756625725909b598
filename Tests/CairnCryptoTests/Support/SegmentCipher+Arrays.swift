import CairnCrypto

extension SegmentCipher {
  mutating func seal(
    _ plain: [UInt8], index: UInt64, isFinal: Bool
  ) throws -> [UInt8] {
    var out = [UInt8](repeating: 0, count: plain.count + Segment.tagSize)
    try plain.withUnsafeBytes { plain in
      try out.withUnsafeMutableBytes {
        try seal(plain, index: index, isFinal: isFinal, into: $0)
      }
    }
    return out
  }

  mutating func open(
    _ sealed: [UInt8], index: UInt64, isFinal: Bool
  ) throws -> [UInt8] {
    var out = [UInt8](repeating: 0, count: max(0, sealed.count - Segment.tagSize))
    try sealed.withUnsafeBytes { sealed in
      try out.withUnsafeMutableBytes {
        try open(sealed, index: index, isFinal: isFinal, into: $0)
      }
    }
    return out
  }
}
