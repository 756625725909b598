import CairnCore
import CairnCrypto

/// The packs of a repository and what each holds, as index blobs and the packs' own tables say.
///
/// Tables are read again for each pass, so that memory does not grow with the number of chunks.
struct PackCensus: Sendable {
  private let repository: Repository
  private let indexBlobs: [BlobInfo]
  /// The sizes of the packs on the target.
  let packs: [Digest: Int64]

  init(_ repository: Repository) async throws(ChunkStoreError) {
    self.repository = repository
    var packs: [Digest: Int64] = [:]
    indexBlobs = try await repository.target.blobs(BlobFolder.index)
    try await repository.target.forEachBlob(BlobFolder.packs) { blob in
      if let digest = blob.name.contentDigest { packs[digest] = blob.size }
    }
    self.packs = packs
  }

  /// Calls `body` once with each of the packs whose table can be read. Called from the library's own
  /// threads.
  func forEach(
    of wanted: Set<Digest>,
    _ body: (PackInfo, PackTable) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    var left = wanted
    for blob in indexBlobs where !left.isEmpty {
      try forEach(inIndexBlob: blob) { (pack, table) throws(ChunkStoreError) in
        if left.remove(pack.digest) != nil { try body(pack, table) }
      }
    }
    let tail = PackTail(target: repository.target, keys: repository.packKeys)
    for digest in left.sorted() {
      let blob = BlobInfo(name: .pack(digest), size: packs[digest] ?? 0)
      guard let (pack, table) = try? tail.read(blob) else { continue }
      try body(pack, table)
    }
  }

  private func forEach(
    inIndexBlob blob: BlobInfo, _ body: (PackInfo, PackTable) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    var reader: IndexBlobReader
    do {
      reader = try IndexBlobReader(blob, on: repository.target, repository.keyring)
    } catch {
      // Another collection or a session replaced it; its packs have tables of their own.
      if error.code == .missing { return }
      throw error
    }
    while let element = try reader.next() {
      if case .pack(let pack, let table) = element {
        try body(pack, PackTable(table, in: blob.name))
      }
    }
  }

  /// Replaces the index blobs that describe packs that are gone: what they say of others is put
  /// first, and then they are deleted.
  ///
  /// - Returns: how many were replaced.
  func replaceIndexBlobs(keeping present: Set<Digest>) throws(ChunkStoreError) -> Int64 {
    var next = IndexBlob()
    var chunks = 0
    var outdated: [BlobName] = []
    var replaced: Int64 = 0
    func replace() throws(ChunkStoreError) {
      if !next.packs.isEmpty { _ = try repository.putIndexBlob(next) }
      for name in outdated { try repository.target.deleteBlocking(name) }
      replaced += Int64(outdated.count)
      next = IndexBlob()
      outdated = []
      chunks = 0
    }
    for blob in indexBlobs {
      var kept: [(info: PackInfo, table: PackTable)] = []
      var isOutdated = false
      try forEach(inIndexBlob: blob) { pack, table in
        if present.contains(pack.digest) {
          kept.append((pack, table))
        } else {
          isOutdated = true
        }
      }
      guard isOutdated else { continue }
      outdated.append(blob.name)
      next.packs += kept
      chunks += kept.reduce(0) { $0 + $1.table.entries.count }
      if chunks >= 32_768 { try replace() }
    }
    try replace()
    return replaced
  }
}
