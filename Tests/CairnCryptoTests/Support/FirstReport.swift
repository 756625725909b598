import CairnCore

/// Does something at the first report of progress, which comes before anything is written.
final class FirstReport: ProgressReporter {
  private let body: @Sendable () throws -> Void
  private let isDone = Monitor(false)

  init(_ body: @escaping @Sendable () throws -> Void) { self.body = body }

  func report(_ progress: Progress) throws {
    let isFirst = isDone.withLock { isDone in
      defer { isDone = true }
      return !isDone
    }
    if isFirst { try body() }
  }
}
