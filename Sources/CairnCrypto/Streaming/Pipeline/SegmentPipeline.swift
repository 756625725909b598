internal import CairnCore

/// Several threads that each take a piece of a stream, seal or open it and pass it on.
///
/// All workers do the same, and the caller's thread is one of them: a short stream ends before
/// another is needed, so none is started. Memory: a piece (321 KiB) and a cipher for each worker.
final class SegmentPipeline: Sendable {
  private let direction: PipelineDirection
  private let key: PayloadKey
  private let source: PieceSource
  private let sink: PieceSink
  private let meter: ProgressMeter
  private let outcome = Monitor(Outcome())

  /// How far the stream went.
  struct Outcome: Sendable {
    /// The bytes at the front of the output that are what they should be.
    var writtenCount: Int64 = 0
    /// What went wrong, in the piece that comes first in the stream of those where it did.
    var failure: CryptoError?
    fileprivate var failedPiece = UInt64.max
    /// Helpers that have begun and not ended.
    fileprivate var helpers = 0
    fileprivate var isOver = false
  }

  init(
    _ direction: PipelineDirection, key: PayloadKey, from source: PieceSource, to sink: PieceSink,
    meter: ProgressMeter
  ) {
    self.direction = direction
    self.key = key
    self.source = source
    self.sink = sink
    self.meter = meter
  }

  /// Carries all of the stream, on up to `workerCount` threads with the caller's.
  func run(workerCount: Int) -> Outcome {
    work(startingHelpers: workerCount - 1)
    outcome.change { $0.isOver = true }
    return outcome.wait { $0.helpers == 0 ? $0 : nil }
  }

  private func startHelper() {
    ThreadPool.engines.offer { [self] in
      // One that begins late, since all threads were busy or there were none to be had, has
      // nothing left to do, and nobody waits for it.
      let isWanted = outcome.change { outcome in
        if outcome.isOver { return false }
        outcome.helpers += 1
        return true
      }
      guard isWanted else { return }
      work(startingHelpers: 0)
      outcome.change { $0.helpers -= 1 }
    }
  }

  private func work(startingHelpers helperCount: Int) {
    let piece = Piece()
    do throws(CryptoError) {
      var cipher = try SegmentCipher(key)
      var helpersToStart = helperCount
      while try source.next(piece) {
        if !piece.isLast {
          for _ in 0..<helpersToStart { startHelper() }
          helpersToStart = 0
        }
        try carry(piece, &cipher)
      }
    } catch {
      // The piece that could not be read, written or reported; the first if there was none yet.
      fail(error, at: piece.index, afterBytes: 0)
    }
  }

  /// Seals or opens a piece, and writes what it became.
  private func carry(_ piece: Piece, _ cipher: inout SegmentCipher) throws(CryptoError) {
    var count = 0
    var failure: CryptoError?
    do throws(CryptoError) {
      failure = try transform(piece, &cipher, &count)
    } catch {
      failure = error
    }
    guard sink.waitForTurn(of: piece) else { return }
    if failure == nil {
      // Before it is written: whoever cancels must not find that the output is whole after all.
      try meter.advance(by: direction == .sealing ? piece.inputCount : count)
    }
    try sink.write(piece, count, isLast: failure != nil || piece.isLast)
    if let failure {
      fail(failure, at: piece.index, afterBytes: count)
    } else if piece.isLast {
      let end = sink.offset(of: piece.index, count)
      // An earlier piece may have failed already.
      outcome.change { if $0.failure == nil { $0.writtenCount = end } }
    }
  }

  /// - Parameters:
  ///   - count: How many bytes the segments became, those that are sound in case of a failure.
  /// - Returns: What is wrong after the last of them.
  private func transform(
    _ piece: Piece, _ cipher: inout SegmentCipher, _ count: inout Int
  ) throws(CryptoError) -> CryptoError? {
    let firstSegment = piece.index * UInt64(Piece.segmentCount)
    var done = 0
    var number = 0
    repeat {
      let size = min(direction.inputSize, piece.inputCount - done)
      done += size
      let input = UnsafeRawBufferPointer(rebasing: piece.input(number)[..<size])
      let output = piece.output(number)
      let isLast = piece.isLast && done == piece.inputCount
      let index = firstSegment + UInt64(number)
      switch direction {
      case .sealing:
        try cipher.seal(input, index: index, isFinal: isLast, into: output)
        count += size + Segment.tagSize
      case .opening:
        let failure = try cipher.openSound(input, index: index, isLast: isLast, into: output)
        count += size - Segment.tagSize
        if let failure { return failure }
      }
      number += 1
    } while done < piece.inputCount
    return nil
  }

  private func fail(_ error: CryptoError, at piece: UInt64, afterBytes count: Int) {
    source.stop()
    sink.stop(at: piece)
    let soundCount = sink.offset(of: piece, count)
    outcome.change { outcome in
      guard piece < outcome.failedPiece else { return }
      outcome.failedPiece = piece
      outcome.failure = error
      outcome.writtenCount = soundCount
    }
  }
}
