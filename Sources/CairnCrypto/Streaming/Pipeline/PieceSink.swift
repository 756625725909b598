internal import CairnCore
internal import SystemPackage

/// Where the workers of a pipeline leave their pieces.
///
/// A regular file is written by position, by all workers at once; anything else, and a file that
/// is open for appending, in order: a worker waits for its turn.
final class PieceSink: Sendable {
  private struct Turn {
    /// The piece whose turn it is.
    var next: UInt64 = 0
    /// The first piece that is not written any more.
    var end = UInt64.max
  }

  private let file: FileDescriptor
  private let segmentSize: Int
  private let start: Int64?
  private let turn = Monitor(Turn())

  /// - Parameters:
  ///   - segmentSize: Bytes of a full segment as it is written.
  ///   - start: Where to write in a regular file; `nil` to write in order.
  init(_ file: FileDescriptor, segmentSize: Int, start: Int64?) {
    self.file = file
    self.segmentSize = segmentSize
    self.start = start
  }

  /// Where in the output a byte of the stream stands.
  func offset(of piece: UInt64, _ byte: Int) -> Int64 {
    Int64(piece) * Int64(Piece.segmentCount * segmentSize) + Int64(byte)
  }

  /// Waits, where pieces are written in order, until those before this one are written.
  ///
  /// - Returns: Whether the piece is to be written: none before it has failed.
  func waitForTurn(of piece: Piece) -> Bool {
    let isInOrder = start == nil
    return turn.wait { turn -> Bool? in
      if piece.index >= turn.end { return false }
      return !isInOrder || piece.index == turn.next ? true : nil
    }
  }

  /// Writes the first `count` bytes of what became of a piece, whose turn it is.
  ///
  /// - Parameter isLast: Whether nothing may be written after this, for it is the end or a failure.
  func write(_ piece: Piece, _ count: Int, isLast: Bool) throws(CryptoError) {
    do throws(Errno) {
      var done = 0
      while done < count {
        let segment = piece.output(done / segmentSize)
        let part = UnsafeRawBufferPointer(rebasing: segment[..<min(segmentSize, count - done)])
        if let start {
          // Where the caller's offset is at the very end of what a file can hold.
          let (place, isTooLarge) = start.addingReportingOverflow(offset(of: piece.index, done))
          if isTooLarge { throw Errno.fileTooLarge }
          try file.writeFully(at: place, part)
        } else {
          try file.writeFully(part)
        }
        done += part.count
      }
    } catch {
      stop(at: piece.index)
      throw .io(.systemCall("write", "the output", error))
    }
    guard start == nil else { return }
    turn.change { turn in
      turn.next = piece.index + 1
      if isLast { turn.end = turn.next }
    }
  }

  /// Lets nobody write this piece or a later one any more who has to wait for a turn.
  func stop(at piece: UInt64) { turn.change { $0.end = min($0.end, piece) } }
}
