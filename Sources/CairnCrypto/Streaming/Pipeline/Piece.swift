/// A few consecutive segments that one worker has in hand.
///
/// Each segment has a slot of its sealed size, and what it becomes goes to the slot before: not in
/// place, since a segment that is not what it should be is looked at twice. Used by one thread.
final class Piece {
  /// Segments to a piece: few enough to stay in a core's cache.
  static let segmentCount = segmentsPerPiece

  private let memory = UnsafeMutableRawBufferPointer.allocate(
    byteCount: (segmentCount + 1) * Segment.sealedSize, alignment: 64)

  /// The number of the piece in the stream, from 0.
  var index: UInt64 = 0
  /// How many bytes of input there are.
  var inputCount = 0
  /// Whether the stream ends after this piece.
  var isLast = false

  deinit { memory.deallocate() }

  /// Where a segment of this piece is read to.
  func input(_ number: Int) -> UnsafeMutableRawBufferPointer { slot(number + 1) }

  /// Where that which a segment becomes is written from. The segment before must be done with.
  func output(_ number: Int) -> UnsafeMutableRawBufferPointer { slot(number) }

  private func slot(_ number: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(
      rebasing: memory[number * Segment.sealedSize..<(number + 1) * Segment.sealedSize])
  }
}
