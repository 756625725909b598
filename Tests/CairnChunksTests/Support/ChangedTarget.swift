import CairnChunks

/// Another target as it would be with one blob changed, or gone.
struct ChangedTarget: LocalTarget {
  let base: MemoryTarget
  let changed: BlobName
  /// `nil` if the blob is gone.
  let bytes: [UInt8]?

  var name: String { base.name }

  func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    throw ChunkStoreError(.targetFailed, "nothing is written in this test")
  }

  func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
    guard name == changed else { return try base.load(name, range: range) }
    guard let bytes else {
      throw ChunkStoreError(.missing, "the blob \(name) is missing", blob: name)
    }
    let inside = (range ?? 0..<Int64.max).clamped(to: 0..<Int64(bytes.count))
    return Array(bytes[Int(inside.lowerBound)..<Int(inside.upperBound)])
  }

  func findSize(of name: BlobName) throws(ChunkStoreError) -> Int64? {
    name == changed ? bytes.map { Int64($0.count) } : base.findSize(of: name)
  }

  func names(
    _ prefix: String, after: BlobName?, limit: Int
  ) throws(ChunkStoreError) -> [BlobInfo] {
    base.names(prefix, after: after, limit: limit).compactMap { blob in
      guard blob.name == changed else { return blob }
      return bytes.map { BlobInfo(name: changed, size: Int64($0.count)) }
    }
  }

  func remove(_ name: BlobName) throws(ChunkStoreError) {
    throw ChunkStoreError(.targetFailed, "nothing is removed in this test")
  }
}
