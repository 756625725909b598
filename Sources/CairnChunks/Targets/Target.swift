public import SystemPackage

/// A place that keeps named, immutable blobs: a directory, a bucket, a host's own.
///
/// What the store relies on, and an implementation promises:
/// - **Atomic**: a blob is there whole or not at all, whatever fails, and never changes.
/// - **Durable**: when ``put(_:_:)`` returns, the blob survives a power cut of the machine that
///   keeps it.
/// - **Consistent**: after ``put(_:_:)`` has returned, every `get`, `size` and `list` that begins
///   finds the blob; after ``delete(_:)`` has returned, none does.
/// - **Idempotent**: putting the same bytes under a name that exists succeeds. Other bytes are
///   refused with ``ChunkStoreError/Code/conflict``, and the blob stays as it was.
/// - Any call may be made from any task at any time. Blocking I/O is not done on the cooperative
///   pool; ``LocalTarget`` does that for targets that block.
///
/// Errors: ``ChunkStoreError/Code/missing`` for a blob that is not there,
/// ``ChunkStoreError/Code/temporary`` where the same call may succeed later, and
/// ``ChunkStoreError/Code/targetFailed`` where it will not.
public protocol Target: Sendable {
  /// What messages call this target, for example its path.
  var name: String { get }

  /// Stores a blob; durable on return.
  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError)

  /// Reads a blob, or a range of its bytes; shorter than asked for if the blob ends before.
  ///
  /// - Parameter range: offsets into the blob, or `nil` for all of it.
  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8]

  /// The number of bytes of a blob, or `nil` if it is not there.
  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64?

  /// The next blobs whose names begin with `prefix`, in the order of their names.
  ///
  /// - Parameters:
  ///   - prefix: folders, each with its "/", or empty for every blob.
  ///   - after: begins behind this name.
  ///   - limit: the most that are returned; fewer mean that there are no more.
  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo]

  /// Removes a blob; one that is not there is a success.
  func delete(_ name: BlobName) async throws(ChunkStoreError)

  /// The directory in which a pack best grows before it is put here, if there is one.
  ///
  /// A target on a local file system names a directory of that file system; it then takes the
  /// finished file over instead of copying it.
  var spoolDirectory: FilePath? { get }
}

extension Target {
  public var spoolDirectory: FilePath? { nil }
}

/// What a listing says of a blob.
public struct BlobInfo: Hashable, Sendable, Codable {
  public let name: BlobName
  /// In bytes.
  public let size: Int64

  public init(name: BlobName, size: Int64) {
    self.name = name
    self.size = size
  }
}

extension Target {
  /// Calls `body` for each blob whose name begins with `prefix`, in the order of names, holding
  /// some 1,000 at a time.
  public func forEachBlob(
    _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    var last: BlobName?
    while true {
      let page = try await list(prefix, after: last, limit: 1000)
      for blob in page { try await body(blob) }
      guard page.count == 1000 else { return }
      last = page.last?.name
    }
  }

  /// Every blob whose name begins with `prefix`.
  func blobs(_ prefix: String) async throws(ChunkStoreError) -> [BlobInfo] {
    var all: [BlobInfo] = []
    try await forEachBlob(prefix) { all.append($0) }
    return all
  }

  /// Reads a small blob that is named by its content, and checks that it is that.
  func getNamedByContent(
    _ name: BlobName
  ) async throws(ChunkStoreError) -> [UInt8] {
    let bytes = try await get(name, range: nil)
    try checkName(name, of: bytes)
    return bytes
  }
}
