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
      let failure = try openSound(
        UnsafeRawBufferPointer(rebasing: sealed[start..<end]), index: UInt64(i), isLast: i == last,
        into: UnsafeMutableRawBufferPointer(rebasing: out[(i * Segment.plainSize)...]))
      if let failure { throw failure }
    }
  }

  /// Opens a segment even where the payload ends too early or too late after it.
  ///
  /// - Parameters:
  ///   - sealed: The segment; it does not overlap `out`, since it may be tried twice.
  ///   - isLast: Whether the storage ends after this segment.
  ///   - out: As for ``open(_:index:isFinal:into:)``.
  /// - Returns: What is wrong with the payload after this segment, which is itself what the sealer
  ///   wrote here; usually nothing.
  mutating func openSound(
    _ sealed: UnsafeRawBufferPointer, index: UInt64, isLast: Bool,
    into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) -> CryptoError? {
    do throws(CryptoError) {
      try open(sealed, index: index, isFinal: isLast, into: out)
      return nil
    } catch {
      guard error.code == .payload, sealed.count == Segment.sealedSize,
        (try? open(sealed, index: index, isFinal: !isLast, into: out)) != nil
      else { throw error }
      return isLast ? .truncated(after: index) : .extended(after: index)
    }
  }
}
