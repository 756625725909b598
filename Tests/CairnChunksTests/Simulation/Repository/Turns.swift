import Synchronization

/// Lets parties take turns in an order that a seed gives, one operation on the target at a time: each waits
/// before every operation, and whose turn it is goes on to its next one.
///
/// A party that works with several threads of its own may go on with those while others have their turn,
/// so a seed repeats a course of events nearly, not always.
final class Turns: Sendable {
  private struct Party {
    var waiting: [CheckedContinuation<Void, Never>] = []
    var wakesAt = 0
  }

  private struct State {
    var random: SeededRandom
    var parties: [Int: Party] = [:]
    /// Those that are not known yet.
    var expected: Int
    /// Whose turn it is.
    var current: Int?
    var time = 0
    var sleeps = 0

    /// The operation that comes next, if nobody has his turn.
    mutating func next() -> CheckedContinuation<Void, Never>? {
      guard current == nil, expected == 0 else { return nil }
      while true {
        let waiting = parties.filter { !$0.value.waiting.isEmpty }
        guard let earliest = waiting.values.map(\.wakesAt).min() else { return nil }
        time = max(time + 1, earliest)
        let awake = waiting.filter { $0.value.wakesAt <= time }.keys.sorted()
        guard let chosen = awake.randomElement(using: &random) else { continue }
        if random.next() % 24 == 0 {
          parties[chosen]?.wakesAt = time + Int(random.next() % 150)
          sleeps += 1
          continue
        }
        current = chosen
        return parties[chosen]?.waiting.removeFirst()
      }
    }
  }

  private let state: Mutex<State>

  init(_ count: Int, seed: UInt64) {
    state = Mutex(State(random: SeededRandom(seed), expected: count))
  }

  /// How often somebody slept.
  var sleeps: Int { state.withLock { $0.sleeps } }

  /// A random number.
  func luck() -> UInt64 { state.withLock { $0.random.next() } }

  /// Returns when it is the party's turn.
  func wait(_ party: Int) async {
    await withCheckedContinuation { continuation in
      state.withLock { state -> CheckedContinuation<Void, Never>? in
        if state.parties[party] == nil { state.expected -= 1 }
        state.parties[party, default: Party()].waiting.append(continuation)
        if state.current == party { state.current = nil }
        return state.next()
      }?.resume()
    }
  }

  /// Tells that an operation has been carried out. The turn goes on until the next one, unless that waits
  /// already.
  func didOperate(_ party: Int) {
    state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.current == party, state.parties[party]?.waiting.isEmpty == false {
        state.current = nil
      }
      return state.next()
    }?.resume()
  }

  /// Tells that a party waits no more.
  func finish(_ party: Int) {
    state.withLock { state -> CheckedContinuation<Void, Never>? in
      if state.current == party { state.current = nil }
      return state.next()
    }?.resume()
  }
}
