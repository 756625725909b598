import CairnChunks
import Synchronization
import SystemPackage

/// Counts what is fetched from a target.
final class CountingTarget: Target {
  private let base: any Target
  private let counts = Mutex(Counts())

  struct Counts {
    var calls = 0
    var bytes = 0
  }

  init(_ base: any Target) {
    self.base = base
  }

  /// What was fetched since the last call.
  func take() -> Counts {
    counts.withLock { counts in
      defer { counts = Counts() }
      return counts
    }
  }

  var name: String { base.name }
  var spoolDirectory: FilePath? { base.spoolDirectory }

  func get(
    _ name: BlobName, range: Range<Int64>?
  ) async throws(ChunkStoreError) -> [UInt8] {
    let bytes = try await base.get(name, range: range)
    counts.withLock {
      $0.calls += 1
      $0.bytes += bytes.count
    }
    return bytes
  }

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    try await base.put(name, source)
  }

  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    try await base.size(of: name)
  }

  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    try await base.list(prefix, after: after, limit: limit)
  }

  func delete(_ name: BlobName) async throws(ChunkStoreError) {
    try await base.delete(name)
  }
}
