import Foundation
import Synchronization

/// Work on a thread of its own: what waits for other processes must not wait for the other tests,
/// which all share few threads.
final class OwnThread<Value: Sendable>: Sendable {
  private let result = Mutex<Result<Value, any Error>?>(nil)
  private let isDone = DispatchSemaphore(value: 0)

  init(_ body: @escaping @Sendable () throws -> Value) {
    Thread.detachNewThread { [self] in
      let value = Result { try body() }
      result.withLock { $0 = value }
      isDone.signal()
    }
  }

  /// Waits for the end. Called once.
  func value() throws -> Value {
    isDone.wait()
    return try result.withLock { $0! }.get()
  }
}
