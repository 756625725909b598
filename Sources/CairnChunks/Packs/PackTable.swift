import CairnCore
import CairnCrypto

/// What a pack holds: its blocks in order, and the chunks of each in order.
///
/// The same bytes end the pack itself and make up its part of an index blob:
///
///     varint   number of blocks
///     per block:
///       varint   stored length      bytes of the block behind its header
///       varint   raw length         bytes of its chunk records once unpacked
///       1 byte   codec              0 raw, 1 LZ4
///       varint   number of chunks
///       per chunk:
///         32 bytes  id
///         varint    length of its record in the raw block * 2 + (1 if it has links)
///
/// Blocks lie without gaps, so their offsets follow from their lengths.
struct PackTable {
  struct Block {
    /// Where the block's header lies in the pack's plaintext.
    var offset: UInt32
    var storedLength: UInt32
    var rawLength: UInt32
    var codec: UInt8
    /// Where its chunks are in ``PackTable/entries``.
    var entries: Range<Int>
  }

  struct Entry {
    var id: ChunkID
    var recordLength: UInt32
    var hasLinks: Bool
  }

  var blocks: [Block] = []
  var entries: [Entry] = []

  /// The end of the last block in the pack's plaintext.
  var endOfBlocks: Int {
    blocks.last.map { Int($0.offset) + PackFormat.blockHeaderSize + Int($0.storedLength) }
      ?? PackFormat.magic.count
  }

  mutating func append(
    storedLength: Int, rawLength: Int, codec: UInt8, entries new: some Collection<Entry>
  ) {
    let offset = endOfBlocks
    let start = entries.count
    entries.append(contentsOf: new)
    blocks.append(
      Block(
        offset: UInt32(offset), storedLength: UInt32(storedLength), rawLength: UInt32(rawLength),
        codec: codec, entries: start..<entries.count))
  }

  func encode(into writer: inout BinaryWriter) {
    writer.append(varint: blocks.count)
    for block in blocks {
      writer.append(varint: UInt64(block.storedLength))
      writer.append(varint: UInt64(block.rawLength))
      writer.append(block.codec)
      writer.append(varint: block.entries.count)
      for entry in entries[block.entries] {
        entry.id.digest.withBytes { writer.append($0) }
        writer.append(varint: UInt64(entry.recordLength) << 1 | (entry.hasLinks ? 1 : 0))
      }
    }
  }

  var encoded: [UInt8] {
    var writer = BinaryWriter(reserving: encodedSize)
    encode(into: &writer)
    return writer.bytes
  }

  /// The length of ``encoded``, or a few bytes more for each block: so that the memory for it, a MiB
  /// with many small chunks, is allocated once and fits.
  var encodedSize: Int {
    entries.reduce(16 + 16 * blocks.count) { sum, entry in
      sum + ChunkID.byteCount + varintSize(UInt64(entry.recordLength) << 1)
    }
  }

  private func varintSize(_ value: UInt64) -> Int {
    (UInt64.bitWidth - (value | 1).leadingZeroBitCount + 6) / 7
  }

  /// - Throws: ``IOError`` if the bytes do not follow the format, or describe a pack that cannot
  ///   be.
  init(_ bytes: RawSpan) throws(IOError) {
    var reader = BinaryReader(bytes)
    let blockCount = try reader.readCount(ofSize: 4)
    blocks.reserveCapacity(blockCount)
    for _ in 0..<blockCount {
      let storedLength = try reader.readVarint(upTo: PackFormat.maximumBlockSize)
      let rawLength = try reader.readVarint(upTo: PackFormat.maximumBlockSize)
      let codec = try reader.readUInt8()
      let chunkCount = try reader.readCount(ofSize: 33)
      let offset = endOfBlocks
      guard offset + storedLength < PackFormat.maximumPackSize else {
        throw PackFormat.malformed("a table of blocks beyond any pack")
      }
      let start = entries.count
      var left = rawLength
      for _ in 0..<chunkCount {
        let id = ChunkID(Digest(bytes: try reader.readBytes(ChunkID.byteCount)))
        let value = try reader.readVarint()
        guard value >> 1 <= UInt64(left) else {
          throw PackFormat.malformed("a chunk that is longer than its block")
        }
        left -= Int(value >> 1)
        entries.append(
          Entry(id: id, recordLength: UInt32(value >> 1), hasLinks: value & 1 == 1))
      }
      guard left == 0 else { throw PackFormat.malformed("a block that is longer than its chunks") }
      blocks.append(
        Block(
          offset: UInt32(offset), storedLength: UInt32(storedLength),
          rawLength: UInt32(rawLength), codec: codec, entries: start..<entries.count))
    }
    guard reader.isAtEnd else { throw PackFormat.malformed("a table that is too long") }
  }

  init() {}
}
