import CairnCore

/// The beginning of page 0 or 1: one checkpoint. What follows in the page is not used.
///
///     0    8  checksum of these 4096 bytes, as of a page of that size
///     8    8  "CAIRNTRE"
///     16   4  version, 1
///     20   4  page size
///     24   8  number of the checkpoint; it is in page 0 if that is even, else in page 1
///     32   8  the last transaction in it
///     40   4  number of pages of the file
///     44   4  first page of the space map
///     48   4  the number that the next new tree gets
///     52   4  zeros
///     56   48 the catalogue, described as a tree is in it
///     104     zeros
struct MetaPage: Hashable, Sendable {
  static let size = 4096
  static let magic = Array("CAIRNTRE".utf8)
  static let version: UInt32 = 1
  static let pageSizes = [4096, 8192, 16384, 32768, 65536]
  /// The first page that trees use: two checkpoints and the ``Publication`` are in front of it.
  static let firstPage: UInt32 = 3
  /// Numbers of checkpoints and transactions are smaller; none that is counted up gets there.
  static let transactionLimit: UInt64 = 1 << 60

  var pageSize: Int
  var checkpoint: UInt64 = 0
  var transaction: UInt64 = 0
  var pageCount: UInt32 = MetaPage.firstPage
  var spaceMap: UInt32 = 0
  var nextTree: UInt32 = 1
  var catalogue = TreeRecord(layoutWord: MetaPage.catalogueLayoutWord, id: 0)

  static let catalogueLayoutWord: UInt64 = 0xFFFF_FFFF

  func encoded() -> [UInt8] {
    var writer = BinaryWriter(reserving: Self.size)
    writer.append(UInt64(0))
    writer.append(Self.magic)
    writer.append(Self.version)
    writer.append(UInt32(pageSize))
    writer.append(checkpoint)
    writer.append(transaction)
    writer.append(pageCount)
    writer.append(spaceMap)
    writer.append(nextTree)
    writer.append(UInt32(0))
    catalogue.encode(into: &writer)
    var bytes = writer.bytes + [UInt8](repeating: 0, count: Self.size - writer.count)
    let checksum = bytes.withRawBytes { BlockChecksum.of($0.baseAddress!, Self.size) }
    withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
    return bytes
  }

  enum Content {
    case sound(MetaPage)
    case newer(UInt32)
    case none
  }

  static func decode(_ bytes: [UInt8]) -> Content {
    guard bytes.count == size, bytes[8..<16].elementsEqual(magic) else { return .none }
    let checksum = bytes.withRawBytes { BlockChecksum.of($0.baseAddress!, size) }
    do throws(IOError) {
      var reader = BinaryReader(bytes.span.bytes)
      guard try reader.read(UInt64.self) == checksum else { return .none }
      _ = try reader.readBytes(8)
      let version = try reader.read(UInt32.self)
      guard version == Self.version else { return .newer(version) }
      let pageSize = Int(try reader.read(UInt32.self))
      guard pageSizes.contains(pageSize) else { return .none }
      var meta = MetaPage(pageSize: pageSize)
      meta.checkpoint = try reader.read(UInt64.self)
      meta.transaction = try reader.read(UInt64.self)
      meta.pageCount = try reader.read(UInt32.self)
      meta.spaceMap = try reader.read(UInt32.self)
      meta.nextTree = try reader.read(UInt32.self)
      _ = try reader.read(UInt32.self)
      meta.catalogue = try TreeRecord(&reader)
      guard meta.pageCount >= firstPage, meta.catalogue.id == 0,
        meta.checkpoint < transactionLimit, meta.transaction < transactionLimit,
        meta.catalogue.layoutWord == catalogueLayoutWord,
        meta.spaceMap != 0 || (meta.pageCount == firstPage && meta.catalogue.root == 0)
      else { return .none }
      return .sound(meta)
    } catch {
      return .none
    }
  }

  /// Where in the storage the checkpoint belongs.
  var offset: Int64 { Int64(checkpoint & 1) * Int64(pageSize) }
}
