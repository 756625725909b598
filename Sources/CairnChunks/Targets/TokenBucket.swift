import CairnCore
import Synchronization

/// Lets so many bytes a second pass.
///
/// Whoever asks takes the bytes at once, if need be into debt, and waits until the debt that was
/// there with it is paid: so those who ask are served in turn, and none waits for a wake-up of
/// another. (The token bucket of J. Turner, "New Directions in Communications", 1986, with debt.)
final class TokenBucket: Sendable {
  private struct State {
    /// In bytes; negative for a debt.
    var balance: Double
    var time: Duration
  }

  /// What passes at once after a pause: a quarter of a second's worth, at least one byte.
  let step: Int64
  private let rate: Double
  private let stopwatch: Stopwatch
  private let state: Mutex<State>

  /// How long a thread blocks before it looks whether it still shall.
  private static let slice = Duration.milliseconds(100)

  init(rate: Int64, _ stopwatch: Stopwatch) {
    precondition(rate > 0)
    self.rate = Double(rate)
    self.stopwatch = stopwatch
    step = max(1, rate / 4)
    state = Mutex(State(balance: Double(step), time: stopwatch.elapsed()))
  }

  /// Takes the bytes, and says how long to wait for them.
  private func take(_ count: Int64) -> Duration {
    let now = stopwatch.elapsed()
    return state.withLock { state in
      // Threads may come here in another order than they looked at the clock.
      let passed = max(.zero, now - state.time)
      state.balance = min(Double(step), state.balance + passed / .seconds(1) * rate)
      state.time += passed
      state.balance -= Double(count)
      return state.balance < 0 ? .seconds(-state.balance / rate) : .zero
    }
  }

  /// Gives back bytes that were taken and did not flow.
  func giveBack(_ count: Int64) {
    state.withLock { $0.balance += Double(count) }
  }

  /// - Throws: `CancellationError`.
  func wait(for count: Int64) async throws {
    let delay = take(count)
    guard delay > .zero else { return }
    do {
      try await stopwatch.sleep(delay)
    } catch {
      giveBack(count)
      throw error
    }
  }

  /// Blocks this thread, which is not one of the cooperative pool.
  ///
  /// - Returns: false if it has been cancelled.
  func waitBlocking(for count: Int64, unless isCancelled: CancellationFlag) -> Bool {
    var delay = take(count)
    while !isCancelled.isSet {
      guard delay > .zero else { return true }
      let slice = min(delay, Self.slice)
      stopwatch.block(slice)
      delay -= slice
    }
    giveBack(count)
    return false
  }
}
