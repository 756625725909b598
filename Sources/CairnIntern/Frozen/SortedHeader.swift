import CairnCore

/// The first 64 bytes of a sorted archive; the module's format page describes them.
struct SortedHeader: Equatable {
  static let size = 64
  static let magic: [UInt8] = Array("cairnsrt".utf8)
  static let version: UInt32 = 1
  /// The strings of a block: a search looks at half of them on average, and the first of each is
  /// written in full.
  static let blockCount = 16
  static let entrySize = 8

  var stringCount: Int
  /// The bytes of all blocks.
  var blockBytes: Int
  var blockChecksum: UInt64 = 0
  var indexChecksum: UInt64 = 0

  var blocks: Int { (stringCount + Self.blockCount - 1) / Self.blockCount }
  var blocksEnd: Int { Self.size + blockBytes }
  /// Entries lie at multiples of their size.
  var indexStart: Int { (blocksEnd + Self.entrySize - 1) / Self.entrySize * Self.entrySize }
  var fileSize: Int { indexStart + blocks * Self.entrySize }

  init(stringCount: Int, blockBytes: Int) {
    self.stringCount = stringCount
    self.blockBytes = blockBytes
  }

  func encoded() -> [UInt8] {
    var writer = BinaryWriter(reserving: Self.size)
    writer.append(Self.magic)
    writer.append(Self.version)
    writer.append(UInt32(Self.blockCount))
    writer.append(UInt64(stringCount))
    writer.append(UInt64(blockBytes))
    writer.append(UInt64(fileSize))
    writer.append(blockChecksum)
    writer.append(indexChecksum)
    writer.append(writer.bytes.withRawBytes { XXH64.checksum(of: $0) })
    return writer.bytes
  }

  /// Reads the header of the file that `bytes` are, and trusts none of it.
  init(_ bytes: UnsafeRawBufferPointer) throws(InternError) {
    let start = bytes.prefix(Self.magic.count)
    guard start.elementsEqual(Self.magic.prefix(start.count)) else {
      throw .notFrozen(SortedCursor.file)
    }
    guard bytes.count >= Self.size else {
      throw start.isEmpty
        ? .notFrozen(SortedCursor.file)
        : .truncated(have: bytes.count, need: Self.size, SortedCursor.file)
    }
    func number<Value: FixedWidthInteger & BitwiseCopyable>(
      at offset: Int, _ type: Value.Type
    ) -> Value {
      Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }
    // The version first: what follows may be quite different in another one.
    let version = number(at: 8, UInt32.self)
    guard version == Self.version else {
      throw .unknownVersion(version, SortedCursor.file)
    }
    let covered = UnsafeRawBufferPointer(rebasing: bytes[..<(Self.size - 8)])
    guard XXH64.checksum(of: covered) == number(at: Self.size - 8, UInt64.self) else {
      throw .damaged("the header does not have its checksum", SortedCursor.file)
    }
    let stated = number(at: 32, UInt64.self)
    guard let size = Int(exactly: stated) else {
      throw .damaged("the header has impossible sizes", SortedCursor.file)
    }
    guard bytes.count >= size else {
      throw .truncated(have: bytes.count, need: size, SortedCursor.file)
    }
    let strings = number(at: 16, UInt64.self)
    let text = number(at: 24, UInt64.self)
    // A string takes two bytes at least but for the first of a block. These bounds also keep the
    // sums from overflowing.
    guard number(at: 12, UInt32.self) == UInt32(Self.blockCount), text <= UInt64(bytes.count),
      strings <= text
    else { throw .damaged("the header has impossible sizes", SortedCursor.file) }
    stringCount = Int(strings)
    blockBytes = Int(text)
    guard size == fileSize else {
      throw .damaged("the sizes in the header do not add up", SortedCursor.file)
    }
    blockChecksum = number(at: 40, UInt64.self)
    indexChecksum = number(at: 48, UInt64.self)
    guard bytes.count == fileSize else {
      throw .damaged("something follows its end", SortedCursor.file)
    }
  }
}
