/// Another target, whose calls are made again when they fail with an error that it calls temporary.
///
/// Between attempts passes a random time of at most ``Policy/firstDelay``, then twice that, and so
/// on up to ``Policy/longestDelay``, so that many clients do not come back all at once (exponential
/// backoff with full jitter; M. Brooker, "Exponential Backoff And Jitter", 2015). If the server says
/// how long to wait, that long at the least. After ``Policy/deadline`` the last error is thrown, and
/// says how often was tried. All other errors are thrown at once.
///
/// That is safe because all calls of a ``Target`` may be repeated: an attempt that took effect, and
/// was reported as failed, is not felt by the next.
public struct RetryingTarget: TargetDecorator {
  /// How long to wait, and for how long to go on.
  public struct Policy: Sendable, Hashable {
    /// The longest wait before the second attempt. By default 200 ms: some round trips.
    public var firstDelay: Duration
    /// The longest wait before any attempt that the server does not ask for. By default 30 s: whoever
    /// waits for a backup does not wait much longer than the network was away.
    public var longestDelay: Duration
    /// The time from the beginning of a call after which no further attempt is begun. By default 5
    /// minutes: a router or a server has restarted by then.
    public var deadline: Duration

    public init(
      firstDelay: Duration = .milliseconds(200), longestDelay: Duration = .seconds(30),
      deadline: Duration = .seconds(300)
    ) {
      self.firstDelay = firstDelay
      self.longestDelay = longestDelay
      self.deadline = deadline
    }
  }

  public let base: any Target
  public let policy: Policy
  private let stopwatch: Stopwatch

  /// - Parameter clock: what measures and waits; one of your own for tests.
  public init(
    _ base: any Target, _ policy: Policy = Policy(),
    clock: some Clock<Duration> = ContinuousClock()
  ) {
    self.base = base
    self.policy = policy
    stopwatch = Stopwatch(clock)
  }

  private func retrying<Result: Sendable>(
    _ body: @Sendable () async throws(ChunkStoreError) -> Result
  ) async throws(ChunkStoreError) -> Result {
    let start = stopwatch.elapsed()
    var attempts = 0
    var longest = policy.firstDelay
    while true {
      let failure: ChunkStoreError
      do throws(ChunkStoreError) {
        return try await body()
      } catch {
        failure = error
      }
      attempts += 1
      guard failure.isTemporary else { throw failure }
      let delay = max(longest * Double.random(in: 0...1), failure.retryAfter ?? .zero)
      let elapsed = stopwatch.elapsed() - start
      guard elapsed + delay <= policy.deadline else {
        throw failure.after(attempts: attempts, elapsed)
      }
      do {
        try await stopwatch.sleep(delay)
      } catch {
        throw ChunkStoreError(
          .cancelled, "cancelled while waiting to try again: \(failure.message)",
          blob: failure.blob, cause: failure.cause)
      }
      longest = min(longest * 2, policy.longestDelay)
    }
  }

  public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    try await retrying { () async throws(ChunkStoreError) -> Void in
      try await base.put(name, source)
    }
  }

  public func get(
    _ name: BlobName, range: Range<Int64>?
  ) async throws(ChunkStoreError) -> [UInt8] {
    try await retrying { () async throws(ChunkStoreError) -> [UInt8] in
      try await base.get(name, range: range)
    }
  }

  public func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    try await retrying { () async throws(ChunkStoreError) -> Int64? in
      try await base.size(of: name)
    }
  }

  public func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    try await retrying { () async throws(ChunkStoreError) -> [BlobInfo] in
      try await base.list(prefix, after: after, limit: limit)
    }
  }

  /// After a failure it goes on behind the last blob, page by page.
  public func forEachBlob(
    _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    var last: BlobName?
    var isBodys = false
    do throws(ChunkStoreError) {
      return try await base.forEachBlob(prefix) { (blob) async throws(ChunkStoreError) in
        isBodys = true
        try await body(blob)
        isBodys = false
        last = blob.name
      }
    } catch {
      guard !isBodys, error.isTemporary else { throw error }
    }
    try await forEachListedBlob(prefix, after: last, body)
  }

  public func delete(_ name: BlobName) async throws(ChunkStoreError) {
    try await retrying { () async throws(ChunkStoreError) -> Void in
      try await base.delete(name)
    }
  }
}

extension ChunkStoreError {
  @inline(never)
  fileprivate func after(attempts: Int, _ elapsed: Duration) -> ChunkStoreError {
    ChunkStoreError(
      code,
      "\(message) (tried \(attempts == 1 ? "once" : "\(attempts) times") in \(elapsed.components.seconds) s)",
      blob: blob, cause: cause, retryAfter: retryAfter)
  }
}
