import CairnCore
import CairnCrypto
import SystemPackage

/// The packs of a repository and what each holds, as index blobs and the packs' own tables say.
///
/// Tables are read again for each pass, so that memory does not grow with the number of chunks.
struct PackCensus: Sendable {
  private let repository: Repository
  private let indexBlobs: [BlobInfo]
  /// The sizes of the packs on the target, none larger than a pack can be: so their sum is a number.
  let packs: [Digest: Int64]

  init(_ repository: Repository) async throws(ChunkStoreError) {
    self.repository = repository
    var packs: [Digest: Int64] = [:]
    indexBlobs = try await repository.target.blobs(BlobFolder.index)
    try await repository.target.forEachBlob(BlobFolder.packs) { blob in
      guard let digest = blob.name.contentDigest else { return }
      packs[digest] = min(blob.size, Int64(PackFormat.maximumPackSize))
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

  /// Replaces the index blobs that describe packs that are gone, or about to go: what they say of
  /// others is put first, and then they are deleted.
  ///
  /// - Parameters:
  ///   - doomed: the packs that are about to go.
  ///   - spoolDirectory: where the blobs grow that take their place.
  /// - Returns: how many were replaced.
  func replaceIndexBlobs(
    doomed: Set<Digest>, spoolDirectory: FilePath
  ) throws(ChunkStoreError) -> Int64 {
    var outdated: [BlobInfo] = []
    var bytes: Int64 = 0
    var replaced: Int64 = 0
    func replace() throws(ChunkStoreError) {
      guard !outdated.isEmpty else { return }
      do throws(ChunkStoreError) {
        let spool = try repository.makeSpool(or: spoolDirectory)
        try repository.merge(outdated, alsoReplacing: [], in: spool) {
          (pack) throws(ChunkStoreError) in
          try stays(pack, doomed)
        }
        replaced += Int64(outdated.count)
      } catch {
        // Others replaced one of them meanwhile; the next collection finds what is left.
        if error.code != .missing { throw error }
      }
      (outdated, bytes) = ([], 0)
    }
    for blob in indexBlobs where try isOutdated(blob, doomed) {
      outdated.append(blob)
      bytes += blob.size
      if bytes >= Self.replacedAtOnce { try replace() }
    }
    try replace()
    return replaced
  }

  /// So that a collection that is stopped has not done all of it in vain.
  private static let replacedAtOnce: Int64 = 32 << 20

  private func stays(_ pack: PackInfo, _ doomed: Set<Digest>) throws(ChunkStoreError) -> Bool {
    if doomed.contains(pack.digest) { return false }
    if packs[pack.digest] != nil { return true }
    return try repository.target.sizeBlocking(of: pack.blob) != nil
  }

  private func isOutdated(
    _ blob: BlobInfo, _ doomed: Set<Digest>
  ) throws(ChunkStoreError) -> Bool {
    do throws(ChunkStoreError) {
      var reader = try IndexBlobReader(blob, on: repository.target, repository.keyring)
      while let element = try reader.next() {
        if case .pack(let pack, _) = element, try !stays(pack, doomed) { return true }
      }
      return false
    } catch {
      // Somebody else replaced it.
      if error.code == .missing { return false }
      throw error
    }
  }
}
