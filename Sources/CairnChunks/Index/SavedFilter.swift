import CairnCrypto
import CairnTree

/// Which chunks are not in a run: of a hundred that are not, it tells so of some 99, after one page of
/// the file, where a search needs several. What it does not tell so of may be there.
///
/// A Bloom filter in blocks (F. Putze, P. Sanders, J. Singler, "Cache-, Hash- and Space-Efficient Bloom
/// Filters"): the first bytes of an id say in which block its bits are, so that blocks are in the order
/// of the ids and are written one after the other as the run is; the later bytes say which. Ids are
/// evenly distributed. Those of somebody who makes them begin alike fill their block, and cost searches.
///
/// The key of an entry is the number of the block, 4 bytes, big-endian; the value its bits, the lowest of
/// each byte first. A block that no chunk belongs to has no entry.
struct SavedFilter {
  /// With its key the largest record of a page without slots.
  private static let blockBytes = 508
  private static let bitsPerChunk = 10
  /// As many as let the fewest pass, at so many bits for each chunk.
  private static let probes = 7

  static let options = TreeOptions(keyWidth: 4, valueWidth: blockBytes)

  /// How many blocks the filter of so many chunks has.
  static func blockCount(chunks: Int) -> UInt32 {
    UInt32(clamping: chunks * bitsPerChunk / (blockBytes * 8) + 1)
  }

  private let tree: ReadableTree
  private let blockCount: UInt32

  init(_ tree: ReadableTree, blockCount: UInt32) {
    self.tree = tree
    self.blockCount = blockCount
  }

  /// False if the run does not have the chunk.
  func mayHold(_ id: ChunkID) throws(TreeError) -> Bool {
    let words = Words(id)
    return try Self.withKey(words.block(of: blockCount)) { (key) throws(TreeError) in
      try tree.withValue(for: key) { block in
        (0..<Self.probes).allSatisfy { probe in
          let bit = words.bit(probe)
          return block.unsafeLoad(fromByteOffset: bit >> 3, as: UInt8.self) >> (bit & 7) & 1 == 1
        }
      } ?? false
    }
  }

  private static func withKey<Result>(
    _ block: UInt32, _ body: (RawSpan) throws(TreeError) -> Result
  ) throws(TreeError) -> Result {
    try withUnsafeBytes(of: block.bigEndian) { (key) throws(TreeError) -> Result in
      try body(key.bytes)
    }
  }

  /// The parts of an id that say where its bits are.
  private struct Words {
    private let first: UInt64
    private let start: UInt32
    private let step: UInt32

    init(_ id: ChunkID) {
      (first, start, step) = id.digest.withBytes { bytes in
        (
          UInt64(bigEndian: bytes.unsafeLoadUnaligned(as: UInt64.self)),
          UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt32.self)),
          UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 12, as: UInt32.self)) | 1
        )
      }
    }

    /// Not smaller than that of a smaller id.
    func block(of count: UInt32) -> UInt32 {
      UInt32(truncatingIfNeeded: first.multipliedFullWidth(by: UInt64(count)).high)
    }

    /// The number of a bit in the block.
    func bit(_ probe: Int) -> Int {
      let hash = UInt64(start &+ UInt32(truncatingIfNeeded: probe) &* step)
      // A shift binds tighter than a product.
      return Int(truncatingIfNeeded: (hash * UInt64(blockBytes * 8)) >> 32)
    }
  }

  /// Fills a filter with chunks in the order of their ids.
  struct Writer {
    private let tree: WritableTree
    private let blockCount: UInt32
    private var number: UInt32 = 0
    private var block = [UInt8](repeating: 0, count: blockBytes)
    private var isEmpty = true

    /// - Parameter blockCount: for as many chunks as there can be; with more, more pass.
    init(_ tree: WritableTree, blockCount: UInt32) {
      self.tree = tree
      self.blockCount = blockCount
    }

    mutating func append(_ id: ChunkID) throws(TreeError) {
      let words = Words(id)
      let next = words.block(of: blockCount)
      if next != number {
        try finish()
        number = next
      }
      for probe in 0..<probes {
        let bit = words.bit(probe)
        block[bit >> 3] |= 1 << UInt8(bit & 7)
      }
      isEmpty = false
    }

    /// Stores the last block.
    mutating func finish() throws(TreeError) {
      guard !isEmpty else { return }
      try withKey(number) { (key) throws(TreeError) in try tree.append(key, block.span.bytes) }
      for index in block.indices { block[index] = 0 }
      isEmpty = true
    }
  }
}
