import CairnCore
import CairnCrypto

/// Reads chunks from packs: opens what is needed of a pack, unpacks blocks, checks every id.
///
/// Blocks are kept, within a budget, and opened segments in the repository's ``PackWindows``, so that
/// chunks that lie together are read for the price of one. Used by one thread at a time, one of the
/// library's own, since it blocks.
package final class ChunkReader: @unchecked Sendable {
  // Sendable: a reader is either in its repository's list, under the lock, or with the one thread
  // that took it from there.
  private let index: any ChunkIndex
  private let windows: PackWindows
  private let compressors: [any Compressor]
  private let hasher: ChunkHasher
  private let layout: RepositoryLayout

  private struct BlockKey: Hashable {
    let pack: Int
    let offset: Int
  }

  private struct CachedBlock {
    let raw: ByteBuffer
    var lastUse: UInt64
  }

  private var blocks: [BlockKey: CachedBlock] = [:]
  private var blockBytes = 0
  /// The memory of blocks that were let go of.
  private var spare: [ByteBuffer] = []
  private let blockBudget: Int
  private var clock: UInt64 = 0
  /// How many chunks were lent so far, by which it is seen how much of a tree was read.
  private(set) var lentChunks = 0
  /// Chunks that need not be looked for in packs.
  private let recent: RecentChunks?
  /// Chunks of this machine.
  private let local: LocalChunks?
  /// Whether chunks that are not local are looked for in packs.
  private let readsPacks: Bool
  /// Puts what was stored where it can be read.
  private let flush: (() throws(ChunkStoreError) -> Void)?
  /// Takes note of packs that a collection wrote anew; whether there were any.
  private let findMoved: () throws(ChunkStoreError) -> Bool
  private var scratch = ByteBuffer(capacity: 256 << 10)

  /// - Parameters:
  ///   - blockBudget: how many bytes of unpacked blocks are kept.
  ///   - local: chunks of this machine, which are lent first; whoever may only write finds no
  ///     others.
  package convenience init(
    _ repository: Repository, blockBudget: Int = 2 << 20, local: LocalChunks? = nil
  ) {
    self.init(repository, blockBudget: blockBudget, recent: nil, local: local, flush: nil)
  }

  /// - Parameters:
  ///   - recent: chunks that are lent without looking for them; small ones with links are added.
  ///   - flush: called when a chunk is in no pack, which it may be afterwards.
  init(
    _ repository: Repository, blockBudget: Int = 2 << 20, recent: RecentChunks?,
    local: LocalChunks? = nil, flush: (() throws(ChunkStoreError) -> Void)?
  ) {
    self.recent = recent
    self.local = local
    self.flush = flush
    readsPacks = repository.capability != .writer || local == nil
    // Weak: the repository keeps readers.
    findMoved = { [weak repository] () throws(ChunkStoreError) -> Bool in
      guard let repository else { return false }
      return try waitForTask { () async throws(ChunkStoreError) -> Bool in
        try await repository.findMovedPacks()
      }
    }
    index = repository.loadedIndex
    windows = repository.packWindows
    layout = repository.layout
    compressors = repository.compressors
    hasher = ChunkHasher(repository.access.idKey)
    self.blockBudget = blockBudget
  }

  /// Lends a chunk to `body`, after its id has been checked.
  func withChunk<Result>(
    _ id: ChunkID, _ body: (borrowing ChunkRecord) throws(ChunkStoreError) -> Result
  ) throws(ChunkStoreError) -> Result {
    if let recent, let record = recent.record(of: id) {
      do {
        return try body(try ChunkRecord(record.span.bytes))
      } catch let error as ChunkStoreError {
        throw error
      } catch {
        preconditionFailure("the record was made by this process: \(error)")
      }
    }
    lentChunks += 1
    if let record = local?.record(of: id, hasher) {
      do {
        return try body(try ChunkRecord(record.span.bytes))
      } catch let error as ChunkStoreError {
        throw error
      } catch {
        preconditionFailure("the record was checked against its id: \(error)")
      }
    }
    guard readsPacks else {
      throw ChunkStoreError(
        .missing,
        "the chunk \(id) is not in this machine's copy of its last backup, so what it describes is "
          + "read again")
    }
    var found = try index.place(of: id)
    if found == nil, let flush {
      try flush()
      found = try index.place(of: id)
    }
    guard let first = found else { throw .missing(id) }
    let (block, place) = try soundCopy(of: id, at: first)
    do {
      let record = try ChunkRecord(block.bytes.bytes.extracting(Self.range(of: place, in: block)))
      if let recent, record.linkCount > 0 { recent.insert(id, record) }
      return try body(record)
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      preconditionFailure("the record was checked: \(error)")
    }
  }

  /// The block that holds a chunk, checked against its id. A copy in another pack is taken where one
  /// is damaged, or was moved.
  private func soundCopy(
    of id: ChunkID, at first: ChunkPlace
  ) throws(ChunkStoreError) -> (ByteBuffer, ChunkPlace) {
    var place = first
    var damaged: Set<Int> = []
    while true {
      do throws(ChunkStoreError) {
        let block = try self.block(at: place.block)
        try check(id, at: place, in: block)
        return (block, place)
      } catch {
        if error.code == .missing, damaged.isEmpty, try findMoved(),
          let moved = try index.place(of: id), moved.block != place.block
        {
          place = moved
          continue
        }
        guard error.code == .damaged || error.code == .missing else { throw error }
        damaged.insert(place.block.pack)
        guard let other = try index.place(of: id, avoiding: damaged) else { throw error }
        place = other
      }
    }
  }

  private func check(
    _ id: ChunkID, at place: ChunkPlace, in block: ByteBuffer
  ) throws(ChunkStoreError) {
    do {
      let record = try ChunkRecord(block.bytes.bytes.extracting(Self.range(of: place, in: block)))
      guard hasher.id(of: record) == id else {
        throw PackFormat.malformed("another chunk where \(id) should be")
      }
    } catch {
      let pack = try index.pack(place.block.pack)
      throw .damaged(pack.blob, "the block at \(place.block.offset): \(error)")
    }
  }

  /// Where the record of a chunk lies in its block.
  private static func range(
    of place: ChunkPlace, in block: ByteBuffer
  ) throws(IOError) -> Range<Int> {
    let raw = block.bytes.bytes
    guard place.offset <= raw.byteCount else {
      throw PackFormat.malformed("no chunk where the index says")
    }
    let length = try ChunkRecord.length(
      atFrontOf: raw.extracting(place.offset..<raw.byteCount))
    return place.offset..<place.offset + length
  }

  // MARK: Blocks

  private func block(at place: BlockPlace) throws(ChunkStoreError) -> ByteBuffer {
    clock += 1
    let key = BlockKey(pack: place.pack, offset: place.offset)
    if let position = blocks.index(forKey: key) {
      blocks.values[position].lastUse = clock
      return blocks.values[position].raw
    }
    while blockBytes + place.rawLength > blockBudget, let oldest = oldestBlock() {
      let raw = blocks.removeValue(forKey: oldest)!.raw
      blockBytes -= raw.capacity
      if spare.count < 2 { spare.append(raw) }
    }
    let raw = try load(place)
    blocks[key] = CachedBlock(raw: raw, lastUse: clock)
    blockBytes += raw.capacity
    return raw
  }

  private func oldestBlock() -> BlockKey? {
    blocks.min { $0.value.lastUse < $1.value.lastUse }?.key
  }

  private func load(_ place: BlockPlace) throws(ChunkStoreError) -> ByteBuffer {
    let pack = try index.pack(place.pack)
    let length = PackFormat.blockHeaderSize + place.storedLength
    if scratch.capacity < length { scratch = ByteBuffer(capacity: length) }
    scratch.removeAll()
    try copyPlaintext(of: pack, place.offset..<place.offset + length)
    do {
      let header = try BlockHeader(scratch.bytes.bytes)
      guard header.codec == place.codec, header.rawLength == place.rawLength,
        header.storedLength == place.storedLength
      else { throw PackFormat.malformed("another block than the index says") }
      scratch.removeFirst(PackFormat.blockHeaderSize)
      var raw = takeBuffer(header.rawLength)
      try scratch.unpack(header, with: compressors, into: &raw)
      return raw
    } catch {
      throw .damaged(pack.blob, "the block at \(place.offset): \(error)")
    }
  }

  /// Memory for a block, that of an earlier one if it is large enough.
  private func takeBuffer(_ count: Int) -> ByteBuffer {
    if let fitting = spare.firstIndex(where: { $0.capacity >= count }) {
      return spare.remove(at: fitting)
    }
    spare.removeAll()
    // One size for most blocks, so that they can take each other's place.
    return ByteBuffer(capacity: max(count, layout.blockSize))
  }

  // MARK: Segments

  private func copyPlaintext(
    of pack: PackInfo, _ range: Range<Int>
  ) throws(ChunkStoreError) {
    guard range.upperBound <= pack.plainSize else {
      throw .damaged(pack.blob, "it is too short for the block at \(range.lowerBound)")
    }
    let last = (range.upperBound - 1) / Segment.plainSize
    var position = range.lowerBound
    while position < range.upperBound {
      let opened = try windows.segments(
        of: pack, from: position / Segment.plainSize, through: last)
      let part = position..<min(range.upperBound, opened.range.upperBound)
      guard !part.isEmpty else { throw .damaged(pack.blob, "it ends too early") }
      opened.append(part, to: scratch)
      position = part.upperBound
    }
  }
}
