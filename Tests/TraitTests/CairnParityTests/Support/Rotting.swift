import CairnChunks
import CairnCore
import CairnParity
import Synchronization
import SystemPackage
import Testing

func blobName(_ text: String) -> BlobName { BlobName(text)! }

extension Target {
  func put(_ name: String, _ bytes: [UInt8]) async throws {
    try await put(blobName(name), BlobSource(bytes))
  }

  func get(_ name: String, _ range: Range<Int64>? = nil) async throws -> [UInt8] {
    try await get(blobName(name), range: range)
  }

  func names(_ prefix: String = "") async throws -> [String] {
    var all: [String] = []
    try await forEachBlob(prefix) { all.append($0.name.description) }
    return all
  }

  /// What a disk does to a blob by itself.
  func rot(_ name: String, _ change: (inout [UInt8]) -> Void) async throws {
    var bytes = try await get(name)
    change(&bytes)
    try await delete(blobName(name))
    try await put(name, bytes)
  }

  /// All blobs and what is in them.
  func contents() async throws -> [String: [UInt8]] {
    var all: [String: [UInt8]] = [:]
    for name in try await names() { all[name] = try await get(name) }
    return all
  }
}

/// The error of the library that `body` throws.
func failure(
  _ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> ChunkStoreError {
  do {
    try await body()
  } catch let error as ChunkStoreError {
    return error
  }
  return try #require(nil, "it did not throw", sourceLocation: sourceLocation)
}

/// A disk some sectors of which cannot be read until their blob is written again.
final class BadSectors: LocalTarget {
  private let base = MemoryTarget()
  private let bad = Mutex<[BlobName: [Range<Int64>]]>([:])

  var name: String { "a disk with bad sectors" }

  func spoil(_ name: String, _ range: Range<Int64>) {
    bad.withLock { $0[blobName(name), default: []].append(range) }
  }

  func store(_ name: BlobName, _ source: BlobSource) throws(ChunkStoreError) {
    try base.store(name, source)
  }

  func load(_ name: BlobName, range: Range<Int64>?) throws(ChunkStoreError) -> [UInt8] {
    let isBad = bad.withLock { bad in
      bad[name]?.contains { range?.overlaps($0) != false } == true
    }
    guard !isBad else {
      throw ChunkStoreError(
        .targetFailed, "cannot read \(name)", blob: name,
        cause: .systemCall("read", name.description, .ioError))
    }
    return try base.load(name, range: range)
  }

  func findSize(of name: BlobName) -> Int64? { base.findSize(of: name) }

  func names(_ prefix: String, after: BlobName?, limit: Int) -> [BlobInfo] {
    base.names(prefix, after: after, limit: limit)
  }

  func remove(_ name: BlobName) {
    bad.withLock { $0[name] = nil }
    base.remove(name)
  }
}
