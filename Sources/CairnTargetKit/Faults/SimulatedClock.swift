import Synchronization

/// A clock whose time passes only when somebody sleeps, and then at once.
///
/// With it, what waits is tested without waiting: for instance a `RetryingTarget`.
public final class SimulatedClock: Clock {
  public struct Instant: InstantProtocol {
    let time: Duration

    public func advanced(by duration: Duration) -> Instant {
      Instant(time: time + duration)
    }

    public func duration(to other: Instant) -> Duration { other.time - time }

    public static func < (left: Instant, right: Instant) -> Bool { left.time < right.time }
  }

  private struct State {
    var time = Duration.zero
    var sleeps: [Duration] = []
  }

  private let state = Mutex(State())

  public init() {}

  public var now: Instant { Instant(time: state.withLock { $0.time }) }
  public var minimumResolution: Duration { .zero }

  /// How long each sleep was to last, in the order in which they began.
  public var sleeps: [Duration] { state.withLock { $0.sleeps } }

  /// Lets time pass.
  public func advance(by duration: Duration) {
    state.withLock { $0.time += duration }
  }

  /// - Throws: `CancellationError`.
  public func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try Task.checkCancellation()
    state.withLock { state in
      state.sleeps.append(max(.zero, deadline.time - state.time))
      state.time = max(state.time, deadline.time)
    }
    // Those who wait for what others do get their turn.
    await Task.yield()
  }
}
