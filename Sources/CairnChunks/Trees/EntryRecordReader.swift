import CairnCore
import CairnCrypto

/// The bytes of a node's chunk, out of it.
struct EntryNodeBytes: Equatable {
  var data: [UInt8]
  /// The ids of the links, 32 bytes each.
  var links: [UInt8]
}

/// Goes through the records of a node, for putting them into another: says where they lie, and
/// checks no more than that they do.
struct EntryRecordReader {
  let node: EntryNodeBytes
  private let level: Int
  private(set) var offset: Int
  private(set) var linkOffset: Int

  /// Where the record that was read last lies in ``node``.
  private(set) var record = 0..<0
  /// The record without its key.
  private(set) var body = 0..<0
  /// Its links, among those of ``node``.
  private(set) var links = 0..<0
  private(set) var weight: UInt64 = 0

  /// Reads what stands in front of the records.
  ///
  /// - Parameter ownLinks: how many links are not those of records.
  init(
    _ node: EntryNodeBytes, tag: UInt8, level: Int, ownLinks: Int = 0
  ) throws(ChunkStoreError) {
    self.node = node
    self.level = level
    guard node.data.starts(with: [tag, UInt8(level)]),
      node.links.count >= ownLinks * ChunkID.byteCount
    else { throw EntryNode.unsound("no node of level \(level)") }
    offset = 2
    linkOffset = ownLinks * ChunkID.byteCount
  }

  var isAtEnd: Bool { offset == node.data.count && linkOffset == node.links.count }

  /// Reads a number that is not part of a record.
  mutating func readNumber(upTo limit: Int) throws(ChunkStoreError) -> Int {
    try read { reader throws in try reader.readVarint(upTo: limit) }
  }

  /// Reads a record.
  ///
  /// - Parameter key: the key before it, with which its own may begin; its own afterwards.
  mutating func readRecord(after key: inout [UInt8]) throws(ChunkStoreError) {
    let start = offset
    let level = level
    let linksLeft = (node.links.count - linkOffset) / ChunkID.byteCount
    let (keyLength, weight, linkCount) = try read { reader throws in
      let shared = try reader.readVarint(upTo: key.count)
      let rest = try reader.readCounted()
      guard shared + rest.byteCount <= EntryTree.maximumKeyLength else {
        throw EntryNode.unsound("a key that is too long")
      }
      key.removeLast(key.count - shared)
      rest.withUnsafeBytes { key.append(contentsOf: $0) }
      let keyLength = reader.offset
      if level > 0 {
        _ = try reader.readVarint()
        guard linksLeft > 0 else { throw EntryNode.unsound("too few links") }
        return (keyLength, try reader.readVarint(), 1)
      }
      let weight = try reader.readVarint()
      let linkCount = try reader.readVarint(upTo: linksLeft)
      _ = try reader.readCounted()
      return (keyLength, weight, linkCount)
    }
    record = start..<offset
    body = start + keyLength..<offset
    links = linkOffset..<linkOffset + linkCount * ChunkID.byteCount
    linkOffset = links.upperBound
    self.weight = weight
  }

  private mutating func read<Result>(
    _ body: (inout BinaryReader) throws -> Result
  ) throws(ChunkStoreError) -> Result {
    let (result, length): (Result, Int)
    do {
      let data = node.data.span.bytes
      var reader = BinaryReader(data.extracting(offset..<data.byteCount))
      result = try body(&reader)
      length = reader.offset
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw EntryNode.unsound("\(error)")
    }
    offset += length
    return result
  }
}
