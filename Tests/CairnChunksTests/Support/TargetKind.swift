import CairnChunks
import SystemPackage
import Testing

/// The targets that the library brings, on which one contract is tested.
enum TargetKind: String, CaseIterable, CustomTestStringConvertible {
  case memory, directory

  var testDescription: String { rawValue }

  /// Lends a fresh, empty target.
  func withTarget<Result>(_ body: (any Target) async throws -> Result) async throws -> Result {
    switch self {
    case .memory:
      return try await body(MemoryTarget())
    case .directory:
      return try await withTemporaryDirectory { directory in
        try await body(try DirectoryTarget(directory.appending("target"), creating: true))
      }
    }
  }
}

extension BlobName {
  /// For names that are known to be right.
  init(named name: String) {
    self.init(name)!
  }
}

extension Target {
  func get(_ name: BlobName) async throws(ChunkStoreError) -> [UInt8] {
    try await get(name, range: nil)
  }

  func names(_ prefix: String = "") async throws(ChunkStoreError) -> [String] {
    var names: [String] = []
    try await forEachBlob(prefix) { names.append($0.name.description) }
    return names
  }
}

/// The error that `body` throws, which it must.
func storeError(
  _ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> ChunkStoreError {
  let error = await #expect(throws: ChunkStoreError.self, sourceLocation: sourceLocation) {
    try await body()
  }
  return try #require(error, sourceLocation: sourceLocation)
}
