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
/// Used by one thread, that of its session. Memory: three batches of 64 KiB or 1,024 streams, and the
/// buffers of one worker of the session.
public final class ContentQueue {
  private let core: SessionCore
  private var open = Batch()
  private var jobs: OrderedJobs<Result<[Content], ChunkStoreError>>

  /// Streams that lie one behind the other.
  private struct Batch: Sendable {
    var bytes: [UInt8] = []
    var ends: [Int] = []
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
    bytes.withUnsafeBytes { open.bytes.append(contentsOf: $0) }
    open.ends.append(open.bytes.count)
    guard
      open.ends.count == Self.batchCount
        || open.bytes.count > Self.batchSize - Self.maximumLength
    else { return }
    if jobs.isFull { try takeResult(body) }
    let (core, batch) = (core, open)
    open = Batch()
    jobs.submit { Result { () throws(ChunkStoreError) in try Self.store(batch, core) } }
  }

  /// Waits until everything is stored, and lends `body` what had not come out yet.
  ///
  /// - Throws: as ``append(_:_:)`` does.
  public func finish(_ body: (Content) throws -> Void) throws {
    while jobs.count > 0 { try takeResult(body) }
    guard !open.ends.isEmpty else { return }
    let batch = open
    open = Batch()
    for content in try Self.store(batch, core) { try body(content) }
  }

  private func takeResult(_ body: (Content) throws -> Void) throws {
    guard let contents = try jobs.next()?.get() else { return }
    for content in contents { try body(content) }
  }

  private static func store(
    _ batch: Batch, _ core: SessionCore
  ) throws(ChunkStoreError) -> [Content] {
    try core.withLane { (lane) throws(ChunkStoreError) in
      try batch.bytes.withRawBytes { (bytes) throws(ChunkStoreError) in
        var contents: [Content] = []
        contents.reserveCapacity(batch.ends.count)
        var start = 0
        for end in batch.ends {
          var reader = BorrowedReader(
            bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
          var writer = LaneContentWriter(lane, chunker: core.chunker)
          try writer.write(from: &reader)
          contents.append(try writer.finish())
          start = end
        }
        return contents
      }
    }
  }
}
