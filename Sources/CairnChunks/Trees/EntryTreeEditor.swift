import CairnCore

/// Makes a tree of the entries of others, taking over whole nodes where a tree built from those
/// entries would have the same ones.
///
/// That is so where nothing is open in the builder up to the node's level, since a node is cut by
/// what is in it alone; but for nodes that ended because their tree did.
///
/// Used by one thread at a time, which holds no lane.
struct EntryTreeEditor {
  private let session: SessionCore
  private let nodes: EntryNodeLoader
  private let builder: EntryTreeBuilder

  init(_ session: SessionCore, _ nodes: EntryNodeLoader, _ builder: EntryTreeBuilder) {
    self.session = session
    self.nodes = nodes
    self.builder = builder
  }

  /// The tree that results from `edits`, which are in the order of their keys and do not overlap.
  func edit(_ tree: EntryTree, _ edits: [EntryEdit]) throws(ChunkStoreError) -> EntryTree {
    // What was dealt with; `nil` when that is all.
    var position: [UInt8]? = []
    for (number, edit) in edits.enumerated() {
      guard let start = position, !edit.key.lexicographicallyPrecedes(start) else {
        throw ChunkStoreError(
          .invalid,
          "the change of \(String(decoding: edit.key, as: UTF8.self)) is not behind the one before "
            + "it; sort changes by their keys and let none overlap")
      }
      if start != edit.key { try copy(tree, from: start, to: edit.key, isEnd: false) }
      position = edit.end
      switch edit {
      case .set(let entry):
        try append(entry)
      case .remove, .removeRange:
        break
      case .replaceRange(let lower, let upper, let other):
        let isEnd = upper == nil && number == edits.count - 1
        try copy(other, from: lower, to: upper, isEnd: isEnd)
      }
    }
    if let position { try copy(tree, from: position, to: nil, isEnd: true) }
    return try session.withLane { (lane) throws(ChunkStoreError) in try builder.finish(lane) }
  }

  private func append(_ entry: Entry) throws(ChunkStoreError) {
    try session.requireKnown(entry.links)
    try session.withLane { (lane) throws(ChunkStoreError) in try builder.append(entry, lane) }
  }

  /// - Parameter isEnd: nothing follows.
  private func copy(
    _ tree: EntryTree, from lower: [UInt8], to upper: [UInt8]?, isEnd: Bool
  ) throws(ChunkStoreError) {
    guard tree.count > 0 else { return }
    try copy(EntrySubtree(tree), from: lower, to: upper, isEnd: isEnd)
  }

  private func copy(
    _ node: EntrySubtree, from lower: [UInt8], to upper: [UInt8]?, isEnd: Bool
  ) throws(ChunkStoreError) {
    if let firstKey = node.firstKey, canAdopt(node, firstKey, from: lower, to: upper, isEnd) {
      return try session.withLane { (lane) throws(ChunkStoreError) in
        try builder.adopt(node, firstKey: firstKey, lane)
      }
    }
    let records = try nodes.records(of: node)
    let range = records.range(from: lower, to: upper)
    guard node.level == 0 else {
      for record in range {
        try copy(records.child(record, of: node), from: lower, to: upper, isEnd: isEnd)
      }
      return
    }
    guard !range.isEmpty else { return }
    try session.withLane { (lane) throws(ChunkStoreError) in
      for record in range {
        try records.withRecord(record) { (key, value, links) throws(ChunkStoreError) in
          try builder.append(
            key: key, value: value, links: links, weight: records.weights[record], lane)
        }
      }
    }
  }

  private func canAdopt(
    _ node: EntrySubtree, _ firstKey: [UInt8], from lower: [UInt8], to upper: [UInt8]?,
    _ isEnd: Bool
  ) -> Bool {
    guard builder.isEmpty(upTo: node.level), !firstKey.lexicographicallyPrecedes(lower) else {
      return false
    }
    if node.isAtRightEdge { return isEnd && upper == nil }
    guard let upper else { return true }
    guard let end = node.end else { return false }
    return !upper.lexicographicallyPrecedes(end)
  }
}

extension EntryTreeBuilder {
  fileprivate func append(
    key: RawSpan, value: RawSpan, links: RawSpan, weight: UInt64, _ lane: Lane
  ) throws(ChunkStoreError) {
    try key.withUnsafeBytes { (key) throws(ChunkStoreError) in
      try value.withUnsafeBytes { (value) throws(ChunkStoreError) in
        try links.withUnsafeBytes { (links) throws(ChunkStoreError) in
          try append(key: key, value: value, links: links, weight: weight, lane)
        }
      }
    }
  }
}
