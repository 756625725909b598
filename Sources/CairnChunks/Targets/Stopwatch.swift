import CairnCore

/// What a decorator needs of a clock, whichever it was given.
struct Stopwatch: Sendable {
  /// The time since this was made.
  let elapsed: @Sendable () -> Duration
  /// Throws only if the task is cancelled.
  let sleep: @Sendable (Duration) async throws -> Void
  /// Blocks the thread, which is not one of the cooperative pool.
  let block: @Sendable (Duration) -> Void

  init<C: Clock>(_ clock: C) where C.Duration == Duration {
    let start = clock.now
    elapsed = { start.duration(to: clock.now) }
    sleep = { try await clock.sleep(for: $0) }
    if clock is ContinuousClock {
      // Without the cooperative pool, so that this ends whatever happens there.
      block = { pause(nanoseconds: Int(($0 / .nanoseconds(1)).rounded(.up))) }
    } else {
      block = { duration in
        waitForTask { try? await clock.sleep(for: duration) }
      }
    }
  }
}
