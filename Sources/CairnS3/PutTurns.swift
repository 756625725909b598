#if S3
  import CairnChunks
  import Synchronization

  /// Lets the puts of one name in this process follow one another.
  final class PutTurns: Sendable {
    private struct Waiter {
      let id: Int
      let continuation: UnsafeContinuation<Bool, Never>
    }
    private struct State {
      /// The names that are being put, and who waits for each.
      var waiters: [BlobName: [Waiter]] = [:]
      var count = 0
    }
    private let state = Mutex(State())

    /// Waits until nobody else puts a blob of that name; then others wait until it is ended.
    ///
    /// - Returns: false if the task was cancelled: it has no turn then, and ends none.
    func begin(_ name: BlobName) async -> Bool {
      let id = state.withLock { state in
        state.count += 1
        return state.count
      }
      return await withTaskCancellationHandler {
        await withUnsafeContinuation { continuation in
          let outcome: Bool? = state.withLock { state in
            // A cancellation that comes later finds the waiter.
            if Task.isCancelled { return false }
            guard let waiters = state.waiters[name] else {
              state.waiters[name] = []
              return true
            }
            state.waiters[name] = waiters + [Waiter(id: id, continuation: continuation)]
            return nil
          }
          if let outcome { continuation.resume(returning: outcome) }
        }
      } onCancel: {
        let waiter = state.withLock { state -> Waiter? in
          guard let place = state.waiters[name]?.firstIndex(where: { $0.id == id }) else {
            return nil
          }
          return state.waiters[name]?.remove(at: place)
        }
        waiter?.continuation.resume(returning: false)
      }
    }

    func end(_ name: BlobName) {
      let next = state.withLock { state -> Waiter? in
        guard state.waiters[name]?.isEmpty == false else {
          state.waiters[name] = nil
          return nil
        }
        return state.waiters[name]?.removeFirst()
      }
      next?.continuation.resume(returning: true)
    }
  }
#endif
