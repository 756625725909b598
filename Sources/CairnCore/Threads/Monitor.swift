#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A value that threads share under a lock, and on whose changes they can wait.
///
/// `Synchronization.Mutex` has no condition variable; this is what our own threads, which may
/// block, use instead of tasks, which may not.
package final class Monitor<State>: @unchecked Sendable {
  // Sendable: `state` is read and written only while `mutex` is held, and does not escape the
  // closures (it is lent `inout`; what is returned is `sending`). The lock and the condition live
  // at stable addresses until deinit, when no other reference, hence no waiter, exists.
  private var state: State
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  package init(_ state: consuming sending State) {
    self.state = state
    mutex = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    changed.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(mutex)
    changed.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` with the value locked.
  package func withLock<Result>(
    _ body: (inout sending State) -> sending Result
  ) -> sending Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body(&state)
  }

  /// Runs `body` with the value locked, then wakes all who wait.
  package func change<Result>(
    _ body: (inout sending State) -> sending Result
  ) -> sending Result {
    pthread_mutex_lock(mutex)
    defer {
      pthread_cond_broadcast(changed)
      pthread_mutex_unlock(mutex)
    }
    return body(&state)
  }

  /// Blocks this thread until `body` gives a result; it is asked again after each ``change(_:)``,
  /// and `onWake` runs before it is.
  ///
  /// Never called on the cooperative pool.
  package func wait<Result>(
    _ body: (inout sending State) -> sending Result?,
    onWake: (inout State) -> Void = { _ in }
  ) -> sending Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&state) { return result }
      pthread_cond_wait(changed, mutex)
      onWake(&state)
    }
  }
}
