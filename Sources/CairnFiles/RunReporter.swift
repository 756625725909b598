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
  private var last = ContinuousClock.now
  private var calls = 0

  init(
    _ reporter: any ProgressReporter, cancellation: CancellationFlag, phase: String,
    unit: String = "files", total: Int64? = nil
  ) {
    self.reporter = reporter
    self.cancellation = cancellation
    self.phase = phase
    self.unit = unit
    self.total = total
  }

  func check() throws(ChunkStoreError) {
    if cancellation.isSet {
      throw ChunkStoreError(.cancelled, "the operation was cancelled")
    }
  }

  func report(files: Int64, bytes: Int64) throws(ChunkStoreError) {
    calls += 1
    guard calls & 63 == 0 else { return }
    try check()
    let now = ContinuousClock.now
    guard now - last > .milliseconds(100) else { return }
    last = now
    do {
      try reporter.report(
        Progress(phase: phase, unit: unit, completed: files, total: total, bytes: bytes))
    } catch {
      throw ChunkStoreError(.cancelled, "the operation was ended by its progress report: \(error)")
    }
  }

  /// The last report, whose error would come too late.
  func finish(files: Int64, bytes: Int64) {
    try? reporter.report(
      Progress(phase: phase, unit: unit, completed: files, total: files, bytes: bytes))
  }
}
