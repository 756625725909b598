import CairnCore

/// A ``ChunkPlace`` in 24 bytes: the pack's number, where the block is, its two lengths, the offset in
/// the unpacked block times two plus one if the chunk has links, 4 bytes each; the codec, and 3 bytes
/// of zero.
struct StoredPlace {
  static let size = 24
  /// With the id in front.
  static let recordSize = ChunkID.byteCount + size

  private(set) var pack: UInt32
  private var blockOffset: UInt32
  private var storedLength: UInt32
  private var rawLength: UInt32
  private var offsetAndLinks: UInt32
  private var codec: UInt8

  init(block: BlockPlace, offset: Int, hasLinks: Bool) {
    pack = UInt32(block.pack)
    blockOffset = UInt32(block.offset)
    storedLength = UInt32(block.storedLength)
    rawLength = UInt32(block.rawLength)
    offsetAndLinks = UInt32(offset) << 1 | (hasLinks ? 1 : 0)
    codec = block.codec
  }

  /// - Precondition: there are ``size`` bytes at `offset`.
  init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    func number(_ index: Int) -> UInt32 {
      UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4 * index, as: UInt32.self))
    }
    pack = number(0)
    blockOffset = number(1)
    storedLength = number(2)
    rawLength = number(3)
    offsetAndLinks = number(4)
    codec = bytes[offset + 20]
  }

  /// The place as numbered from other packs on.
  func moved(byPacks packs: Int) -> StoredPlace {
    var moved = self
    moved.pack += UInt32(packs)
    return moved
  }

  func append(to bytes: inout [UInt8]) {
    let numbers = (
      pack.littleEndian, blockOffset.littleEndian, storedLength.littleEndian,
      rawLength.littleEndian, offsetAndLinks.littleEndian, UInt32(codec).littleEndian
    )
    withUnsafeBytes(of: numbers) { bytes.append(contentsOf: $0) }
  }

  func place(ordinal: Int) -> ChunkPlace {
    ChunkPlace(
      ordinal: ordinal,
      block: BlockPlace(
        pack: Int(pack), offset: Int(blockOffset), storedLength: Int(storedLength),
        rawLength: Int(rawLength), codec: codec),
      offset: Int(offsetAndLinks >> 1), hasLinks: offsetAndLinks & 1 == 1)
  }
}
