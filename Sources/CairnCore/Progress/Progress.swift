/// A moment in the progress of a long operation.
public struct Progress: Sendable, Hashable, Codable {
  /// What is being done now: "back up", "verify".
  public var phase: String
  /// What ``completed`` and ``total`` count: "files", "packs".
  public var unit: String
  public var completed: Int64
  /// The number there will be, if it is known.
  public var total: Int64?
  /// The bytes handled so far.
  public var bytes: Int64
  /// The bytes there will be, as far as they can be guessed, for instance from an earlier run.
  public var expectedBytes: Int64?

  public init(
    phase: String, unit: String, completed: Int64, total: Int64? = nil, bytes: Int64,
    expectedBytes: Int64? = nil
  ) {
    self.phase = phase
    self.unit = unit
    self.completed = completed
    self.total = total
    self.bytes = bytes
    self.expectedBytes = expectedBytes
  }
}

/// Receives the progress of an operation.
///
/// Called from the library's own threads, one call at a time, some ten times a second; it returns
/// quickly. An error thrown from it ends the operation as if it had been cancelled; nothing
/// that was committed is undone.
public protocol ProgressReporter: Sendable {
  func report(_ progress: Progress) throws
}

/// Ignores progress.
public struct NoProgress: ProgressReporter {
  public init() {}
  public func report(_ progress: Progress) {}
}

/// Hands progress to a closure.
public struct ProgressClosure: ProgressReporter {
  private let body: @Sendable (Progress) throws -> Void

  public init(_ body: @escaping @Sendable (Progress) throws -> Void) {
    self.body = body
  }

  public func report(_ progress: Progress) throws {
    try body(progress)
  }
}

/// Offers progress as an asynchronous sequence, of which a slow reader sees the newest moment.
public struct ProgressStream: ProgressReporter {
  public let updates: AsyncStream<Progress>
  private let continuation: AsyncStream<Progress>.Continuation

  public init() {
    (updates, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  public func report(_ progress: Progress) {
    continuation.yield(progress)
  }

  /// Ends the sequence.
  public func finish() {
    continuation.finish()
  }
}
