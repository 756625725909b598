internal import CairnCore

/// Counts the plaintext of a stream, and tells a reporter some ten times a second.
final class ProgressMeter: Sendable {
  private struct State {
    var count: Int64 = 0
    /// The first report comes as soon as there is something to tell.
    var lastReport: ContinuousClock.Instant?
    /// What the reporter threw; nothing more is reported then.
    var failure: CryptoError?
  }

  private let reporter: any ProgressReporter
  private let phase: String
  private let total: Int64?
  private let state = Monitor(State())

  init(_ reporter: any ProgressReporter, phase: String, total: Int64?) {
    self.reporter = reporter
    self.phase = phase
    self.total = total
  }

  /// - Throws: ``CryptoError/Code/cancelled`` once the reporter has thrown, in every thread.
  func advance(by count: Int) throws(CryptoError) {
    let failure: CryptoError? = state.withLock { state in
      if let failure = state.failure { return failure }
      state.count += Int64(count)
      let now = ContinuousClock.now
      if let last = state.lastReport, now - last < .milliseconds(100) { return nil }
      state.lastReport = now
      state.failure = report(state.count)
      return state.failure
    }
    if let failure { throw failure }
  }

  /// Reports the end, which nobody can prevent any more.
  func finish() { state.withLock { state in _ = report(state.count) } }

  private func report(_ count: Int64) -> CryptoError? {
    do {
      try reporter.report(
        Progress(
          phase: phase, unit: "bytes", completed: count, total: total, bytes: count,
          expectedBytes: total))
      return nil
    } catch {
      return CryptoError(.cancelled, "the work was stopped before its end", cause: error)
    }
  }
}
