public import CairnCore
import CairnCrypto

/// Reads a repository without `await`, one call after the other, for programs that make millions of
/// small reads: an exporter, an importer, a server of files.
///
///     let sum = try await repository.withBlockingReader { reader in
///       var sum: UInt64 = 0
///       try reader.forEachEntry(of: tree) { entry in
///         sum += entry.weight
///         return true
///       }
///       return sum
///     }
///
/// It lives on a thread of the library's own for the duration of a call, and blocks it. Memory: the
/// nodes and blocks that were read lately, some 12 MiB, and what the repository keeps for all who
/// read it, 8 MiB.
///
/// Errors: ``ChunkStoreError/Code/missing`` and ``ChunkStoreError/Code/damaged`` where the
/// repository does not hold what it should, besides those of the target.
public class BlockingReader {
  let repository: Repository
  let chunks: ChunkReader
  let nodes: EntryNodeLoader

  static let recentBudget = 8 << 20

  init(_ repository: Repository, _ chunks: ChunkReader) {
    self.repository = repository
    self.chunks = chunks
    nodes = EntryNodeLoader(chunks)
  }

  // MARK: Chunks

  /// Reads a chunk and checks it against its id.
  public func chunk(_ id: ChunkID) throws(ChunkStoreError) -> Chunk {
    try chunks.withChunk(id) { (record) throws(ChunkStoreError) in
      Chunk(links: record.links, data: Array(record.data))
    }
  }

  // MARK: Streams

  /// Reads a range of a stream, fewer bytes if it ends before.
  ///
  /// - Throws: ``ChunkStoreError/Code/invalid`` for more than 2 GiB, which belong in a writer.
  public func read(
    _ content: Content, in range: Range<UInt64>? = nil
  ) throws(ChunkStoreError) -> [UInt8] {
    try ContentReader(chunks).bytes(of: content, in: range ?? 0..<content.byteCount)
  }

  /// Writes a stream to a writer, in bounded memory; what is written has been checked.
  ///
  /// - Throws: ``ChunkStoreError/Code/host`` with the writer's error if that fails.
  public func read(
    _ content: Content, to writer: inout some ByteWriter
  ) throws(ChunkStoreError) {
    try ContentReader(chunks).write(content, in: nil, to: &writer)
  }

  // MARK: Sorted trees

  /// The entry of a key, or `nil`. O(log n) nodes.
  public func entry(_ key: [UInt8], in tree: EntryTree) throws(ChunkStoreError) -> Entry? {
    var found: Entry?
    try nodes.forEachRecord(of: tree, from: key, to: key + [0]) {
      (leaf, record) throws(ChunkStoreError) in
      found = leaf.withRecord(record) { key, value, links in
        EntryView(key: key, value: value, linkBytes: links, weight: leaf.weights[record]).entry
      }
      return false
    }
    return found
  }

  /// Lends the entries from a key up to, but without, another to `body`, in order, until it returns
  /// `false`.
  ///
  /// - Parameters:
  ///   - lower: from the first entry on if it is `nil`.
  ///   - upper: to the end if it is `nil`.
  /// - Throws: ``ChunkStoreError``, or what `body` throws.
  public func forEachEntry(
    of tree: EntryTree, from lower: [UInt8]? = nil, to upper: [UInt8]? = nil,
    _ body: (borrowing EntryView) throws -> Bool
  ) throws {
    var failure: (any Error)?
    try nodes.forEachRecord(of: tree, from: lower, to: upper) {
      (leaf, record) throws(ChunkStoreError) in
      do {
        return try leaf.withRecord(record) { (key, value, links) throws in
          try body(
            EntryView(key: key, value: value, linkBytes: links, weight: leaf.weights[record]))
        }
      } catch {
        failure = error
        return false
      }
    }
    if let failure { throw failure }
  }
}

/// An entry of an ``EntryTree`` that is lent for the duration of a call.
public struct EntryView: ~Escapable {
  public let key: RawSpan
  public let value: RawSpan
  /// The ids of the links, 32 bytes each.
  private let linkBytes: RawSpan
  public let weight: UInt64

  @_lifetime(copy key, copy value, copy linkBytes)
  init(key: RawSpan, value: RawSpan, linkBytes: RawSpan, weight: UInt64) {
    self.key = key
    self.value = value
    self.linkBytes = linkBytes
    self.weight = weight
  }

  public var linkCount: Int { linkBytes.byteCount / ChunkID.byteCount }

  /// - Precondition: `number` is less than ``linkCount``.
  public func link(_ number: Int) -> ChunkID {
    let start = number * ChunkID.byteCount
    return ChunkID(Digest(bytes: linkBytes.extracting(start..<start + ChunkID.byteCount)))
  }

  /// A copy to keep.
  public var entry: Entry {
    var links: [ChunkID] = []
    for number in 0..<linkCount { links.append(link(number)) }
    return Entry(key: Array(key), value: Array(value), links: links, weight: weight)
  }
}

extension Repository {
  /// Runs `body` on a thread of the library's own with a reader that needs no `await`.
  public func withBlockingReader<Result: Sendable>(
    _ body: @escaping @Sendable (BlockingReader) throws -> Result
  ) async throws -> Result {
    try await loadIndexOnce()
    return try await ThreadPool.engines.run { () throws -> Result in
      let recent = RecentChunks(budget: BlockingReader.recentBudget)
      return try body(BlockingReader(self, ChunkReader(self, recent: recent, flush: nil)))
    }
  }
}

extension BlockingReader {
  /// Calls `body` with each key whose entry is not the same in two trees, in order, and with the
  /// entry that each has. Subtrees that both have are skipped unread.
  ///
  /// - Throws: ``ChunkStoreError``, or what `body` throws.
  public func forEachDifference(
    from old: EntryTree, to new: EntryTree, _ body: (_ old: Entry?, _ new: Entry?) throws -> Void
  ) throws {
    let difference = EntryDifference(
      from: try EntryCursor(old, chunks), to: try EntryCursor(new, chunks))
    while let change = try difference.next() {
      try body(
        change == .added ? nil : difference.old.entry,
        change == .removed ? nil : difference.new.entry)
    }
  }
}
