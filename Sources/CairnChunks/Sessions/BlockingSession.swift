public import CairnCore
import CairnCrypto

/// A ``WriteSession`` without `await`, for programs that store millions of small things one after
/// the other, and build on what they stored: an importer that makes each tree from the one before.
///
///     try await session.withBlockingSession { session in
///       var tree = try session.store(sortedEntries: [])
///       for batch in batches { tree = try session.edit(tree, batch) }
///       try session.publish(name: "import", chunk: tree.root)
///     }
///
/// What was stored can be read at once. Nodes that were stored lately are kept in memory; reading
/// something else that is in no pack yet makes it durable first, so whoever reads what he has just
/// stored all the time, and more than ``BlockingReader`` keeps, writes many small packs.
///
/// It lives on a thread of the library's own for the duration of a call, and blocks it. Others may
/// use the session at the same time.
public final class BlockingSession: BlockingReader {
  let core: SessionCore
  private let recent: RecentChunks
  /// Reads what can be read without a flush, as those must who hold a lane.
  private let storedChunks: ChunkReader

  init(_ session: WriteSession) {
    let core = session.core
    self.core = core
    recent = RecentChunks(budget: Self.recentBudget)
    storedChunks = ChunkReader(session.repository, recent: recent, flush: nil)
    let reader = ChunkReader(
      session.repository, recent: recent, flush: { () throws(ChunkStoreError) in try core.flush() })
    super.init(session.repository, reader)
  }

  /// What the session did so far.
  public var statistics: SessionStatistics { core.statistics.snapshot }

  /// Stores a chunk unless it is there, and returns its id.
  ///
  /// - Throws: ``ChunkStoreError``; ``ChunkStoreError/Code/invalid`` if it is larger than
  ///   ``Chunk/maximumSize``, or has a link to a chunk that is not stored.
  public func store(_ chunk: Chunk) throws(ChunkStoreError) -> ChunkID {
    try core.requireKnown(chunk.links)
    var links = BinaryWriter(reserving: chunk.links.count * ChunkID.byteCount)
    for link in chunk.links { link.digest.withBytes { links.append($0) } }
    return try core.withLane { (lane) throws(ChunkStoreError) in
      try links.bytes.withRawBytes { (links) throws(ChunkStoreError) in
        try chunk.data.withRawBytes { (data) throws(ChunkStoreError) in
          let id = try lane.store(
            links: links, data: data, in: links.isEmpty ? .content : .nodes)
          if !links.isEmpty { recent.insert(id, links: links, data: data) }
          return id
        }
      }
    }
  }

  /// Stores bytes as a stream.
  public func store(_ bytes: RawSpan) throws(ChunkStoreError) -> Content {
    try bytes.withUnsafeBytes { (bytes) throws(ChunkStoreError) in
      var reader = BorrowedReader(bytes: bytes)
      return try store(contentsOf: &reader)
    }
  }

  /// Stores what a reader gives until its end as a stream, in bounded memory, on this thread.
  ///
  /// - Throws: ``ChunkStoreError/Code/host`` with the reader's error if that fails; the session can
  ///   be used on.
  public func store(contentsOf reader: inout some ByteReader) throws(ChunkStoreError) -> Content {
    try core.withLane { (lane) throws(ChunkStoreError) in
      var writer = LaneContentWriter(lane, chunker: core.chunker)
      try writer.write(from: &reader)
      return try writer.finish()
    }
  }

  /// Stores entries, which are in the order of their keys, as a tree.
  public func store(sortedEntries: [Entry]) throws(ChunkStoreError) -> EntryTree {
    let builder = makeBuilder(revising: nil)
    return try core.withLane { (lane) throws(ChunkStoreError) in
      for entry in sortedEntries {
        try core.requireKnown(entry.links)
        try builder.append(entry, lane)
      }
      return try builder.finish(lane)
    }
  }

  /// The tree that a batch of changes makes of another, which stays as it is.
  ///
  /// Without deltas, it is the tree that ``store(sortedEntries:)`` makes of the same entries. What is
  /// read and written are the nodes on the paths to the changes, and a few beside them.
  ///
  /// - Parameters:
  ///   - tree: stored by this session or an earlier one.
  ///   - edits: in the order of their keys; none overlaps another.
  ///   - deltas: which nodes are stored as what differs from those of `tree`.
  /// - Throws: ``ChunkStoreError/Code/invalid`` if the changes are not in order, a key is too long,
  ///   or a link leads to a chunk that is not stored.
  public func edit(
    _ tree: EntryTree, _ edits: [EntryEdit], deltas: DeltaPolicy = .none
  ) throws(ChunkStoreError) -> EntryTree {
    if edits.isEmpty { return tree }
    let revision = EntryTreeRevision(of: tree, deltas, storedChunks)
    return try EntryTreeEditor(core, nodes, makeBuilder(revising: revision)).edit(tree, edits)
  }

  private func makeBuilder(revising revision: EntryTreeRevision?) -> EntryTreeBuilder {
    EntryTreeBuilder(
      nodeSize: repository.layout.nodeSize, recent: recent, revision: revision)
  }

  /// Makes everything durable that the session stored so far, without publishing it.
  public func flush() throws(ChunkStoreError) { try core.flush() }

  /// Commits; see ``WriteSession/publish(name:chunk:fields:time:)``.
  @discardableResult
  public func publish(
    name: String, chunk: ChunkID, fields: [String: String] = [:], time: Int64? = nil
  ) throws(ChunkStoreError) -> Root {
    try core.publish(name: name, chunk: chunk, fields: fields, time: time ?? currentTime())
  }
}

/// Reads bytes that somebody lends for the duration of a call.
struct BorrowedReader: ByteReader {
  let bytes: UnsafeRawBufferPointer
  var position = 0

  mutating func read(into buffer: inout OutputRawSpan) -> Int {
    let (bytes, position) = (bytes, position)
    let count = buffer.append { free in
      let count = min(free.count, bytes.count - position)
      free.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[position..<position + count]))
      return count
    }
    self.position += count
    return count
  }
}

extension WriteSession {
  /// Runs `body` on a thread of the library's own with this session in a form that needs no
  /// `await`.
  public func withBlockingSession<Result: Sendable>(
    _ body: @escaping @Sendable (BlockingSession) throws -> Result
  ) async throws -> Result {
    try await ThreadPool.engines.run { () throws -> Result in try body(BlockingSession(self)) }
  }
}
