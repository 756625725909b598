/// Another target, of which this one only reads: puts and deletions are refused with
/// ``ChunkStoreError/Code/targetFailed``.
///
/// A guard against mistakes. Where nobody is trusted, the place itself has to refuse.
public struct ReadOnlyTarget: TargetDecorator {
  public let base: any Target

  public init(_ base: any Target) {
    self.base = base
  }

  public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    throw ChunkStoreError(
      .targetFailed, "\(self.name) is only read here, so \(name) cannot be put there", blob: name)
  }

  public func delete(_ name: BlobName) async throws(ChunkStoreError) {
    throw ChunkStoreError(
      .targetFailed, "\(self.name) is only read here, so \(name) cannot be deleted", blob: name)
  }
}
