import CairnChunks
import Synchronization
import SystemPackage

/// A target on the way to another, which counts what is read and can run something before each put.
final class WatchedTarget: Target {
  private let base: any Target
  private let beforePut: @Sendable (BlobName) -> Void
  private let reads = Mutex(0)

  init(_ base: any Target, beforePut: @escaping @Sendable (BlobName) -> Void = { _ in }) {
    self.base = base
    self.beforePut = beforePut
  }

  var name: String { base.name }
  var spoolDirectory: FilePath? { base.spoolDirectory }
  /// How often something was read from it.
  var readCount: Int { reads.withLock { $0 } }

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    beforePut(name)
    try await base.put(name, source)
  }

  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8] {
    reads.withLock { $0 += 1 }
    return try await base.get(name, range: range)
  }

  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    try await base.size(of: name)
  }

  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    try await base.list(prefix, after: after, limit: limit)
  }

  func delete(_ name: BlobName) async throws(ChunkStoreError) { try await base.delete(name) }
}
