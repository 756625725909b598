#if SFTP
  import Synchronization

  /// A value that a task waits for; the first that is given counts.
  final class Promise<Value: Sendable>: Sendable {
    private enum State {
      case empty
      case awaited(UnsafeContinuation<Value, Never>)
      case fulfilled(Value)
    }
    private let state = Mutex(State.empty)

    func value() async -> Value {
      await withUnsafeContinuation { continuation in
        let value: Value? = state.withLock { state in
          if case .fulfilled(let value) = state { return value }
          state = .awaited(continuation)
          return nil
        }
        if let value { continuation.resume(returning: value) }
      }
    }

    func fulfil(_ value: Value) {
      let continuation: UnsafeContinuation<Value, Never>? = state.withLock { state in
        switch state {
        case .fulfilled: return nil
        case .empty:
          state = .fulfilled(value)
          return nil
        case .awaited(let continuation):
          state = .fulfilled(value)
          return continuation
        }
      }
      continuation?.resume(returning: value)
    }
  }
#endif
