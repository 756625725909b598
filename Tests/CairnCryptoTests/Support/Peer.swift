import CairnCore
import Foundation

/// The other side of a pipe or socket: a thread of its own, whose result can be waited for.
final class Peer<Value: Sendable>: Sendable {
  private let result = Monitor<Result<Value, any Error>?>(nil)

  init(_ body: @escaping @Sendable () throws -> Value) {
    let result = result
    Thread.detachNewThread {
      let value = Result { try body() }
      result.change { $0 = value }
    }
  }

  /// Waits until the thread has ended.
  @discardableResult
  func join() throws -> Value { try result.wait { $0 }.get() }

  var hasEnded: Bool { result.withLock { $0 != nil } }
}

/// Waits until `condition` holds, or some seconds are over, and says whether it does.
func eventually(_ condition: () -> Bool) -> Bool {
  for _ in 0..<5000 {
    if condition() { return true }
    usleep(1000)
  }
  return condition()
}
