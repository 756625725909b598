import CairnChunks
import CairnCore

/// Reports progress some ten times a second, and notices cancellation. Used by one thread.
final class RunReporter: @unchecked Sendable {
  // Sendable: handed to the one thread that directs an operation, and used by it alone.
  private let reporter: any ProgressReporter
  private let cancellation: CancellationFlag
  private let phase: String
  private let unit: String
  private let total: Int64?
  private let expectedBytes: Int64?
  /// The time of the last report; the first comes as soon as there is something to tell.
  private var last: ContinuousClock.Instant?
  private var calls = 0
  private var files: Int64 = 0
  private var bytes: Int64 = 0
  /// What the host's report threw; it is thrown again by whoever asks.
  private var failure: ChunkStoreError?

  init(
    _ reporter: any ProgressReporter, cancellation: CancellationFlag, phase: String,
    unit: String = "files", total: Int64? = nil, expectedBytes: Int64? = nil
  ) {
    self.reporter = reporter
    self.cancellation = cancellation
    self.phase = phase
    self.unit = unit
    self.total = total
    self.expectedBytes = expectedBytes
  }

  func check() throws(ChunkStoreError) {
    if let failure { throw failure }
    if cancellation.isSet {
      throw ChunkStoreError(.cancelled, "the operation was cancelled")
    }
  }

  /// Reports what is done, after each of many small steps.
  func report(files: Int64, bytes: Int64) throws(ChunkStoreError) {
    // Looking at the clock costs more than some of the steps; a large one is worth a look.
    let isLarge = bytes - self.bytes >= 1 << 20
    (self.files, self.bytes) = (files, bytes)
    calls += 1
    try check()
    if isLarge || calls & 15 == 0 { try report(bytesMore: 0) }
  }

  /// Reports what is done of the file that is under way.
  func report(bytesMore: Int64) throws(ChunkStoreError) {
    try check()
    let now = ContinuousClock.now
    if let last, now - last <= .milliseconds(100) { return }
    last = now
    do {
      try reporter.report(
        Progress(
          phase: phase, unit: unit, completed: files, total: total, bytes: bytes + bytesMore,
          expectedBytes: expectedBytes))
    } catch {
      let failure = ChunkStoreError(
        .cancelled, "the operation was ended by its progress report: \(error)")
      self.failure = failure
      throw failure
    }
  }

  /// The last report, whose error would come too late.
  func finish(files: Int64, bytes: Int64) {
    try? reporter.report(
      Progress(phase: phase, unit: unit, completed: files, total: files, bytes: bytes))
  }
}
