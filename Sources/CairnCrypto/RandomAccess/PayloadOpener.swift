/// Opens parts of a payload whose sealed bytes the caller brings, from a remote store, say.
///
///     let header = try Header.parse(beginning.span.bytes)!
///     let layout = try PayloadLayout(
///       headerByteCount: header.byteCount, fileByteCount: sizeOfBlob)
///     let nonce = beginning[header.byteCount...].prefix(PayloadKey.nonceSize)
///     let key = try PayloadKey(header.unwrap(with: identities), nonce: nonce.span.bytes)
///     let opener = PayloadOpener(key, layout)
///     try opener.checkEnd(fetch(layout.lastSegmentRange).span.bytes)
///     let part = try opener.open(fetch(layout.sealedRange(for: 0..<1000)).span.bytes, for: 0..<1000)
///
/// A value without state: any number of threads may use it. For a file at hand there is
/// ``SealedFile``.
public struct PayloadOpener: Sendable {
  public let layout: PayloadLayout
  private let key: PayloadKey

  public init(_ key: PayloadKey, _ layout: PayloadLayout) {
    self.key = key
    self.layout = layout
  }

  /// Opens a range of the plaintext.
  ///
  /// - Parameters:
  ///   - sealed: The bytes of the file in `layout.sealedRange(for: plain)`.
  ///   - plain: Clamped to the plaintext.
  /// - Returns: The plaintext in that range, all of it authenticated. That the file is whole is
  ///   known after ``checkEnd(_:)``.
  /// - Precondition: `sealed` has as many bytes as that range.
  /// - Throws: ``CryptoError/Code/payload`` if a segment is damaged.
  public func open(_ sealed: RawSpan, for plain: Range<Int64>) throws(CryptoError) -> [UInt8] {
    let plain = plain.clamped(to: 0..<layout.byteCount)
    let range = layout.sealedRange(for: plain)
    precondition(sealed.byteCount == range.count, "these are not the bytes of the range")
    if plain.isEmpty { return [] }
    var cipher = try SegmentCipher(key)
    let scratch = SegmentScratch()
    var opened: [UInt8] = []
    opened.reserveCapacity(plain.count)
    var segment = plain.lowerBound / Int64(Segment.plainSize)
    while opened.count < plain.count {
      let place = layout.sealedRange(ofSegment: segment)
      let bytes = sealed.extracting(
        Int(place.lowerBound - range.lowerBound)..<Int(place.upperBound - range.lowerBound))
      try bytes.withUnsafeBytes { (bytes) throws(CryptoError) in
        try cipher.open(
          bytes, index: UInt64(segment), isFinal: segment == layout.segmentCount - 1,
          into: scratch.bytes)
      }
      let start = segment * Int64(Segment.plainSize)
      let wanted = plain.clamped(to: start..<start + Int64(bytes.byteCount - Segment.tagSize))
      opened += scratch.bytes[Int(wanted.lowerBound - start)..<Int(wanted.upperBound - start)]
      segment += 1
    }
    return opened
  }

  /// Checks that the payload ends where the file does: nothing was cut off.
  ///
  /// - Parameter sealed: The bytes of the file in `layout.lastSegmentRange`.
  /// - Precondition: `sealed` has as many bytes as that range.
  /// - Throws: ``CryptoError/Code/truncated`` or ``CryptoError/Code/payload`` if the last segment is
  ///   not the one that was sealed as the last.
  public func checkEnd(_ sealed: RawSpan) throws(CryptoError) {
    precondition(
      sealed.byteCount == layout.lastSegmentRange.count, "this is not the last segment")
    var cipher = try SegmentCipher(key)
    let scratch = SegmentScratch()
    let failure = try sealed.withUnsafeBytes { (sealed) throws(CryptoError) in
      try cipher.openSound(
        sealed, index: UInt64(layout.segmentCount - 1), isLast: true, into: scratch.bytes)
    }
    if let failure { throw failure }
  }
}
