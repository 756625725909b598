import CairnCore
import CairnCrypto

/// A chunk as it lies in an unpacked block:
///
///     varint  number of links
///     varint  number of data bytes
///     32 bytes per link
///     the data
///
/// Its id is HMAC-SHA256(id key, number of links as 4 bytes little-endian, links, data).
struct ChunkRecord: ~Escapable {
  let linkBytes: RawSpan
  let data: RawSpan

  /// - Parameter bytes: a whole record.
  @_lifetime(copy bytes)
  init(_ bytes: RawSpan) throws(IOError) {
    var reader = BinaryReader(bytes)
    let linkCount = try reader.readCount()
    let dataCount = try reader.readCount()
    guard linkCount <= reader.remaining / ChunkID.byteCount,
      linkCount * ChunkID.byteCount + dataCount == reader.remaining
    else { throw PackFormat.malformed("a chunk record of the wrong length") }
    linkBytes = try reader.readBytes(linkCount * ChunkID.byteCount)
    data = try reader.readBytes(dataCount)
  }

  var linkCount: Int { linkBytes.byteCount / ChunkID.byteCount }

  func link(_ number: Int) -> ChunkID {
    let start = number * ChunkID.byteCount
    return ChunkID(Digest(bytes: linkBytes.extracting(start..<start + ChunkID.byteCount)))
  }

  var links: [ChunkID] {
    var links: [ChunkID] = []
    links.reserveCapacity(linkCount)
    for number in 0..<linkCount { links.append(link(number)) }
    return links
  }

  static func headerSize(linkCount: Int, dataCount: Int) -> Int {
    varintSize(linkCount) + varintSize(dataCount)
  }

  static func size(linkCount: Int, dataCount: Int) -> Int {
    headerSize(linkCount: linkCount, dataCount: dataCount) + linkCount * ChunkID.byteCount
      + dataCount
  }

  private static func varintSize(_ value: Int) -> Int {
    max(1, (Int.bitWidth - value.leadingZeroBitCount + 6) / 7)
  }
}

/// Names chunks; one per thread.
final class ChunkHasher {
  private var mac: HMACSHA256

  init(_ key: SecretBytes) {
    mac = HMACSHA256(key: key)
  }

  func id(links: UnsafeRawBufferPointer, data: UnsafeRawBufferPointer) -> ChunkID {
    let count = UInt32(links.count / ChunkID.byteCount).littleEndian
    withUnsafeBytes(of: count) { mac.update($0) }
    if links.count > 0 { mac.update(links) }
    if data.count > 0 { mac.update(data) }
    return ChunkID(mac.finalize())
  }

  func id(of record: borrowing ChunkRecord) -> ChunkID {
    record.linkBytes.withUnsafeBytes { links in
      record.data.withUnsafeBytes { data in id(links: links, data: data) }
    }
  }
}
