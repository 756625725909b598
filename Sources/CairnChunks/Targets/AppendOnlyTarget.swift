/// Another target, of which this one deletes nothing: deletions are refused with
/// ``ChunkStoreError/Code/targetFailed``.
///
/// Sessions write and commit on it; forgetting and collecting need the other one. A guard against
/// mistakes. Where nobody is trusted, the place itself has to refuse.
public struct AppendOnlyTarget: TargetDecorator {
  public let base: any Target

  public init(_ base: any Target) {
    self.base = base
  }

  public func delete(_ name: BlobName) async throws(ChunkStoreError) {
    throw ChunkStoreError(
      .targetFailed, "\(self.name) is only added to here, so \(name) cannot be deleted", blob: name)
  }
}
