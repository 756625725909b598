import CairnCore

/// Stores many small streams on another thread, batch by batch, while its user goes on. What they are
/// stored as comes out in the order in which they went in.
///
///     let queue = ContentQueue(session)
///     for file in files {
///       try queue.append(file.span.bytes) { contents.append($0) }
///     }
///     try queue.finish { contents.append($0) }
///
/// A few that are asked for at once are stored by ``finish(_:)`` on the thread that asks.
///
/// Used by one thread, that of its session. Memory: three batches of 64 KiB and 64 bytes for each of
/// up to 1,024 streams, which are made as they are needed and used again, and the buffers of one
/// worker of the session.
public final class ContentQueue {
  private let core: SessionCore
  private var open = Batch()
  private var spare: [Batch] = []
  private var jobs: OrderedJobs<Result<Batch, ChunkStoreError>>

  /// Streams that lie one behind the other, and what they are stored as.
  private final class Batch: @unchecked Sendable {
    // Sendable: a batch is with the user of the queue, or with the one job that stores it.
    let bytes = ByteBuffer(capacity: ContentQueue.batchSize)
    private(set) var ends: [Int] = []
    private(set) var contents: [Content] = []

    func append(_ stream: RawSpan) {
      stream.withUnsafeBytes { bytes.append($0) }
      ends.append(bytes.count)
    }

    var isFull: Bool {
      ends.count == ContentQueue.batchCount
        || bytes.count > ContentQueue.batchSize - ContentQueue.maximumLength
    }

    /// Stores the streams.
    func store(_ core: SessionCore) throws(ChunkStoreError) {
      try core.withLane { (lane) throws(ChunkStoreError) in
        var start = 0
        for end in ends {
          let stream = UnsafeRawBufferPointer(rebasing: bytes.bytes[start..<end])
          var reader = BorrowedReader(bytes: stream)
          var writer = LaneContentWriter(lane, chunker: core.chunker)
          try writer.write(from: &reader)
          contents.append(try writer.finish())
          start = end
        }
      }
    }

    /// Forgets everything but the memory.
    func removeAll() {
      bytes.removeAll()
      ends.removeAll(keepingCapacity: true)
      contents.removeAll(keepingCapacity: true)
    }
  }

  /// The most bytes of a stream.
  public static let maximumLength = 16 << 10
  /// As many bytes of small streams take a hundred times as long to store as to hand over.
  private static let batchSize = 64 << 10
  private static let batchCount = 1024
  private static let depth = 2

  public init(_ session: BlockingSession) {
    core = session.core
    jobs = OrderedJobs(on: core.workers, depth: Self.depth)
  }

  deinit {
    // Nothing of the session is in use behind its end.
    while jobs.next() != nil {}
  }

  /// Whether everything that was appended has come out.
  public var isEmpty: Bool { open.ends.isEmpty && jobs.count == 0 }

  /// Appends a stream; waits while there are too many batches.
  ///
  /// - Parameters:
  ///   - bytes: not more than ``maximumLength``.
  ///   - body: gets what the oldest streams are stored as, if it was waited for.
  /// - Throws: ``ChunkStoreError`` that storing any stream before met, or what `body` throws; what did
  ///   not come out by then is lost.
  public func append(_ bytes: RawSpan, _ body: (Content) throws -> Void) throws {
    precondition(bytes.byteCount <= Self.maximumLength)
    open.append(bytes)
    guard open.isFull else { return }
    if jobs.isFull { try takeResult(body) }
    let (core, batch) = (core, open)
    open = spare.popLast() ?? Batch()
    jobs.submit {
      Result { () throws(ChunkStoreError) in
        try batch.store(core)
        return batch
      }
    }
  }

  /// Waits until everything is stored, and lends `body` what had not come out yet.
  ///
  /// - Throws: as ``append(_:_:)`` does.
  public func finish(_ body: (Content) throws -> Void) throws {
    while jobs.count > 0 { try takeResult(body) }
    guard !open.ends.isEmpty else { return }
    let batch = open
    open = spare.popLast() ?? Batch()
    try batch.store(core)
    try take(batch, body)
  }

  private func takeResult(_ body: (Content) throws -> Void) throws {
    guard let batch = try jobs.next()?.get() else { return }
    try take(batch, body)
  }

  private func take(_ batch: Batch, _ body: (Content) throws -> Void) throws {
    defer {
      batch.removeAll()
      spare.append(batch)
    }
    for content in batch.contents { try body(content) }
  }
}
