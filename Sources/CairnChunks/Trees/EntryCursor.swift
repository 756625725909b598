import CairnCore
import CairnCrypto

/// A place among the entries of a tree, from which it is read in order; on one of the library's own
/// threads.
///
/// Memory: one node on each level.
package final class EntryCursor {
  package let tree: EntryTree
  private let chunks: ChunkReader

  /// A node above the leaves, and which of its children the path goes through.
  private struct Inner {
    var ids: [ChunkID] = []
    var counts: [UInt64] = []
    var weights: [UInt64] = []
    var firstKeys: [[UInt8]] = []
    var child = 0
  }

  /// From the level below the top... down to level 1: `inners[0]` is the top.
  private var inners: [Inner] = []

  private var leafData = ByteBuffer(capacity: 64 << 10)
  private var leafLinks = ByteBuffer(capacity: 16 << 10)
  private var leafID: ChunkID?
  private var leafCount = 0
  /// What the weights of the leaf's records that were not decoded yet must add up to.
  private var leafWeightLeft: UInt64 = 0
  /// The number of the current record in its leaf.
  private var record = 0
  private var nextOffset = 0
  private var linkStart = 0

  private var currentKey: [UInt8] = []
  private var valueRange = 0..<0
  private var linkRange = 0..<0
  /// The weight of the current entry.
  package private(set) var weight: UInt64 = 0

  /// Whether there is a current entry.
  package private(set) var isValid = false
  /// The number of entries before the current one.
  package private(set) var rank: UInt64 = 0
  /// The weight of the entries before the current one.
  package private(set) var weightBefore: UInt64 = 0

  /// The ranks of the entries below the node that was read last: those that are lost where reading
  /// it failed.
  package private(set) var ranksOfLastNode: Range<UInt64> = 0..<0

  /// Positioned nowhere; a seek comes first.
  package init(_ tree: EntryTree, _ chunks: ChunkReader) throws(ChunkStoreError) {
    guard (0...EntryTree.maximumHeight).contains(tree.height) else {
      throw EntryNode.unsound("it claims to be \(tree.height) levels high")
    }
    self.tree = tree
    self.chunks = chunks
  }

  // MARK: The current entry

  /// The key; valid until the cursor moves.
  package var key: [UInt8] { currentKey }

  package func withKey<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try currentKey.withRawBytes { (key) throws(Failure) in try body(key) }
  }

  /// Lends the value, and the ids of the links, 32 bytes each.
  package func withEntry<Result, Failure: Error>(
    _ body: (_ value: UnsafeRawBufferPointer, _ links: UnsafeRawBufferPointer) throws(Failure) ->
      Result
  ) throws(Failure) -> Result {
    try withExtendedLifetime((leafData, leafLinks)) { () throws(Failure) in
      try body(
        UnsafeRawBufferPointer(rebasing: leafData.bytes[valueRange]),
        UnsafeRawBufferPointer(rebasing: leafLinks.bytes[linkRange]))
    }
  }

  /// A copy of the current entry.
  package var entry: Entry {
    withEntry { value, links in
      Entry(
        key: currentKey, value: Array(value),
        links: stride(from: 0, to: links.count, by: ChunkID.byteCount).map {
          ChunkID(Digest(bytes: links.bytes.extracting($0..<$0 + ChunkID.byteCount)))
        }, weight: weight)
    }
  }

  // MARK: Moving

  package func seekToStart() throws(ChunkStoreError) {
    try seek(toRank: 0)
  }

  /// Goes to the entry with `rank` entries before it; behind the last, the cursor is not valid.
  package func seek(toRank rank: UInt64) throws(ChunkStoreError) {
    guard rank < tree.count else { return seekToEnd() }
    try descend { (inner, before) in
      var sum = before
      for child in inner.counts.indices {
        if rank < sum + inner.counts[child] { return child }
        sum += inner.counts[child]
      }
      return inner.counts.count - 1
    }
    while isValid, self.rank < rank { try nextInLeaf() }
    guard isValid else { throw EntryNode.unsound("fewer entries than it says") }
  }

  /// Goes to the first entry whose key is `key` or greater.
  package func seek(toKey key: [UInt8]) throws(ChunkStoreError) {
    guard tree.count > 0 else { return seekToEnd() }
    try descend { (inner, _) in
      // The last child that begins at or before the key; the key may also be before all.
      var low = 0
      var high = inner.firstKeys.count
      while low < high {
        let middle = (low + high) / 2
        if key.lexicographicallyPrecedes(inner.firstKeys[middle]) {
          high = middle
        } else {
          low = middle + 1
        }
      }
      return max(0, low - 1)
    }
    while isValid, currentKey.lexicographicallyPrecedes(key) { try next() }
  }

  /// Goes to the entry with at least `weight` before or in it, the first such.
  package func seek(toWeight weight: UInt64) throws(ChunkStoreError) {
    guard weight < tree.weight else { return seekToEnd() }
    var before: UInt64 = 0
    try descend { (inner, _) in
      for child in inner.weights.indices {
        if weight < before + inner.weights[child] { return child }
        before += inner.weights[child]
      }
      return inner.weights.count - 1
    }
    while isValid, weightBefore + self.weight <= weight { try next() }
  }

  private func seekToEnd() {
    isValid = false
    rank = tree.count
    weightBefore = tree.weight
  }

  /// Goes to the next entry.
  package func next() throws(ChunkStoreError) {
    guard isValid else { return }
    if record + 1 < leafCount { return try nextInLeaf() }
    rank += 1
    weightBefore += weight
    try nextLeaf(above: inners.count - 1)
  }

  private func nextInLeaf() throws(ChunkStoreError) {
    guard record + 1 < leafCount else {
      isValid = false
      return
    }
    rank += 1
    weightBefore += weight
    record += 1
    try decodeRecord()
  }

  /// Goes to the first entry of the next child of the lowest node from `depth` up that has one.
  private func nextLeaf(above depth: Int) throws(ChunkStoreError) {
    var depth = depth
    while depth >= 0, inners[depth].child + 1 == inners[depth].ids.count { depth -= 1 }
    guard depth >= 0 else {
      isValid = false
      guard rank == tree.count, weightBefore == tree.weight else {
        throw EntryNode.unsound("counts that do not add up")
      }
      return
    }
    inners[depth].child += 1
    inners.removeLast(inners.count - depth - 1)
    let lastKey = currentKey
    try descendToFirst()
    guard lastKey.lexicographicallyPrecedes(currentKey) else {
      throw EntryNode.unsound("keys out of order")
    }
  }

  // MARK: Subtrees

  /// The highest subtree of which the current entry is the first and which is no higher than
  /// `height`, as its level and id.
  package func subtree(upTo height: Int) -> (level: Int, id: ChunkID)? {
    guard isValid, record == 0, let leafID else { return nil }
    var found = (level: 0, id: leafID)
    var depth = inners.count - 1
    while depth >= 0 {
      let level = inners.count - 1 - depth
      found = (level, inners[depth].ids[inners[depth].child])
      if inners[depth].child != 0 || level == height { break }
      depth -= 1
      if depth < 0, inners.count <= height { found = (inners.count, tree.root) }
    }
    return found.level <= height ? found : nil
  }

  /// The subtree of that level that begins at the current entry, and those behind it below the same
  /// node.
  package func siblings(level: Int) -> ArraySlice<ChunkID> {
    let depth = inners.count - 1 - level
    return depth < 0 ? [tree.root] : inners[depth].ids[inners[depth].child...]
  }

  /// Goes behind the first `count` of ``siblings(level:)``, reading none of them.
  package func skipSubtrees(level: Int, count: Int) throws(ChunkStoreError) {
    let depth = inners.count - 1 - level
    if depth < 0 {
      return seekToEnd()
    }
    let first = inners[depth].child
    for child in first..<first + count {
      rank += inners[depth].counts[child]
      weightBefore += inners[depth].weights[child]
    }
    inners[depth].child += count - 1
    try nextLeaf(above: depth)
  }

  // MARK: Nodes

  /// Goes down from the top to the first entry of a leaf, by a choice of child at each node.
  private func descend(
    _ choose: (_ node: Inner, _ countBefore: UInt64) -> Int
  ) throws(ChunkStoreError) {
    inners.removeAll(keepingCapacity: true)
    rank = 0
    weightBefore = 0
    var id = tree.root
    var count = tree.count
    var nodeWeight = tree.weight
    var firstKey: [UInt8]?
    for level in stride(from: tree.height, to: 0, by: -1) {
      var inner = try loadInner(
        id, level: level, count: count, weight: nodeWeight, firstKey: firstKey)
      inner.child = choose(inner, rank)
      for child in 0..<inner.child {
        rank += inner.counts[child]
        weightBefore += inner.weights[child]
      }
      id = inner.ids[inner.child]
      count = inner.counts[inner.child]
      nodeWeight = inner.weights[inner.child]
      firstKey = inner.firstKeys[inner.child]
      inners.append(inner)
    }
    try loadLeaf(id, count: count, weight: nodeWeight, firstKey: firstKey)
  }

  private func descendToFirst() throws(ChunkStoreError) {
    while true {
      let last = inners[inners.count - 1]
      let (id, firstKey) = (last.ids[last.child], last.firstKeys[last.child])
      let (count, weight) = (last.counts[last.child], last.weights[last.child])
      let level = tree.height - inners.count
      if level == 0 {
        return try loadLeaf(id, count: count, weight: weight, firstKey: firstKey)
      }
      inners.append(
        try loadInner(id, level: level, count: count, weight: weight, firstKey: firstKey))
    }
  }

  /// - Parameters:
  ///   - count: the number of entries below it, by its parent.
  ///   - weight: their weight, by its parent.
  ///   - firstKey: the first of their keys, by its parent if it has one.
  private func loadInner(
    _ id: ChunkID, level: Int, count: UInt64, weight: UInt64, firstKey: [UInt8]?
  ) throws(ChunkStoreError) -> Inner {
    ranksOfLastNode = rank..<rank + count
    return try chunks.withEntryNode(id, level: level) {
      (data, links, _) throws(ChunkStoreError) in
      var inner = Inner()
      do {
        var reader = BinaryReader(data)
        guard try reader.readUInt8() == EntryNode.tag, try reader.readUInt8() == UInt8(level) else {
          throw EntryNode.unsound("no node of level \(level)")
        }
        let children = try reader.readCount(ofSize: 4)
        guard children * ChunkID.byteCount == links.byteCount, children > 0 else {
          throw EntryNode.unsound("\(children) children and \(links.byteCount) bytes of links")
        }
        var key: [UInt8] = []
        var keyBytes = 0
        var left: (count: UInt64, weight: UInt64) = (count, weight)
        for child in 0..<children {
          try readKey(&reader, into: &key, isFirst: child == 0)
          keyBytes += key.count
          guard keyBytes <= EntryNode.maximumKeyBytes else {
            throw EntryNode.unsound("keys that are too long")
          }
          inner.firstKeys.append(key)
          inner.counts.append(try reader.readVarint())
          inner.weights.append(try reader.readVarint())
          let link = links.extracting(
            child * ChunkID.byteCount..<(child + 1) * ChunkID.byteCount)
          inner.ids.append(ChunkID(Digest(bytes: link)))
          guard (1...).contains(inner.counts[child]), inner.counts[child] <= left.count,
            inner.weights[child] <= left.weight
          else { throw EntryNode.unsound("counts that do not add up") }
          left.count -= inner.counts[child]
          left.weight -= inner.weights[child]
        }
        guard reader.isAtEnd, left == (0, 0) else {
          throw EntryNode.unsound("counts that do not add up")
        }
        guard firstKey == nil || firstKey == inner.firstKeys[0] else {
          throw EntryNode.unsound("another first key than its parent says")
        }
      } catch let error as ChunkStoreError {
        throw error
      } catch {
        throw EntryNode.unsound("\(error)")
      }
      return inner
    }
  }

  private func loadLeaf(
    _ id: ChunkID, count: UInt64, weight: UInt64, firstKey: [UInt8]?
  ) throws(ChunkStoreError) {
    ranksOfLastNode = rank..<rank + count
    try chunks.withEntryNode(id, level: 0) { (data, links, _) throws(ChunkStoreError) in
      leafData = .copy(of: data, reusing: leafData)
      leafLinks = .copy(of: links, reusing: leafLinks)
    }
    do {
      var reader = BinaryReader(leafData.bytes.bytes)
      guard try reader.readUInt8() == EntryNode.tag, try reader.readUInt8() == 0 else {
        throw EntryNode.unsound("no leaf")
      }
      leafCount = try reader.readCount(ofSize: 5)
      nextOffset = reader.offset
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw EntryNode.unsound("\(error)")
    }
    guard leafCount > 0, UInt64(leafCount) == count else {
      throw EntryNode.unsound("a leaf of \(leafCount) entries, not \(count)")
    }
    leafID = id
    record = 0
    linkStart = 0
    leafWeightLeft = weight
    currentKey.removeAll(keepingCapacity: true)
    isValid = true
    try decodeRecord()
    guard firstKey == nil || firstKey == currentKey else {
      throw EntryNode.unsound("another first key than its parent says")
    }
  }

  private func decodeRecord() throws(ChunkStoreError) {
    do {
      let data = leafData.bytes.bytes
      var reader = BinaryReader(data.extracting(nextOffset..<data.byteCount))
      try readKey(&reader, into: &currentKey, isFirst: record == 0)
      weight = try reader.readVarint()
      guard weight <= leafWeightLeft else { throw EntryNode.unsound("weights that do not add up") }
      leafWeightLeft -= weight
      let links = try reader.readVarint(upTo: leafLinks.count / ChunkID.byteCount)
      let valueLength = try reader.readCount()
      valueRange = nextOffset + reader.offset..<nextOffset + reader.offset + valueLength
      linkRange = linkStart..<linkStart + links * ChunkID.byteCount
      guard linkRange.upperBound <= leafLinks.count else {
        throw EntryNode.unsound("too few links")
      }
      linkStart = linkRange.upperBound
      nextOffset = valueRange.upperBound
      if record == leafCount - 1 {
        guard nextOffset == leafData.count, linkStart == leafLinks.count else {
          throw EntryNode.unsound("bytes behind the last entry")
        }
        guard leafWeightLeft == 0 else { throw EntryNode.unsound("weights that do not add up") }
      }
    } catch let error as ChunkStoreError {
      throw error
    } catch {
      throw EntryNode.unsound("\(error)")
    }
  }

  /// Reads a key of which `key` is the one before, if it is not the first of its node.
  private func readKey(
    _ reader: inout BinaryReader, into key: inout [UInt8], isFirst: Bool
  ) throws(any Error) {
    let shared = try reader.readVarint(upTo: key.count)
    let rest = try reader.readCounted()
    guard shared + rest.byteCount <= EntryTree.maximumKeyLength else {
      throw EntryNode.unsound("a key that is too long")
    }
    // As many bytes are shared as can be, so the next one decides.
    let isGreater =
      rest.byteCount > 0
      && (shared == key.count
        || rest.unsafeLoad(fromByteOffset: 0, as: UInt8.self) > key[shared])
    guard isFirst || isGreater else { throw EntryNode.unsound("keys out of order") }
    key.removeLast(key.count - shared)
    rest.withUnsafeBytes { key.append(contentsOf: $0) }
  }
}

extension ByteBuffer {
  /// Holds a copy of the bytes, in a larger memory if they need it.
  fileprivate static func copy(of bytes: RawSpan, reusing buffer: ByteBuffer) -> ByteBuffer {
    let target =
      buffer.capacity >= bytes.byteCount ? buffer : ByteBuffer(capacity: bytes.byteCount * 2)
    target.removeAll()
    bytes.withUnsafeBytes { target.append($0) }
    return target
  }
}
