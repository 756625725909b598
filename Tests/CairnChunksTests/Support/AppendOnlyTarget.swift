import CairnChunks
import Synchronization

/// A target that lets blobs be removed a number of times, and then never.
final class AppendOnlyTarget: LocalTarget {
  private let base: MemoryTarget
  private let removalsLeft: Mutex<Int>

  init(base: MemoryTarget, removals: Int = 0) {
    self.base = base
    removalsLeft = Mutex(removals)
  }

  var name: String { base.name }

  func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    try base.store(name, source)
  }

  func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
    try base.load(name, range: range)
  }

  func findSize(of name: BlobName) throws(ChunkStoreError) -> Int64? { base.findSize(of: name) }

  func names(
    _ prefix: String, after: BlobName?, limit: Int
  ) throws(ChunkStoreError) -> [BlobInfo] {
    base.names(prefix, after: after, limit: limit)
  }

  func remove(_ name: BlobName) throws(ChunkStoreError) {
    let isAllowed = removalsLeft.withLock { left in
      left -= 1
      return left >= 0
    }
    guard isAllowed else {
      throw ChunkStoreError(.targetFailed, "blobs cannot be removed with these credentials")
    }
    base.remove(name)
  }
}
