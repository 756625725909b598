import CairnCore
import CairnCrypto

/// Finds in an older tree what a node of a newer one can be stored as a delta of.
///
/// Used by one thread at a time, which may hold a lane: nothing is flushed to be read.
final class EntryTreeRevision {
  private let tree: EntryTree
  private let policy: DeltaPolicy
  private let chunks: ChunkReader
  private let nodes: EntryNodeLoader

  /// - Returns: `nil` if nothing can come of it.
  init?(of tree: EntryTree, _ policy: DeltaPolicy, _ chunks: ChunkReader) {
    guard policy != .none, tree.count > 0 else { return nil }
    self.tree = tree
    self.policy = policy
    self.chunks = chunks
    nodes = EntryNodeLoader(chunks)
  }

  /// What a node is stored as.
  enum Form {
    /// The older tree has it, as a delta.
    case stored(ChunkID, base: ChunkID)
    case delta(EntryNodeBytes, base: ChunkID)
    case whole
  }

  /// Copies chunks of the older tree as they are.
  func copy(_ ids: [ChunkID], to local: LocalChunksWriter) throws(ChunkStoreError) {
    for id in ids {
      local.append(try chunks.withChunk(id) { (record) in record.entryNodeBytes })
    }
  }

  /// - Parameters:
  ///   - node: written out.
  ///   - lastKey: of its last record. Nodes end by their last key, so the one of the older tree in
  ///     which that lies is most like it.
  func form(
    of node: EntryNodeBytes, level: Int, lastKey: [UInt8], _ lane: Lane
  ) throws(ChunkStoreError) -> Form {
    guard level == 0 || policy == .all else { return .whole }
    do throws(ChunkStoreError) {
      guard let old = try find(level, lastKey) else { return .whole }
      let (oldNode, oldBase) = try bytes(of: old, level)
      if let oldBase, oldNode == node, try lane.knows(old) { return .stored(old, base: oldBase) }
      let base = oldBase ?? old
      guard try lane.knows(base) else { return .whole }
      let baseNode = oldBase == nil ? oldNode : try bytes(of: base, level).0
      let delta = try EntryNodeDelta.make(of: node, from: base, baseNode, level: level, policy)
      return delta.map { .delta($0, base: base) } ?? .whole
    } catch {
      // The older tree is damaged, or not where it can be read yet: this one does without.
      guard error.isAboutBlob else { throw error }
      return .whole
    }
  }

  private func bytes(
    of id: ChunkID, _ level: Int
  ) throws(ChunkStoreError) -> (EntryNodeBytes, base: ChunkID?) {
    try chunks.withEntryNode(id, level: level) { (data, links, base) throws(ChunkStoreError) in
      (EntryNodeBytes(data: Array(data), links: Array(links)), base)
    }
  }

  /// The node of a level that holds a key, or would.
  private func find(_ level: Int, _ key: [UInt8]) throws(ChunkStoreError) -> ChunkID? {
    var node = EntrySubtree(tree)
    guard node.level >= level else { return nil }
    while node.level > level {
      let records = try nodes.records(of: node)
      node = records.child(max(0, records.rank(of: key, isInclusive: true) - 1), of: node)
    }
    return node.id
  }
}
