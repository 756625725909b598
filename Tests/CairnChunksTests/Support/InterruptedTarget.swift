import CairnChunks
import Synchronization

/// A target that has something done right before a blob of some folder is deleted, or right after it was
/// listed, the first time that it happens. If that throws, every call from then on fails, as if the
/// process had died there.
final class InterruptedTarget: Target {
  enum Moment: Equatable {
    case beforeDeletion, afterListing
  }

  private let base: any Target
  private let moment: Moment
  private let folder: String
  private let interruption: Mutex<(@Sendable () async throws -> Void)?>
  private let failure = Mutex<ChunkStoreError?>(nil)

  init(
    _ base: any Target, _ moment: Moment, in folder: String,
    _ interruption: @escaping @Sendable () async throws -> Void
  ) {
    self.base = base
    self.moment = moment
    self.folder = folder
    self.interruption = Mutex(interruption)
  }

  var name: String { base.name }
  /// Whether it has happened.
  var wasInterrupted: Bool { interruption.withLock { $0 == nil } }

  private func interrupt(_ moment: Moment, _ name: String) async throws(ChunkStoreError) {
    try check()
    guard moment == self.moment, name.hasPrefix(folder) else { return }
    let interruption = interruption.withLock { interruption in
      defer { interruption = nil }
      return interruption
    }
    do {
      try await interruption?()
    } catch {
      let error = error as? ChunkStoreError ?? ChunkStoreError(.targetFailed, "\(error)")
      failure.withLock { $0 = error }
      throw error
    }
  }

  private func check() throws(ChunkStoreError) {
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    try check()
    try await base.put(name, source)
  }

  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8] {
    try check()
    return try await base.get(name, range: range)
  }

  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    try check()
    return try await base.size(of: name)
  }

  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    let found = try await base.list(prefix, after: after, limit: limit)
    try await interrupt(.afterListing, prefix)
    return found
  }

  func delete(_ name: BlobName) async throws(ChunkStoreError) {
    try await interrupt(.beforeDeletion, name.description)
    try await base.delete(name)
  }
}
