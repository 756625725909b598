import CairnCore
import CairnCrypto
public import SystemPackage

/// Another target, of whose blobs the parts that were read are kept in a local directory.
///
/// Blobs never change, so what was read once need not be read again. They are kept in pieces of
/// ``pieceSize`` bytes, each a file of its own; of a blob that is named by the SHA-256 of its bytes,
/// what is read whole is compared with its name, from the cache too. The pieces that were used least
/// recently are removed when there are more bytes than the budget. Sizes, listings and what is
/// missing are always asked of the other target.
///
/// - The cache is never a reason to fail: a piece that is damaged, torn by a crash or not to be read
///   counts as absent and is read again, and where nothing can be kept, nothing is.
/// - Several processes may share a directory; each but the first may exceed the budget by an eighth
///   of it. Repositories may share one too, if their blobs are named by their content.
/// - Bytes are stored as the target gave them: of a repository, encrypted.
/// - What another process deletes may be given for a while to those who have read it before.
///   Do not verify a target through a cache.
public struct CachingTarget: TargetDecorator {
  public let base: any Target
  private let cache: PieceCache
  private let isKept: @Sendable (BlobName) -> Bool

  /// What is read and kept at once: two segments of a pack, and little enough that reading a
  /// little is not reading much.
  public static let pieceSize: Int64 = 128 << 10

  /// - Parameters:
  ///   - directory: for the cache alone; made where its parent exists.
  ///   - budget: the most bytes that are kept, names of files not counted.
  ///   - isKept: which blobs are kept; `nil` for those that are named by their content.
  /// - Precondition: `budget` is not negative.
  public init(
    _ base: any Target, in directory: FilePath, budget: Int64,
    keeping isKept: (@Sendable (BlobName) -> Bool)? = nil
  ) {
    precondition(budget >= 0)
    self.base = base
    cache = PieceCache(directory, budget: budget)
    self.isKept = isKept ?? { $0.contentDigest != nil }
  }

  public func get(
    _ name: BlobName, range: Range<Int64>?
  ) async throws(ChunkStoreError) -> [UInt8] {
    guard isKept(name), range?.isEmpty != true else {
      return try await base.get(name, range: range)
    }
    guard let range else { return try await getWhole(name) }
    return try await getPart(name, range)
  }

  private func getWhole(_ name: BlobName) async throws(ChunkStoreError) -> [UInt8] {
    let kept = await localCalls.run { cache.whole(name) }
    if let kept, name.isNamed(by: kept) { return kept }
    let bytes = try await base.get(name, range: nil)
    // What is wrong there is for the caller to see, and not to be kept.
    if name.isNamed(by: bytes) {
      await localCalls.run { cache.keep(bytes, of: name, from: 0, isWhole: true) }
    }
    return bytes
  }

  private func getPart(
    _ name: BlobName, _ range: Range<Int64>
  ) async throws(ChunkStoreError) -> [UInt8] {
    let size = Self.pieceSize
    let first = range.lowerBound / size
    let kept = await localCalls.run { cache.run(of: name, from: first, covering: range) }
    // From the first piece on that is not there, all is read at once, to the end of a piece.
    var bytes = kept.bytes
    if !kept.isEnough {
      let start = first * size + Int64(bytes.count)
      let (end, isBehind) = ((range.upperBound - 1) / size + 1).multipliedReportingOverflow(
        by: size)
      let asked = start..<(isBehind ? Int64.max : end)
      let fetched = try await base.get(name, range: asked)
      await localCalls.run {
        cache.keep(fetched, of: name, from: start, isWhole: fetched.count < asked.count)
      }
      bytes += fetched
    }
    let inside = range.clamped(to: first * size..<first * size + Int64(bytes.count))
    return Array(
      bytes[Int(inside.lowerBound - first * size)..<Int(inside.upperBound - first * size)])
  }

  public func delete(_ name: BlobName) async throws(ChunkStoreError) {
    try await base.delete(name)
    await localCalls.run { cache.remove(name) }
  }
}

extension BlobName {
  /// Whether these may be its bytes: true of a name that says nothing of them.
  fileprivate func isNamed(by bytes: [UInt8]) -> Bool {
    contentDigest.map { $0 == SHA256.hash(of: bytes.span.bytes) } != false
  }
}
