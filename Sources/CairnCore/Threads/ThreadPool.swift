#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Threads of our own, for work that blocks or computes for long: they keep the cooperative pool
/// free for the host's tasks.
///
/// Threads start when there is work for them, up to the limit, and end after the pool is released
/// and its work is done.
package final class ThreadPool: Sendable {
  package typealias Job = @Sendable () -> Void

  private struct State {
    var jobs = Queue<Job>()
    var threads = 0
    var idle = 0
    var isClosed = false
  }

  /// The most threads that run at once.
  package let limit: Int
  private let state = Monitor(State())

  package init(limit: Int) {
    precondition(limit > 0)
    self.limit = limit
  }

  deinit {
    state.change { $0.isClosed = true }
  }

  /// Threads for blocking calls made on behalf of `async` functions, shared by the process.
  package static let blocking = ThreadPool(limit: 16)

  /// Threads that direct a long operation and wait for others, so never those of ``blocking``.
  package static let engines = ThreadPool(limit: 256)

  /// Runs `job` on one of the threads, in the order of submission.
  ///
  /// - Precondition: the system has a thread to give, unless this pool has one already.
  package func submit(_ job: @escaping Job) {
    let hasThread = offer(job)
    precondition(hasThread, "the system refuses another thread")
  }

  /// As ``submit(_:)``, for work that others do if this job never runs: where the system has no
  /// thread to give, the job waits until this pool gets one, if ever.
  ///
  /// - Returns: Whether this pool has a thread.
  @discardableResult
  package func offer(_ job: @escaping Job) -> Bool {
    let needsThread = state.change { state in
      state.jobs.append(job)
      guard state.idle < state.jobs.count, state.threads < limit else { return false }
      state.threads += 1
      return true
    }
    if !needsThread || startThread() { return true }
    return state.change { state in
      state.threads -= 1
      return state.threads > 0
    }
  }

  /// Runs `body` on one of the threads and waits for its result without blocking the caller's.
  package func run<Result: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Result
  ) async throws(Failure) -> Result {
    let outcome = await withUnsafeContinuation { continuation in
      submit {
        do throws(Failure) {
          continuation.resume(returning: Swift.Result<Result, Failure>.success(try body()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    return try outcome.get()
  }

  /// - Returns: Whether the system had a thread to give.
  private func startThread() -> Bool {
    // The thread holds the queue, not the pool, so that releasing the pool ends it.
    let state = state
    return detachThread {
      while true {
        let job: Job? = state.wait { state in
          if let job = state.jobs.popFirst() { return .some(job) }
          if state.isClosed { return .some(nil) }
          state.idle += 1
          return nil
        } onWake: { state in
          state.idle -= 1
        }
        guard let job else { return }
        job()
      }
    }
  }
}

private final class ThreadStart {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

/// Starts a thread that nobody joins, if the system has one to give.
private func detachThread(_ body: @escaping @Sendable () -> Void) -> Bool {
  let argument = Unmanaged.passRetained(ThreadStart(body)).toOpaque()
  #if canImport(Darwin)
    var thread: pthread_t?
    let result = pthread_create(&thread, nil, { runThread($0) }, argument)
    if let thread { pthread_detach(thread) }
  #else
    var thread = pthread_t()
    let result = pthread_create(&thread, nil, { runThread($0!) }, argument)
    if result == 0 { pthread_detach(thread) }
  #endif
  if result != 0 { Unmanaged<ThreadStart>.fromOpaque(argument).release() }
  return result == 0
}

private func runThread(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
  Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().body()
  return nil
}
