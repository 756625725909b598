import CairnCore
import CairnCrypto

extension ChunkReader {
  /// Lends a node of a sorted tree, written out: as it is stored, or put together from a delta and
  /// its base.
  ///
  /// - Parameter body: `base` is that of the delta, if it is one.
  func withEntryNode<Result>(
    _ id: ChunkID, level: Int,
    _ body: (_ data: RawSpan, _ links: RawSpan, _ base: ChunkID?) throws(ChunkStoreError) -> Result
  ) throws(ChunkStoreError) -> Result {
    var delta: EntryNodeBytes?
    let result = try withChunk(id) { (record) throws(ChunkStoreError) -> Result? in
      if EntryNodeDelta.isDelta(record.data) {
        delta = record.entryNodeBytes
        return nil
      }
      return try body(record.data, record.linkBytes, nil)
    }
    guard let delta else { return result! }
    guard delta.links.count >= ChunkID.byteCount else {
      throw EntryNode.unsound("a delta without a base")
    }
    let base = ChunkID(Digest(bytes: delta.links.span.bytes.extracting(0..<ChunkID.byteCount)))
    // A delta of a delta is refused there, so this is as deep as it goes.
    let node = try withChunk(base) { (record) throws(ChunkStoreError) in
      try EntryNodeDelta.apply(delta, to: record.entryNodeBytes, level: level)
    }
    return try body(node.data.span.bytes, node.links.span.bytes, base)
  }
}

extension ChunkRecord {
  var entryNodeBytes: EntryNodeBytes {
    EntryNodeBytes(data: Array(data), links: Array(linkBytes))
  }
}
