import CairnChunks
import Synchronization

/// A target on which something happens between a listing of the index and what is done with it.
final class VanishingTarget: Target {
  private let base: MemoryTarget
  private let isWaiting = Mutex(false)
  private let listed = AsyncStream.makeStream(of: Void.self)
  private let goOn = AsyncStream.makeStream(of: Void.self)

  init(base: MemoryTarget) { self.base = base }

  var name: String { base.name }

  /// Runs `work`, and `body` right after the listing with which it begins.
  func afterNextListing<Result: Sendable>(
    _ body: () async throws -> Result, during work: @escaping @Sendable () async throws -> Void
  ) async throws -> Result {
    isWaiting.withLock { $0 = true }
    async let done: Void = work()
    for await _ in listed.stream { break }
    let result = try await body()
    goOn.continuation.yield()
    try await done
    return result
  }

  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    let found = base.names(prefix, after: after, limit: limit)
    let waits = isWaiting.withLock { isWaiting in
      defer { isWaiting = false }
      return isWaiting
    }
    if waits {
      listed.continuation.yield()
      for await _ in goOn.stream { break }
    }
    return found
  }

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    try base.store(name, source)
  }

  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8] {
    try base.load(name, range: range)
  }

  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? { base.findSize(of: name) }

  func delete(_ name: BlobName) async throws(ChunkStoreError) { base.remove(name) }
}
