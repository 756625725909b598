import CairnChunks

extension BackupFixture {
  /// The packs on the target.
  func packs() async throws -> [BlobName] {
    var names: [BlobName] = []
    try await target.forEachBlob("packs/") { names.append($0.name) }
    return names
  }

  /// Deletes a blob, whatever it is.
  func lose(_ blob: BlobName) async throws { try await target.delete(blob) }

  /// Deletes the index, which the next session makes up from the packs that are there.
  func loseIndex() async throws {
    var names: [BlobName] = []
    try await target.forEachBlob("index/") { names.append($0.name) }
    for name in names { try await target.delete(name) }
  }
}
