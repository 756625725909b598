/// Where in an age file the parts of its plaintext are, computed from two lengths.
///
/// With it a host that holds a file remotely fetches the bytes that it needs and no others.
public struct PayloadLayout: Sendable, Hashable {
  /// Bytes in front of the nonce.
  public let headerByteCount: Int
  /// Bytes of the whole file.
  public let fileByteCount: Int64
  /// Bytes of plaintext.
  public let byteCount: Int64

  /// - Parameters:
  ///   - headerByteCount: ``Header/byteCount``; 0 for a payload that is stored without its header.
  ///   - fileByteCount: Bytes of the whole file, of the header too.
  /// - Throws: ``CryptoError/Code/truncated`` or ``CryptoError/Code/header`` if no file has these
  ///   lengths: its end is missing.
  public init(headerByteCount: Int, fileByteCount: Int64) throws(CryptoError) {
    precondition(headerByteCount >= 0, "a header has no negative length")
    guard fileByteCount >= Int64(headerByteCount) else { throw Header.truncated() }
    let sealedCount = fileByteCount - Int64(headerByteCount) - Int64(PayloadKey.nonceSize)
    guard sealedCount >= 0 else { throw Header.truncated() }
    guard let byteCount = Segment.plainCount(forSealed: sealedCount) else {
      throw .truncated(in: UInt64(sealedCount / Int64(Segment.sealedSize)))
    }
    self.headerByteCount = headerByteCount
    self.fileByteCount = fileByteCount
    self.byteCount = byteCount
  }

  /// Where the first segment begins.
  private var payloadStart: Int64 { Int64(headerByteCount) + Int64(PayloadKey.nonceSize) }

  /// The number of segments, at least one.
  public var segmentCount: Int64 { Segment.count(forPlain: byteCount) }

  /// Where in the file the nonce is, from which ``PayloadKey`` is derived.
  public var nonceRange: Range<Int64> { Int64(headerByteCount)..<payloadStart }

  /// Where in the file a segment is.
  ///
  /// - Precondition: there is a segment of this number.
  public func sealedRange(ofSegment index: Int64) -> Range<Int64> {
    precondition((0..<segmentCount).contains(index), "there is no such segment")
    let start = payloadStart + index * Int64(Segment.sealedSize)
    return start..<start + min(Int64(Segment.sealedSize), fileByteCount - start)
  }

  /// The bytes of the file that are needed to open a range of the plaintext: whole segments.
  ///
  /// - Parameter plain: Clamped to the plaintext.
  /// - Returns: A range of offsets in the file, empty if nothing is asked for.
  public func sealedRange(for plain: Range<Int64>) -> Range<Int64> {
    let plain = plain.clamped(to: 0..<byteCount)
    guard !plain.isEmpty else { return payloadStart..<payloadStart }
    let first = sealedRange(ofSegment: plain.lowerBound / Int64(Segment.plainSize))
    let last = sealedRange(ofSegment: (plain.upperBound - 1) / Int64(Segment.plainSize))
    return first.lowerBound..<last.upperBound
  }

  /// Where in the file the last segment is, which tells that the file is whole.
  public var lastSegmentRange: Range<Int64> { sealedRange(ofSegment: segmentCount - 1) }
}
