import Synchronization

/// An ``Appender`` for any threads, one at a time.
final class SharedAppender: @unchecked Sendable {
  // Sendable: `appender` is used only while `lock` is held, and results are Sendable.
  private let appender: Appender
  private let lock = Mutex<Void>(())

  init(_ appender: Appender) {
    self.appender = appender
  }

  @inline(__always)
  func withLock<Result: Sendable>(
    _ body: (Appender) throws(LogError) -> Result
  ) throws(LogError) -> Result {
    try lock.withLock { (_) throws(LogError) in try body(appender) }
  }
}
