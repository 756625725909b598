public import SystemPackage

/// Another target, of which this one only reads: puts and deletions are refused with
/// ``ChunkStoreError/Code/targetFailed``.
///
/// A guard against mistakes. Where nobody is trusted, the place itself has to refuse.
public struct ReadOnlyTarget: Target {
  public let base: any Target

  public init(_ base: any Target) {
    self.base = base
  }

  public var name: String { base.name }
  public var spoolDirectory: FilePath? { base.spoolDirectory }

  public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    throw ChunkStoreError(
      .targetFailed, "\(self.name) is only read here, so \(name) cannot be put there", blob: name)
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
      .targetFailed, "\(self.name) is only read here, so \(name) cannot be deleted", blob: name)
  }
}
