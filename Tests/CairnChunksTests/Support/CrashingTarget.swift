import CairnChunks
import Synchronization

/// A target that is lost after some puts and deletions: that one and all that follow fail, reads as
/// well, as if the process had died there.
final class CrashingTarget: LocalTarget {
  private let base: MemoryTarget
  private let limit: Int
  private let takesEffect: Bool
  private let changes = Mutex(0)

  /// - Parameters:
  ///   - limit: the number of changes that succeed.
  ///   - takesEffect: the next one is made, but its caller does not learn of it.
  init(_ base: MemoryTarget, afterChanges limit: Int, takesEffect: Bool) {
    self.base = base
    self.limit = limit
    self.takesEffect = takesEffect
  }

  var name: String { base.name }
  var hasCrashed: Bool { changes.withLock { $0 > limit } }

  private func fail() -> ChunkStoreError {
    ChunkStoreError(.targetFailed, "the target was made to fail")
  }

  private func requireUp() throws(ChunkStoreError) {
    if hasCrashed { throw fail() }
  }

  private func change(_ body: () throws(ChunkStoreError) -> Void) throws(ChunkStoreError) {
    let number = changes.withLock { changes in
      changes += 1
      return changes
    }
    if number <= limit || (number == limit + 1 && takesEffect) { try body() }
    if number > limit { throw fail() }
  }

  func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    try change { () throws(ChunkStoreError) in try base.store(name, source) }
  }

  func remove(_ name: BlobName) throws(ChunkStoreError) {
    try change { base.remove(name) }
  }

  func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
    try requireUp()
    return try base.load(name, range: range)
  }

  func findSize(of name: BlobName) throws(ChunkStoreError) -> Int64? {
    try requireUp()
    return base.findSize(of: name)
  }

  func names(
    _ prefix: String, after: BlobName?, limit: Int
  ) throws(ChunkStoreError) -> [BlobInfo] {
    try requireUp()
    return base.names(prefix, after: after, limit: limit)
  }
}

extension MemoryTarget {
  /// Another target with the same blobs.
  func copy() throws(ChunkStoreError) -> MemoryTarget {
    let copy = MemoryTarget()
    for blob in names("", after: nil, limit: .max) {
      try copy.store(blob.name, BlobSource(try load(blob.name, range: nil)))
    }
    return copy
  }
}
