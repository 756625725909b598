import CairnChunks
import Synchronization
import SystemPackage

/// A target on the way to another, which counts what is read and fails one put.
final class FailingTarget: Target {
  private let base: any Target
  private let failingPut: Int?
  private let counts = Mutex((puts: 0, gets: 0, packBytes: Int64(0)))

  /// - Parameter failingPut: the number of the put that fails, from 0; `nil` for none.
  init(_ base: any Target, failingPut: Int? = nil) {
    self.base = base
    self.failingPut = failingPut
  }

  var name: String { base.name }
  var spoolDirectory: FilePath? { base.spoolDirectory }
  /// How often something was read from it.
  var getCount: Int { counts.withLock { $0.gets } }
  /// How much was read of packs.
  var packBytes: Int64 { counts.withLock { $0.packBytes } }

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    let number = counts.withLock { counts in
      counts.puts += 1
      return counts.puts - 1
    }
    if number == failingPut {
      throw ChunkStoreError(.targetFailed, "the put of \(name) was made to fail", blob: name)
    }
    try await base.put(name, source)
  }

  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8] {
    counts.withLock { $0.gets += 1 }
    let bytes = try await base.get(name, range: range)
    if name.description.hasPrefix("packs/") {
      counts.withLock { $0.packBytes += Int64(bytes.count) }
    }
    return bytes
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
