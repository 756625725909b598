import CairnCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A thread that flushes a log from time to time.
final class FlushTimer: Sendable {
  private struct State {
    var appender: SharedAppender?
    var isFlushing = false
  }

  private let state: Monitor<State>
  private let threads = ThreadPool(limit: 1)

  /// Without a thread to be had, nothing is flushed in time.
  init(_ interval: Duration, _ appender: SharedAppender) {
    let state = Monitor(State(appender: appender))
    self.state = state
    let (seconds, attoseconds) = interval.components
    let attosecondsPerNanosecond: Int64 = 1_000_000_000
    let nanoseconds = Int(max(0, attoseconds / attosecondsPerNanosecond))
    threads.offer {
      var goesOn = true
      while goesOn {
        var pause = timespec(tv_sec: time_t(max(0, seconds)), tv_nsec: nanoseconds)
        nanosleep(&pause, nil)
        goesOn = Self.flush(state)
      }
    }
  }

  /// - Returns: whether to go on.
  private static func flush(_ state: Monitor<State>) -> Bool {
    guard flushOnce(state) else { return false }
    // After the appender was let go: who waits in `end` may close its files.
    state.change { $0.isFlushing = false }
    return true
  }

  private static func flushOnce(_ state: Monitor<State>) -> Bool {
    let appender = state.withLock { state in
      state.isFlushing = state.appender != nil
      return state.appender
    }
    guard let appender else { return false }
    do throws(LogError) {
      try appender.withLock { (appender) throws(LogError) in try appender.flushIfNeeded() }
    } catch {
      // The appender keeps it, and the next call that appends throws it.
    }
    return true
  }

  /// Ends it, and waits for a flush that it makes.
  func end() {
    state.change { $0.appender = nil }
    _ = state.wait { state in state.isFlushing ? nil : true }
  }
}
