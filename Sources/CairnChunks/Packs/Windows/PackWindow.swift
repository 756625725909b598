import CairnCore
import CairnCrypto

/// Some consecutive segments of a pack, fetched with one request: on their way, or opened.
final class PackWindow: Sendable {
  /// What became of the request.
  enum Outcome: Sendable {
    case opened(OpenedSegments)
    case failed(ChunkStoreError)
  }

  /// Tells windows of one repository apart.
  let number: UInt64
  let pack: Digest
  /// What is fetched.
  let segments: Range<Int>
  /// Whether it was asked for before somebody needed it.
  let isAhead: Bool
  private let outcome = Monitor<Outcome?>(nil)

  init(_ number: UInt64, of pack: Digest, _ segments: Range<Int>, isAhead: Bool) {
    self.number = number
    self.pack = pack
    self.segments = segments
    self.isAhead = isAhead
  }

  /// Ends the waiting; called once.
  func finish(_ outcome: Outcome) { self.outcome.change { $0 = outcome } }

  /// Blocks until the request has ended.
  func wait() -> Outcome { outcome.wait { $0 } }
}

/// Consecutive segments of a pack, opened.
struct OpenedSegments: @unchecked Sendable {
  // Sendable: several threads read the buffer; nobody writes to it any more.

  /// Those that are sound, from the first one asked for on: at least one.
  let segments: Range<Int>
  private let buffer: ByteBuffer

  /// Where their plaintext lies in the pack's.
  var range: Range<Int> {
    let start = segments.lowerBound * Segment.plainSize
    return start..<start + buffer.count
  }

  /// Appends a part of the plaintext to a buffer that has room for it.
  ///
  /// - Precondition: `part` is within ``range``.
  func append(_ part: Range<Int>, to other: ByteBuffer) {
    withExtendedLifetime(buffer) {
      let start = part.lowerBound - range.lowerBound
      other.append(UnsafeRawBufferPointer(rebasing: buffer.bytes[start..<start + part.count]))
    }
  }

  /// Opens segments as far as they are sound.
  ///
  /// - Parameter sealed: their bytes as they were read, which may be too few.
  /// - Throws: ``ChunkStoreError/Code/damaged`` if the first one does not open.
  init(
    _ segments: Range<Int>, of pack: PackInfo, _ sealed: [UInt8], with key: PayloadKey
  ) throws(ChunkStoreError) {
    let plain = ByteBuffer(capacity: segments.count * Segment.plainSize)
    var end = segments.lowerBound
    do {
      var cipher = try SegmentCipher(key)
      try sealed.withRawBytes { (sealed) throws(CryptoError) in
        while end < segments.upperBound {
          let start = (end - segments.lowerBound) * Segment.sealedSize
          let stop = min(start + Segment.sealedSize, sealed.count)
          guard stop - start >= Segment.tagSize else { return }
          try cipher.open(
            UnsafeRawBufferPointer(rebasing: sealed[start..<stop]), index: UInt64(end),
            isFinal: end == pack.segmentCount - 1, into: plain.free)
          plain.count += stop - start - Segment.tagSize
          end += 1
        }
      }
    } catch {
      guard end > segments.lowerBound else {
        throw .damaged(pack.blob, "segment \(end) does not open")
      }
    }
    // Whoever needs the one behind asks for it next.
    guard end > segments.lowerBound else { throw .damaged(pack.blob, "it ends too early") }
    self.segments = segments.lowerBound..<end
    buffer = plain
  }
}
