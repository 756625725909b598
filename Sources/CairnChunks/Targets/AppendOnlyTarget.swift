public import SystemPackage

/// Another target, of which this one deletes nothing: deletions are refused with
/// ``ChunkStoreError/Code/targetFailed``.
///
/// Sessions write and commit on it; forgetting and collecting need the other one. A guard against
/// mistakes. Where nobody is trusted, the place itself has to refuse.
public struct AppendOnlyTarget: Target {
  public let base: any Target

  public init(_ base: any Target) {
    self.base = base
  }

  public var name: String { base.name }
  public var spoolDirectory: FilePath? { base.spoolDirectory }

  public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    try await base.put(name, source)
  }

  public func get(
    _ name: BlobName, range: Range<Int64>?
  ) async throws(ChunkStoreError) -> [UInt8] {
    try await base.get(name, range: range)
  }

  public func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    try await base.size(of: name)
  }

  public func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    try await base.list(prefix, after: after, limit: limit)
  }

  public func forEachBlob(
    _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    try await base.forEachBlob(prefix, body)
  }

  public func delete(_ name: BlobName) async throws(ChunkStoreError) {
    throw ChunkStoreError(
      .targetFailed, "\(self.name) is only added to here, so \(name) cannot be deleted", blob: name)
  }
}
