public import CairnCrypto
import Synchronization

/// An index in memory: 40 bytes per chunk and 5 to 8 for the table that finds it.
///
/// An open-addressing table of 32-bit numbers leads into arrays that grow by segments and never
/// move. An id is its own hash, being the output of a MAC.
public final class MemoryChunkIndex: ChunkIndex {
  private struct Place {
    var block: UInt32
    /// The offset in the unpacked block, times two, plus one if the chunk has links.
    var offsetAndLinks: UInt32
  }

  private struct Block {
    var pack: UInt32
    var offset: UInt32
    var storedLength: UInt32
    var rawLength: UInt32
    var codec: UInt8
  }

  private struct Tables {
    var packs: [PackInfo] = []
    var packNumbers: [Digest: Int] = [:]
    var blocks = SegmentedArray<Block>()
    var ids = SegmentedArray<ChunkID>()
    var places = SegmentedArray<Place>()
    /// The chunk's number plus one, or 0.
    var slots = [UInt32](repeating: 0, count: 1024)

    func slot(of id: ChunkID) -> (slot: Int, isThere: Bool) {
      let mask = slots.count - 1
      var slot = Int(truncatingIfNeeded: id.digest.firstWord) & mask
      while true {
        let number = slots[slot]
        if number == 0 { return (slot, false) }
        if ids[Int(number) - 1] == id { return (slot, true) }
        slot = (slot + 1) & mask
      }
    }

    mutating func insert(_ id: ChunkID, _ place: Place) {
      let (slot, isThere) = slot(of: id)
      guard !isThere else { return }
      ids.append(id)
      places.append(place)
      slots[slot] = UInt32(ids.count)
      if ids.count > slots.count / 8 * 6 { grow() }
    }

    private mutating func grow() {
      let mask = slots.count * 2 - 1
      slots = [UInt32](repeating: 0, count: mask + 1)
      for number in 0..<ids.count {
        var slot = Int(truncatingIfNeeded: ids[number].digest.firstWord) & mask
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = UInt32(number + 1)
      }
    }
  }

  private let tables = Mutex(Tables())

  public init() {}

  public var count: Int { tables.withLock { $0.ids.count } }
  public var packCount: Int { tables.withLock { $0.packs.count } }

  public func place(of id: ChunkID) -> ChunkPlace? {
    tables.withLock { tables in
      let (slot, isThere) = tables.slot(of: id)
      guard isThere else { return nil }
      let ordinal = Int(tables.slots[slot]) - 1
      let place = tables.places[ordinal]
      let block = tables.blocks[Int(place.block)]
      return ChunkPlace(
        ordinal: ordinal,
        block: BlockPlace(
          pack: Int(block.pack), offset: Int(block.offset), storedLength: Int(block.storedLength),
          rawLength: Int(block.rawLength), codec: block.codec),
        offset: Int(place.offsetAndLinks >> 1), hasLinks: place.offsetAndLinks & 1 == 1)
    }
  }

  public func insert(_ pack: PackInfo, _ contents: PackContents) throws(ChunkStoreError) {
    let isFull = tables.withLock { tables in
      guard tables.packNumbers[pack.digest] == nil else { return false }
      guard tables.ids.count + contents.chunkCount < Int(UInt32.max) else { return true }
      let number = tables.packs.count
      tables.packs.append(pack)
      tables.packNumbers[pack.digest] = number
      for block in contents.table.blocks {
        let blockNumber = UInt32(tables.blocks.count)
        tables.blocks.append(
          Block(
            pack: UInt32(number), offset: block.offset, storedLength: block.storedLength,
            rawLength: block.rawLength, codec: block.codec))
        var offset: UInt32 = 0
        for entry in contents.table.entries[block.entries] {
          tables.insert(
            entry.id,
            Place(block: blockNumber, offsetAndLinks: offset << 1 | (entry.hasLinks ? 1 : 0)))
          offset += entry.recordLength
        }
      }
      return false
    }
    if isFull {
      throw ChunkStoreError(
        .invalid, "the index in memory is full at \(UInt32.max) chunks; use one on disk")
    }
  }

  public func pack(_ number: Int) throws(ChunkStoreError) -> PackInfo {
    tables.withLock { $0.packs[number] }
  }

  public func contains(_ pack: Digest) -> Bool {
    tables.withLock { $0.packNumbers[pack] != nil }
  }
}

/// An array that grows without moving what it holds, so that growing costs no second copy.
struct SegmentedArray<Element> {
  private static var shift: Int { 12 }
  private var segments: [[Element]] = []
  private(set) var count = 0

  subscript(_ index: Int) -> Element {
    segments[index >> Self.shift][index & (1 << Self.shift - 1)]
  }

  mutating func append(_ element: Element) {
    if count & (1 << Self.shift - 1) == 0 {
      var segment: [Element] = []
      segment.reserveCapacity(1 << Self.shift)
      segments.append(segment)
    }
    segments[count >> Self.shift].append(element)
    count += 1
  }
}
