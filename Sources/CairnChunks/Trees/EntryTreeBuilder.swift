import CairnCore
import CairnCrypto

/// Builds an ``EntryTree`` from entries in the order of their keys.
///
/// Memory: a node on each level. Used by one thread at a time.
package final class EntryTreeBuilder {
  private let nodeSize: Int
  private var levels: [Level] = []
  private var count: UInt64 = 0
  private var weight: UInt64 = 0

  private struct Level {
    var records = BinaryWriter()
    var links = BinaryWriter()
    var recordCount = 0
    /// Sizes without the sharing of prefixes, which would depend on where the node began.
    var filled = 0
    var firstKey: [UInt8] = []
    var lastKey: [UInt8] = []
    var entryCount: UInt64 = 0
    var weight: UInt64 = 0
  }

  private var output = BinaryWriter()

  /// Where the nodes are kept to be read again soon.
  private let recent: RecentChunks?
  /// Where the nodes are copied to.
  private let local: LocalChunksWriter?

  /// Where nodes are looked for that these can be deltas of.
  private let revision: EntryTreeRevision?

  package convenience init(nodeSize: Int, copyingTo local: LocalChunksWriter? = nil) {
    self.init(nodeSize: nodeSize, recent: nil, revision: nil, local: local)
  }

  /// - Parameters:
  ///   - tree: what has most of the entries already.
  ///   - reader: reads it, on the thread that uses the builder.
  package convenience init(
    nodeSize: Int, revising tree: EntryTree, _ policy: DeltaPolicy, _ reader: ChunkReader,
    copyingTo local: LocalChunksWriter? = nil
  ) {
    self.init(
      nodeSize: nodeSize, recent: nil, revision: EntryTreeRevision(of: tree, policy, reader),
      local: local)
  }

  init(
    nodeSize: Int, recent: RecentChunks?, revision: EntryTreeRevision?,
    local: LocalChunksWriter? = nil
  ) {
    self.nodeSize = nodeSize
    self.recent = recent
    self.revision = revision
    self.local = local
    levels.append(Level())
  }

  /// Appends an entry.
  ///
  /// - Parameter links: ids, 32 bytes each.
  /// - Throws: ``ChunkStoreError/Code/invalid`` unless the key is greater than the one before.
  package func append(
    key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer, links: UnsafeRawBufferPointer,
    weight: UInt64, _ lane: Lane
  ) throws(ChunkStoreError) {
    guard key.count <= EntryTree.maximumKeyLength else {
      throw ChunkStoreError(.invalid, "a key of \(key.count) bytes is too long")
    }
    let (sum, overflow) = self.weight.addingReportingOverflow(weight)
    guard !overflow else { throw Self.tooHeavy() }
    let shared = try shareKey(key, level: 0, isSorted: count > 0)
    levels[0].records.append(varint: shared)
    levels[0].records.append(varint: key.count - shared)
    levels[0].records.append(UnsafeRawBufferPointer(rebasing: key[shared...]))
    levels[0].records.append(varint: weight)
    levels[0].records.append(varint: links.count / ChunkID.byteCount)
    levels[0].records.append(varint: value.count)
    levels[0].records.append(value)
    levels[0].links.append(links)
    count += 1
    self.weight = sum
    try recordWasAdded(
      key, level: 0, size: key.count + value.count + links.count, entries: 1, weight: weight, lane)
  }

  /// How much of a key is that of the record before, in the same node.
  private func shareKey(
    _ key: UnsafeRawBufferPointer, level: Int, isSorted: Bool
  ) throws(ChunkStoreError) -> Int {
    let shared = levels[level].lastKey.withUnsafeBytes { last -> Int? in
      let common = commonPrefix(last, key)
      // The last key outlives its node, so that order is checked across nodes.
      let isGreater =
        common < key.count && (common == last.count || last[common] < key[common])
      guard isGreater || !isSorted else { return nil }
      return levels[level].recordCount == 0 ? 0 : common
    }
    guard let shared else {
      throw ChunkStoreError(
        .invalid,
        "entries are not in the order of their keys: "
          + "\(String(decoding: key, as: UTF8.self))")
    }
    levels[level].lastKey.removeAll(keepingCapacity: true)
    levels[level].lastKey.append(contentsOf: key)
    if levels[level].recordCount == 0 { levels[level].firstKey = Array(key) }
    return shared
  }

  private func recordWasAdded(
    _ key: UnsafeRawBufferPointer, level: Int, size: Int, entries: UInt64, weight: UInt64,
    _ lane: Lane
  ) throws(ChunkStoreError) {
    levels[level].recordCount += 1
    levels[level].filled += size
    levels[level].entryCount += entries
    levels[level].weight += weight
    if EntryNode.endsNode(
      key: key, level: level, recordSize: size, recordCount: levels[level].recordCount,
      filled: levels[level].filled, nodeSize: nodeSize)
    {
      try close(level, lane)
    }
  }

  /// Stores the open node of a level, which becomes a record of the next.
  private func close(_ level: Int, _ lane: Lane) throws(ChunkStoreError) {
    let node = levels[level]
    let id = try store(level, lane)
    try addChild(
      id, level: level, firstKey: node.firstKey, entries: node.entryCount, weight: node.weight,
      lane)
  }

  /// Appends a node of a level to the level above.
  private func addChild(
    _ id: ChunkID, level: Int, firstKey: [UInt8], entries: UInt64, weight: UInt64, _ lane: Lane
  ) throws(ChunkStoreError) {
    if level + 1 == levels.count { levels.append(Level()) }
    try firstKey.withRawBytes { (key) throws(ChunkStoreError) in
      let shared = try shareKey(key, level: level + 1, isSorted: false)
      levels[level + 1].records.append(varint: shared)
      levels[level + 1].records.append(varint: key.count - shared)
      levels[level + 1].records.append(UnsafeRawBufferPointer(rebasing: key[shared...]))
      levels[level + 1].records.append(varint: entries)
      levels[level + 1].records.append(varint: weight)
      id.digest.withBytes { levels[level + 1].links.append($0) }
      try recordWasAdded(
        key, level: level + 1, size: key.count + ChunkID.byteCount + 4, entries: entries,
        weight: weight, lane)
    }
  }

  /// Whether no node is open on a level, nor on one below it.
  func isEmpty(upTo level: Int) -> Bool {
    levels.prefix(level + 1).allSatisfy { $0.recordCount == 0 }
  }

  /// Appends all entries of a node of another tree, as a whole and unread.
  ///
  /// - Precondition: nothing is open up to the node's level, the node's keys come behind those that
  ///   were appended, and it ends where it would in this tree.
  func adopt(
    _ node: EntrySubtree, firstKey: [UInt8], _ lane: Lane
  ) throws(ChunkStoreError) {
    precondition(isEmpty(upTo: node.level))
    let (sum, overflow) = weight.addingReportingOverflow(node.weight)
    guard !overflow else { throw Self.tooHeavy() }
    while levels.count <= node.level { levels.append(Level()) }
    count += node.count
    weight = sum
    try addChild(
      node.id, level: node.level, firstKey: firstKey, entries: node.count, weight: node.weight,
      lane)
  }

  @inline(never)
  private static func tooHeavy() -> ChunkStoreError {
    ChunkStoreError(.invalid, "the weights of a tree's entries add up to more than 64 bits")
  }

  private func store(_ level: Int, _ lane: Lane) throws(ChunkStoreError) -> ChunkID {
    output.removeAll()
    output.append(EntryNode.tag)
    output.append(UInt8(level))
    output.append(varint: levels[level].recordCount)
    output.append(levels[level].records.bytes)
    let id = try store(
      EntryNodeBytes(data: output.bytes, links: levels[level].links.bytes), level, lane)
    levels[level].records.removeAll()
    levels[level].links.removeAll()
    levels[level].recordCount = 0
    levels[level].filled = 0
    levels[level].entryCount = 0
    levels[level].weight = 0
    return id
  }

  private func store(
    _ node: EntryNodeBytes, _ level: Int, _ lane: Lane
  ) throws(ChunkStoreError) -> ChunkID {
    guard let revision, try !lane.knows(node) else { return try storeWhole(node, lane) }
    switch try revision.form(of: node, level: level, lastKey: levels[level].lastKey, lane) {
    case .stored(let id, let base):
      if let local { try revision.copy([id, base], to: local) }
      return id
    case .delta(let delta, let base):
      local?.append(delta)
      if let local { try revision.copy([base], to: local) }
      return try lane.store(delta, recent)
    case .whole:
      return try storeWhole(node, lane)
    }
  }

  private func storeWhole(
    _ node: EntryNodeBytes, _ lane: Lane
  ) throws(ChunkStoreError) -> ChunkID {
    local?.append(node)
    return try lane.store(node, recent)
  }

  /// Stores what is open and returns the reference; the builder is not used again.
  package func finish(_ lane: Lane) throws(ChunkStoreError) -> EntryTree {
    var level = 0
    while true {
      let isTop = level == levels.count - 1
      // A level above the leaves that holds a single child is not needed: the child is the top.
      if isTop, level > 0, levels[level].recordCount == 1 {
        let id = levels[level].links.bytes.withUnsafeBytes { ChunkID(Digest(bytes: $0)) }
        return EntryTree(root: id, height: level - 1, count: count, weight: weight)
      }
      if levels[level].recordCount > 0 || (isTop && level == 0) {
        if isTop && level == 0 {
          let id = try store(0, lane)
          return EntryTree(root: id, height: 0, count: count, weight: weight)
        }
        try close(level, lane)
      }
      level += 1
    }
  }
}

extension Lane {
  fileprivate func knows(_ node: EntryNodeBytes) throws(ChunkStoreError) -> Bool {
    let id = node.links.withUnsafeBytes { links in
      node.data.withUnsafeBytes { data in name(links: links, data: data) }
    }
    return try knows(id)
  }

  fileprivate func store(
    _ node: EntryNodeBytes, _ recent: RecentChunks?
  ) throws(ChunkStoreError) -> ChunkID {
    try node.links.withRawBytes { (links) throws(ChunkStoreError) in
      try node.data.withRawBytes { (data) throws(ChunkStoreError) in
        let id = try store(links: links, data: data, in: .nodes)
        recent?.insert(id, links: links, data: data)
        return id
      }
    }
  }
}

extension LocalChunksWriter {
  func append(_ node: EntryNodeBytes) {
    node.links.withUnsafeBytes { links in
      node.data.withUnsafeBytes { data in append(links: links, data: data) }
    }
  }
}

/// The number of bytes with which both begin.
func commonPrefix(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
  let limit = min(left.count, right.count)
  var position = 0
  while position < limit, left[position] == right[position] { position += 1 }
  return position
}
