/// Jobs that run at the same time on a pool and whose results come back in the order of submission.
///
/// Used by one thread, which keeps at most ``depth`` jobs under way; that bound is what bounds the
/// memory of a pipeline built on it.
package struct OrderedJobs<Result: Sendable>: ~Copyable {
  private let pool: ThreadPool
  private var pending = Queue<Monitor<Result?>>()

  /// The most jobs that may be under way or waiting to be taken.
  package let depth: Int

  package init(on pool: ThreadPool, depth: Int) {
    precondition(depth > 0)
    self.pool = pool
    self.depth = depth
  }

  package var count: Int { pending.count }
  package var isFull: Bool { count >= depth }

  /// Starts a job; the caller takes a result first where ``isFull``.
  package mutating func submit(_ job: @escaping @Sendable () -> Result) {
    precondition(!isFull)
    let slot = Monitor<Result?>(nil)
    pending.append(slot)
    pool.submit {
      let result = job()
      slot.change { $0 = result }
    }
  }

  /// Puts a result that is known already in line.
  package mutating func enqueue(_ result: Result) {
    precondition(!isFull)
    pending.append(Monitor(result))
  }

  /// Waits for the oldest job and takes its result; `nil` if there is none.
  package mutating func next() -> Result? {
    pending.popFirst()?.wait { $0 }
  }
}
