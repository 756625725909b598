/// A few consecutive segments that one worker has in hand, sealed or opened in place.
///
/// Each segment has a slot of its sealed size, so its plaintext and what it becomes begin at the
/// same address. Used by one thread.
final class Piece {
  /// Segments to a piece: few enough to stay in a core's cache.
  static let segmentCount = segmentsPerPiece

  private let memory = UnsafeMutableRawBufferPointer.allocate(
    byteCount: segmentCount * Segment.sealedSize, alignment: 64)

  /// The number of the piece in the stream, from 0.
  var index: UInt64 = 0
  /// How many bytes of input are in the slots.
  var inputCount = 0
  /// Whether the stream ends after this piece.
  var isLast = false

  deinit { memory.deallocate() }

  /// The place of a segment in this piece.
  func slot(_ number: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(
      rebasing: memory[number * Segment.sealedSize..<(number + 1) * Segment.sealedSize])
  }
}
