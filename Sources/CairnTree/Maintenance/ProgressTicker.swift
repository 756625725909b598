import CairnCore

/// Tells a reporter of progress some ten times a second.
struct ProgressTicker {
  private let reporter: any ProgressReporter
  private var progress: Progress
  private let bytesPerStep: Int
  private var next = ContinuousClock.now
  /// Looking at the clock for each of many steps would take longer than some of them.
  private var untilLook = 1

  init(
    _ reporter: any ProgressReporter, _ phase: String, unit: String, total: Int?, bytesPerStep: Int
  ) {
    self.reporter = reporter
    self.bytesPerStep = bytesPerStep
    progress = Progress(
      phase: phase, unit: unit, completed: 0, total: total.map { Int64($0) }, bytes: 0)
  }

  /// Counts a step.
  ///
  /// - Throws: ``TreeError``, `.cancelled`.
  mutating func step(_ count: Int = 1) throws(TreeError) {
    progress.completed += Int64(count)
    progress.bytes += Int64(count * bytesPerStep)
    untilLook -= 1
    guard untilLook == 0 else { return }
    untilLook = 16
    let now = ContinuousClock.now
    guard now >= next else { return }
    next = now + .milliseconds(100)
    try report()
  }

  /// Tells of the end.
  mutating func finish() {
    // At completion there is nothing left to be ended.
    try? report()
  }

  private func report() throws(TreeError) {
    do {
      try reporter.report(progress)
    } catch {
      throw TreeError(.cancelled, "the operation was ended while it went on: \(error)")
    }
  }
}
