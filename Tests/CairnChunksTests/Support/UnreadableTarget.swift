import CairnChunks

/// Another target on which one blob cannot be read.
struct UnreadableTarget: LocalTarget {
  let base: MemoryTarget
  let blob: BlobName
  let code: ChunkStoreError.Code

  var name: String { base.name }

  func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    try base.store(name, source)
  }

  func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
    if name == blob { throw ChunkStoreError(code, "\(name) cannot be read", blob: name) }
    return try base.load(name, range: range)
  }

  func findSize(of name: BlobName) throws(ChunkStoreError) -> Int64? { base.findSize(of: name) }

  func names(
    _ prefix: String, after: BlobName?, limit: Int
  ) throws(ChunkStoreError) -> [BlobInfo] {
    base.names(prefix, after: after, limit: limit)
  }

  func remove(_ name: BlobName) throws(ChunkStoreError) { base.remove(name) }
}
