public import SystemPackage

/// A target over another one: it says what it does otherwise, and passes all else on to ``base``.
///
/// Everything that ``Target`` asks for is passed on, also what has a default there: so nothing that the
/// other target can do is lost, such as listing ahead or a place for packs to grow.
///
/// One that has a ``Target/list(_:after:limit:)`` of its own needs a ``Target/forEachBlob(_:_:)`` too,
/// since the other's knows nothing of it; ``Target/forEachListedBlob(_:after:_:)`` makes one of the
/// former.
///
/// ```swift
/// struct Labelled: TargetDecorator {
///   let base: any Target
///   var name: String { "the archive at \(base.name)" }
/// }
/// ```
public protocol TargetDecorator: Target {
  /// The other one.
  var base: any Target { get }
}

extension TargetDecorator {
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
    try await base.delete(name)
  }
}
