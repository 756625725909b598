import CairnCore
import CairnCrypto

/// The plaintext of the age file `index/<digest>`: the tables of some packs.
///
///     8 bytes  "CAIRNIDX"
///     4 bytes  version, 2
///     varint   the number of index blobs that this one replaces
///     32 bytes each: the digest that names it
///     per pack, until the end:
///       32 bytes  the digest that names it
///       8 bytes   its size
///       4 bytes   where its payload begins
///       counted   its table, as at its own end
///
/// Version 1 replaces none and has the number of packs in the place of that.
struct IndexBlob {
  static let magic = Array("CAIRNIDX".utf8)
  static let version: UInt32 = 2

  var replaced: [Digest] = []
  var packs: [(info: PackInfo, table: PackTable)] = []

  func encoded() -> [UInt8] {
    let heads = 64 + ChunkID.byteCount * replaced.count + 64 * packs.count
    var writer = BinaryWriter(
      reserving: packs.reduce(heads) { $0 + $1.table.encodedSize })
    Self.encodeHead(replacing: replaced, into: &writer)
    for pack in packs { Self.encode(pack.info, table: pack.table.encoded, into: &writer) }
    return writer.bytes
  }

  static func encodeHead(replacing replaced: [Digest], into writer: inout BinaryWriter) {
    writer.append(magic)
    writer.append(version)
    writer.append(varint: replaced.count)
    for digest in replaced { digest.withBytes { writer.append($0) } }
  }

  static func encode(_ pack: PackInfo, table: [UInt8], into writer: inout BinaryWriter) {
    pack.digest.withBytes { writer.append($0) }
    writer.append(UInt64(pack.size))
    writer.append(UInt32(pack.payloadOffset))
    writer.append(counted: table)
  }
}
