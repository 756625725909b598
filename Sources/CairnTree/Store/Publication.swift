import CairnCore

/// The beginning of page 2: the state that was published last, for stores in other processes.
///
/// It counts only while a writer holds the publisher's lock; what it refers to may not be on the
/// disk yet.
///
///     0    8  checksum of these 512 bytes, as of a page of that size
///     8    8  "CAIRNPUB"
///     16   8  the transaction
///     24   4  number of pages of the file
///     28   4  the number that the next new tree gets
///     32   48 the catalogue, described as a tree is in it
///     80      zeros
struct Publication: Hashable, Sendable {
  /// A sector, in the page behind those of the checkpoints: a write of it that is torn by a power
  /// cut harms no checkpoint.
  static let size = 512
  static let page = 2
  static let magic = Array("CAIRNPUB".utf8)

  var transaction: UInt64
  var pageCount: UInt32
  var nextTree: UInt32
  var catalogue: TreeRecord

  func encoded() -> [UInt8] {
    var writer = BinaryWriter(reserving: Self.size)
    writer.append(UInt64(0))
    writer.append(Self.magic)
    writer.append(transaction)
    writer.append(pageCount)
    writer.append(nextTree)
    catalogue.encode(into: &writer)
    var bytes = writer.bytes + [UInt8](repeating: 0, count: Self.size - writer.count)
    let checksum = bytes.withRawBytes { BlockChecksum.of($0.baseAddress!, Self.size) }
    withUnsafeBytes(of: checksum.littleEndian) { bytes.replaceSubrange(0..<8, with: $0) }
    return bytes
  }

  enum Content {
    case sound(Publication)
    /// It is just being written, or was never finished.
    case torn
    case none
  }

  static func decode(_ bytes: [UInt8]) -> Content {
    if bytes.allSatisfy({ $0 == 0 }) { return .none }
    guard bytes.count == size, bytes[8..<16].elementsEqual(magic) else { return .torn }
    let checksum = bytes.withRawBytes { BlockChecksum.of($0.baseAddress!, size) }
    do throws(IOError) {
      var reader = BinaryReader(bytes.span.bytes)
      guard try reader.read(UInt64.self) == checksum else { return .torn }
      _ = try reader.readBytes(8)
      let publication = Publication(
        transaction: try reader.read(UInt64.self), pageCount: try reader.read(UInt32.self),
        nextTree: try reader.read(UInt32.self), catalogue: try TreeRecord(&reader))
      guard publication.transaction < MetaPage.transactionLimit,
        publication.catalogue.id == 0,
        publication.catalogue.layoutWord == MetaPage.catalogueLayoutWord,
        publication.catalogue.isPossible(pageCount: publication.pageCount)
      else { return .torn }
      return .sound(publication)
    } catch {
      return .torn
    }
  }

  static func read(
    _ storage: any PageStorage, pageSize: Int
  ) throws(TreeError) -> Content {
    decode(try Recovery.read(storage, at: page * pageSize, size))
  }

  func write(_ storage: any PageStorage, pageSize: Int) throws(TreeError) {
    do throws(IOError) {
      try storage.write(encoded().span.bytes, at: Int64(Self.page * pageSize))
    } catch {
      throw .storage("cannot publish to others", error)
    }
  }
}
