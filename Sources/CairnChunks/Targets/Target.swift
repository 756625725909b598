public import SystemPackage

/// A place that keeps named, immutable blobs: a directory, a bucket, a host's own.
///
/// This is all that the store relies on; an implementation promises it, and `TargetConformance` in
/// the module `CairnTargetKit` examines it.
///
/// **What is there**
///
/// - *Atomic*: a blob is there whole or not at all, whatever fails, and never changes. While it is
///   put, everybody finds all of it or nothing.
/// - *Durable*: when ``put(_:_:)`` returns, the blob survives a power cut of the machine that keeps
///   it; when ``delete(_:)`` returns, the blob does not come back.
/// - *Consistent*: after ``put(_:_:)`` has returned, every `get`, `size` and `list` that begins,
///   here or on any other machine, finds the blob; after ``delete(_:)`` has returned, none does.
///   Nothing depends on a clock.
/// - *Idempotent*: putting the same bytes under a name that exists succeeds, and deleting what is
///   not there does. Other bytes are refused with ``ChunkStoreError/Code/conflict``, and the blob
///   stays as it was.
/// - *Order*: calls that overlap take effect in any order. Of puts of different bytes under one
///   name that overlap, one succeeds.
/// - *Listings*: in the order of names, each name once. A blob that is there from the beginning of
///   a listing to its end is in it, whatever is put and deleted meanwhile.
/// - *Names*: every ``BlobName`` is a blob's, but nobody puts both "a" and "a/b", so a target may
///   refuse the second of them with ``ChunkStoreError/Code/targetFailed``; to `get`, `size` and
///   `delete`, the other one is not there. What else lies in the place, under whatever names, is
///   not listed and not touched.
///
/// **What fails**
///
/// - ``ChunkStoreError/Code/missing``: the blob is not there, and the place is. A place that cannot
///   be reached has lost nothing: that is another error.
/// - ``ChunkStoreError/Code/conflict``: the name holds other bytes.
/// - ``ChunkStoreError/Code/temporary``: the same call may succeed later: no connection, a timeout,
///   a server that is busy. ``ChunkStoreError/retryAfter`` passes on when, if the server says so.
///   Whether the call took effect may be unknown; making it again is safe.
/// - ``ChunkStoreError/Code/targetFailed``: it will not succeed until somebody does something: access
///   is denied, space or a quota is used up, the place is misconfigured. The message says what.
/// - ``ChunkStoreError/Code/cancelled``: the task was cancelled.
///
/// A put that throws has left the blob whole or, as after an error of the source, no trace of it: it
/// is neither found nor listed, and the name is free. What was sent in vain frees its room by
/// itself, if not at once.
///
/// **Tasks and threads**
///
/// Any call may be made from any task at any time. A call of a cancelled task ends soon, with its
/// result or with ``ChunkStoreError/Code/cancelled``; one that is short may ignore it. Blocking I/O,
/// of which reading a ``BlobSource`` is a kind, is not done on the cooperative pool;
/// ``LocalTarget`` does that for targets that block.
public protocol Target: Sendable {
  /// What messages call this target, for example its path.
  var name: String { get }

  /// Stores a blob; durable on return.
  ///
  /// - Parameter source: holds the bytes until this returns; read in any order, any number of times.
  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError)

  /// Reads a blob, or a range of its bytes; shorter than asked for if the blob ends before.
  ///
  /// - Parameter range: offsets into the blob, from 0 on and beyond its end if need be, or `nil` for
  ///   all of it.
  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8]

  /// The number of bytes of a blob, or `nil` if it is not there.
  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64?

  /// The next blobs whose names begin with `prefix`, in the order of their names.
  ///
  /// - Parameters:
  ///   - prefix: the bytes with which the names begin, for instance folders, each with its "/";
  ///     empty for every blob.
  ///   - after: begins behind this name, which need not be there.
  ///   - limit: the most that are returned, from 0 on; fewer mean that there are no more.
  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo]

  /// Calls `body` for each blob whose name begins with `prefix`, in the order of names.
  ///
  /// There is one that asks ``list(_:after:limit:)`` for page after page; a target that answers late
  /// may have one of its own that asks ahead, and one that passes calls on passes this on too, as
  /// ``TargetDecorator`` does.
  func forEachBlob(
    _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError)

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
  /// Holds some 1,000 at a time.
  public func forEachBlob(
    _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    try await forEachListedBlob(prefix, body)
  }

  /// Calls `body` for each blob that ``list(_:after:limit:)`` names, in pages of 1,000: what
  /// ``forEachBlob(_:_:)`` does where a target has none of its own.
  ///
  /// - Parameter after: begins behind this name, which need not be there.
  public func forEachListedBlob(
    _ prefix: String, after: BlobName? = nil,
    _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    var last = after
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
