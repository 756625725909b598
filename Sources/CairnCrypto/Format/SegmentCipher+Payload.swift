extension SegmentCipher {
  /// Seals a whole payload. `out` has room for `Segment.sealedCount(forPlain:)` bytes.
  mutating func sealAll(
    _ plain: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) {
    let last = Int(Segment.count(forPlain: Int64(plain.count))) - 1
    for i in 0...last {
      let start = i * Segment.plainSize
      let end = min(start + Segment.plainSize, plain.count)
      try seal(
        UnsafeRawBufferPointer(rebasing: plain[start..<end]), index: UInt64(i), isFinal: i == last,
        into: UnsafeMutableRawBufferPointer(rebasing: out[(i * Segment.sealedSize)...]))
    }
  }

  /// Opens a whole payload. `sealed` has a length that some payload has; `out` has room for it.

  mutating func openAll(
    _ sealed: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) {
    let last = (sealed.count - 1) / Segment.sealedSize
    for i in 0...last {
      let start = i * Segment.sealedSize
      let end = min(start + Segment.sealedSize, sealed.count)
      try open(
        UnsafeRawBufferPointer(rebasing: sealed[start..<end]), index: UInt64(i), isFinal: i == last,
        into: UnsafeMutableRawBufferPointer(rebasing: out[(i * Segment.plainSize)...]))
    }
  }
}
