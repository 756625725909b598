public import CairnCrypto

/// Where the chunks of a repository are.
///
/// The index is derived: it can be rebuilt from the packs. It holds whole packs, those that are
/// durable on the target. Its answers are exact. Every call may come from any thread at any time;
/// an insertion is seen whole or not at all.
public protocol ChunkIndex: Sendable {
  /// The number of chunks; one that several packs hold counts for each of them.
  var count: Int { get }

  /// Where a chunk is, or `nil` if no pack holds it.
  func place(of id: ChunkID) throws(ChunkStoreError) -> ChunkPlace?

  /// Where else a chunk is than in some packs, or `nil` if no other holds it: asked where one of its
  /// copies is damaged. An index that knows one copy only need not implement it.
  func place(
    of id: ChunkID, avoiding packs: Set<Int>
  ) throws(ChunkStoreError) -> ChunkPlace?

  /// Adds a pack and its chunks. Where two packs hold a chunk, the first stays its place. One that is
  /// there already is left as it is, unless packs were removed: then it becomes the place of those
  /// of its chunks that have none.
  ///
  /// - Parameter contents: the blocks and chunks that it holds.
  func insert(_ pack: PackInfo, _ contents: PackContents) throws(ChunkStoreError)

  /// The pack of that number, as found in a ``ChunkPlace``.
  func pack(_ number: Int) throws(ChunkStoreError) -> PackInfo

  /// The number of packs, withdrawn ones included; their numbers are 0 and up.
  var packCount: Int { get }

  /// Whether the pack of that digest is there, and was not withdrawn.
  func contains(_ pack: Digest) throws(ChunkStoreError) -> Bool

  /// Takes a pack out that is not on the target any more: its chunks are found in other packs that
  /// hold them, or not at all. It keeps its number, and can be inserted again, as another one.
  func withdraw(_ pack: Digest) throws(ChunkStoreError)
}

extension ChunkIndex {
  public func place(
    of id: ChunkID, avoiding packs: Set<Int>
  ) throws(ChunkStoreError) -> ChunkPlace? {
    guard let place = try place(of: id), !packs.contains(place.block.pack) else { return nil }
    return place
  }
}

/// The blocks and chunks of a pack, in order.
public struct PackContents: Sendable {
  let table: PackTable

  init(_ table: PackTable) {
    self.table = table
  }

  /// The number of chunks.
  public var chunkCount: Int { table.entries.count }

  /// Calls `body` with each chunk, its number counted from 0, and its place in the pack.
  public func forEachChunk<Failure: Error>(
    inPack number: Int,
    _ body: (ChunkID, BlockPlace, _ offset: Int, _ hasLinks: Bool) throws(Failure) -> Void
  ) throws(Failure) {
    for block in table.blocks {
      let place = BlockPlace(
        pack: number, offset: Int(block.offset), storedLength: Int(block.storedLength),
        rawLength: Int(block.rawLength), codec: block.codec)
      var offset = 0
      for entry in table.entries[block.entries] {
        try body(entry.id, place, offset, entry.hasLinks)
        offset += Int(entry.recordLength)
      }
    }
  }
}

/// Where a block is.
public struct BlockPlace: Hashable, Sendable {
  /// The number of its pack in the index.
  public let pack: Int
  /// Where its header begins in the pack's plaintext.
  public let offset: Int
  /// The bytes behind the header.
  public let storedLength: Int
  /// The bytes once unpacked.
  public let rawLength: Int
  /// How it is packed.
  public let codec: UInt8

  public init(pack: Int, offset: Int, storedLength: Int, rawLength: Int, codec: UInt8) {
    self.pack = pack
    self.offset = offset
    self.storedLength = storedLength
    self.rawLength = rawLength
    self.codec = codec
  }
}

/// Where a chunk is.
public struct ChunkPlace: Hashable, Sendable {
  /// A number of the chunk's own, below the index's count, for as long as the index lives.
  public let ordinal: Int
  public let block: BlockPlace
  /// Where its record begins in the unpacked block.
  public let offset: Int
  /// Whether it refers to other chunks.
  public let hasLinks: Bool

  public init(ordinal: Int, block: BlockPlace, offset: Int, hasLinks: Bool) {
    self.ordinal = ordinal
    self.block = block
    self.offset = offset
    self.hasLinks = hasLinks
  }
}
