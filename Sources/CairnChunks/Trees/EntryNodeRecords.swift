import CairnCore
import CairnCrypto

/// The records of a node of an ``EntryTree``, checked and laid open, for reading them in any order.
///
/// Memory: the node, its keys written out, and some 40 bytes for each record.
final class EntryNodeRecords {
  let level: Int
  private var keys: [UInt8] = []
  private var keyEnds: [Int] = []
  private(set) var weights: [UInt64] = []
  /// Of a node above the leaves: the entries below each child.
  private(set) var counts: [UInt64] = []
  /// Of a leaf: where the values are in ``data``.
  private var values: [Range<Int>] = []
  /// Of a leaf: where each record's links end.
  private var linkEnds: [Int] = []
  private let data: [UInt8]
  private let links: [UInt8]
  /// What the records add up to.
  private let total: (count: UInt64, weight: UInt64)

  var count: Int { keyEnds.count }

  /// - Parameters:
  ///   - bytes: the node, written out.
  ///   - linkBytes: the ids of its links.
  ///   - node: what the node above says of it.
  init(
    _ bytes: RawSpan, _ linkBytes: RawSpan, of node: EntrySubtree
  ) throws(ChunkStoreError) {
    level = node.level
    total = (node.count, node.weight)
    data = node.level == 0 ? Array(bytes) : []
    links = Array(linkBytes)
    do {
      var reader = BinaryReader(bytes)
      guard try reader.readUInt8() == EntryNode.tag, try reader.readUInt8() == UInt8(level) else {
        throw EntryNode.unsound("no node of level \(level)")
      }
      let records = try reader.readCount(ofSize: 4)
      guard records > 0 else { throw EntryNode.unsound("a node without records") }
      keyEnds.reserveCapacity(records)
      weights.reserveCapacity(records)
      var left: (count: UInt64, weight: UInt64) = (node.count, node.weight)
      for _ in 0..<records {
        try readKey(&reader)
        if level == 0 {
          try readLeafRecord(&reader)
        } else {
          counts.append(try reader.readVarint())
          weights.append(try reader.readVarint())
        }
        let count = level == 0 ? 1 : counts[counts.count - 1]
        let weight = weights[weights.count - 1]
        guard count > 0, count <= left.count, weight <= left.weight else {
          throw EntryNode.unsound("counts that do not add up")
        }
        left.count -= count
        left.weight -= weight
      }
      let linkCount = level == 0 ? (linkEnds.last ?? 0) : records
      guard reader.isAtEnd, left == (0, 0), linkCount * ChunkID.byteCount == links.count else {
        throw EntryNode.unsound("counts that do not add up")
      }
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw EntryNode.unsound("\(error)")
    }
    guard node.firstKey == nil || node.firstKey == key(0) else {
      throw EntryNode.unsound("another first key than its parent says")
    }
  }

  private func readKey(_ reader: inout BinaryReader) throws(any Error) {
    let start = keyEnds.count > 1 ? keyEnds[keyEnds.count - 2] : 0
    let end = keyEnds.last ?? 0
    let shared = try reader.readVarint(upTo: end - start)
    let rest = try reader.readCounted()
    guard shared + rest.byteCount <= EntryTree.maximumKeyLength,
      keys.count + shared + rest.byteCount <= EntryNode.maximumKeyBytes
    else { throw EntryNode.unsound("keys that are too long") }
    // As many bytes are shared as can be, so the next one decides.
    let isGreater =
      rest.byteCount > 0
      && (shared == end - start
        || rest.unsafeLoad(fromByteOffset: 0, as: UInt8.self) > keys[start + shared])
    guard keyEnds.isEmpty || isGreater else { throw EntryNode.unsound("keys out of order") }
    keys.append(contentsOf: keys[start..<start + shared])
    rest.withUnsafeBytes { keys.append(contentsOf: $0) }
    keyEnds.append(keys.count)
  }

  private func readLeafRecord(_ reader: inout BinaryReader) throws(any Error) {
    weights.append(try reader.readVarint())
    let before = linkEnds.last ?? 0
    let count = try reader.readVarint(upTo: links.count / ChunkID.byteCount - before)
    linkEnds.append(before + count)
    let length = try reader.readCount()
    values.append(reader.offset..<reader.offset + length)
    _ = try reader.readBytes(length)
  }

  // MARK: Records

  /// Whether what a parent says of the node is what was found when it was read.
  func agrees(with node: EntrySubtree) -> Bool {
    level == node.level && total == (node.count, node.weight)
      && (node.firstKey == nil || node.firstKey == key(0))
  }

  private func keyRange(_ record: Int) -> Range<Int> {
    (record == 0 ? 0 : keyEnds[record - 1])..<keyEnds[record]
  }

  func key(_ record: Int) -> [UInt8] { Array(keys[keyRange(record)]) }

  /// The number of records whose keys come before `key`, or are `key` itself if `isInclusive`.
  func rank(of key: [UInt8], isInclusive: Bool = false) -> Int {
    key.withUnsafeBytes { wanted in
      keys.withUnsafeBytes { keys in
        var low = 0
        var high = count
        while low < high {
          let middle = (low + high) / 2
          let found = UnsafeRawBufferPointer(rebasing: keys[keyRange(middle)])
          let order = compareBytes(found, wanted)
          if order < 0 || (isInclusive && order == 0) { low = middle + 1 } else { high = middle }
        }
        return low
      }
    }
  }

  /// Lends a record of a leaf.
  func withRecord<Result, Failure: Error>(
    _ record: Int,
    _ body: (_ key: RawSpan, _ value: RawSpan, _ links: RawSpan) throws(Failure) ->
      Result
  ) throws(Failure) -> Result {
    let linkStart = record == 0 ? 0 : linkEnds[record - 1]
    let (keys, data, links) = (keys, data, links)
    return try body(
      keys.span.bytes.extracting(keyRange(record)), data.span.bytes.extracting(values[record]),
      links.span.bytes.extracting(
        linkStart * ChunkID.byteCount..<linkEnds[record] * ChunkID.byteCount))
  }

  /// A child of a node above the leaves.
  ///
  /// - Parameter node: this node.
  func child(_ record: Int, of node: EntrySubtree) -> EntrySubtree {
    let start = record * ChunkID.byteCount
    let links = links
    let id = links.span.bytes.extracting(start..<start + ChunkID.byteCount)
    let isLast = record + 1 == count
    return EntrySubtree(
      id: ChunkID(Digest(bytes: id)), level: level - 1, count: counts[record],
      weight: weights[record], firstKey: key(record), end: isLast ? node.end : key(record + 1),
      isAtRightEdge: node.isAtRightEdge && isLast)
  }
}

/// A node of an ``EntryTree``, with what is known of it before it is read.
struct EntrySubtree {
  let id: ChunkID
  let level: Int
  let count: UInt64
  let weight: UInt64
  /// `nil` for the whole tree.
  var firstKey: [UInt8]?
  /// The first key behind it; `nil` if it is the last.
  var end: [UInt8]?
  /// Whether it ends because the tree does, and may have more records in a longer one.
  var isAtRightEdge: Bool
}

extension EntrySubtree {
  /// The whole of a tree.
  init(_ tree: EntryTree) {
    self.init(
      id: tree.root, level: tree.height, count: tree.count, weight: tree.weight, firstKey: nil,
      end: nil, isAtRightEdge: true)
  }
}

/// Less than, equal to or greater than 0, as `left` comes before, is or comes after `right`.
func compareBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
  let common = commonPrefix(left, right)
  if common == left.count { return common == right.count ? 0 : -1 }
  if common == right.count { return 1 }
  return left[common] < right[common] ? -1 : 1
}
