import CairnCore
import CairnCrypto

/// The plaintext of the age file `index/<digest>`: the tables of some packs.
///
///     8 bytes  "CAIRNIDX"
///     4 bytes  version, 1
///     varint   the number of packs
///     per pack:
///       32 bytes  the digest that names it
///       8 bytes   its size
///       4 bytes   where its payload begins
///       counted   its table, as at its own end
struct IndexBlob {
  static let magic = Array("CAIRNIDX".utf8)
  static let version: UInt32 = 1

  var packs: [(info: PackInfo, table: PackTable)] = []

  func encoded() -> [UInt8] {
    var writer = BinaryWriter()
    writer.append(Self.magic)
    writer.append(Self.version)
    writer.append(varint: packs.count)
    for pack in packs {
      pack.info.digest.withBytes { writer.append($0) }
      writer.append(UInt64(pack.info.size))
      writer.append(UInt32(pack.info.payloadOffset))
      var table = BinaryWriter()
      pack.table.encode(into: &table)
      writer.append(counted: table.bytes)
    }
    return writer.bytes
  }

  /// Calls `body` with each pack.
  static func decode(
    _ bytes: [UInt8], of blob: BlobName,
    _ body: (PackInfo, PackTable) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    do {
      var reader = BinaryReader(bytes.span.bytes)
      guard Array(try reader.readBytes(8)) == magic else {
        throw ChunkStoreError.damaged(blob, "it is not part of the index")
      }
      let version = try reader.read(UInt32.self)
      guard version == Self.version else {
        throw ChunkStoreError(
          .newerFormat, "\(blob) has format \(version), newer than this program; update it",
          blob: blob)
      }
      for _ in 0..<(try reader.readCount(ofSize: 45)) {
        let digest = Digest(bytes: try reader.readBytes(32))
        let size = try reader.read(Int64.self)
        let payloadOffset = Int(try reader.read(UInt32.self))
        guard size > 0, size < Int64(PackFormat.maximumPackSize), Int64(payloadOffset) < size else {
          throw PackFormat.malformed("a pack of an impossible size")
        }
        let pack = PackInfo(digest: digest, size: size, payloadOffset: payloadOffset)
        try body(pack, PackTable(try reader.readCounted()))
      }
      guard reader.isAtEnd else { throw PackFormat.malformed("bytes behind the last table") }
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw .damaged(blob, "\(error)")
    }
  }
}
