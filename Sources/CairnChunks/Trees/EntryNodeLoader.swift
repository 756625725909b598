import CairnCore

/// Reads nodes of sorted trees, and keeps the one read last on each level laid open: those who look
/// up or edit neighbours need the same nodes again.
///
/// Used by one thread at a time, one of the library's own.
final class EntryNodeLoader {
  private let chunks: ChunkReader
  private var lastNodes: [(id: ChunkID, records: EntryNodeRecords)?] = []

  init(_ chunks: ChunkReader) {
    self.chunks = chunks
  }

  func records(of node: EntrySubtree) throws(ChunkStoreError) -> EntryNodeRecords {
    guard (0...EntryTree.maximumHeight).contains(node.level) else {
      throw EntryNode.unsound("it claims to be \(node.level) levels high")
    }
    while lastNodes.count <= node.level { lastNodes.append(nil) }
    // Checked against what its parent says when it was read: the id stands for the whole of it.
    if let last = lastNodes[node.level], last.id == node.id, last.records.agrees(with: node) {
      return last.records
    }
    let records = try chunks.withEntryNode(node.id, level: node.level) {
      (data, links, _) throws(ChunkStoreError) in
      try EntryNodeRecords(data, links, of: node)
    }
    lastNodes[node.level] = (node.id, records)
    return records
  }

  /// Calls `body` with the leaf and the number of each record from `lower` on, up to but without
  /// `upper`, until it returns `false`.
  ///
  /// - Returns: whether all were visited.
  @discardableResult
  func forEachRecord(
    of tree: EntryTree, from lower: [UInt8]?, to upper: [UInt8]?,
    _ body: (EntryNodeRecords, Int) throws(ChunkStoreError) -> Bool
  ) throws(ChunkStoreError) -> Bool {
    guard tree.count > 0 else { return true }
    return try visit(EntrySubtree(tree), lower, upper, body)
  }

  private func visit(
    _ node: EntrySubtree, _ lower: [UInt8]?, _ upper: [UInt8]?,
    _ body: (EntryNodeRecords, Int) throws(ChunkStoreError) -> Bool
  ) throws(ChunkStoreError) -> Bool {
    let records = try records(of: node)
    let range = records.range(from: lower, to: upper)
    for record in range {
      let goesOn =
        node.level == 0
        ? try body(records, record)
        : try visit(records.child(record, of: node), lower, upper, body)
      if !goesOn { return false }
    }
    return true
  }
}

extension EntryNodeRecords {
  /// The records that concern keys from `lower` up to, but without, `upper`.
  func range(from lower: [UInt8]?, to upper: [UInt8]?) -> Range<Int> {
    var start = 0
    if let lower {
      // The last child that begins at or before the key may hold it.
      start = level == 0 ? rank(of: lower) : max(0, rank(of: lower, isInclusive: true) - 1)
    }
    return start..<max(start, upper.map { rank(of: $0) } ?? count)
  }
}
