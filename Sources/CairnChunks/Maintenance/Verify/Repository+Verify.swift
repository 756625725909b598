public import CairnCore
import CairnCrypto

extension Repository {
  /// Checks the repository, goes on past what is wrong, and reports all of it. Changes nothing.
  ///
  /// Memory: the index, a bit per chunk, and some MiB per thread.
  ///
  /// - Parameter progress: is told of packs and bytes.
  /// - Throws: ``ChunkStoreError`` if the target itself cannot be listed or read, or if the task is
  ///   cancelled; what is damaged or missing is in the report.
  public func verify(
    _ options: VerifyOptions = VerifyOptions(), progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> VerifyReport {
    let reading = try await PackReading(options, .contents, of: id, progress)
    var report = VerifyReport()
    let ways = try await target.blobs(BlobFolder.keys)
    for blob in try await ways + target.blobs(BlobFolder.access) {
      await note(&report) { () async throws(ChunkStoreError) in
        _ = try await target.getNamedByContent(blob.name)
      }
    }
    try await verifyAnnouncements(&report)
    // The roots come before the index: one that is published meanwhile needs packs that were not
    // described yet.
    let roots = try await roots { report.append($0) }
    report.roots = Int64(roots.count)
    var isIndexDamaged = false
    try await refresh { (error) throws(ChunkStoreError) in
      guard error.isAboutBlob else { throw error }
      isIndexDamaged = true
      report.append(error)
    }
    // Packs that the index does not describe are not lost: they have tables of their own.
    let described = loadedIndex.packCount
    let (index, writer) = (loadedIndex, indexWriter)
    let condemned = try await condemnedPacks { report.append($0) }
    report.packsOutsideIndex = Int64(
      try await adoptPacksOutsideIndex(but: condemned) { (pack, table) throws(ChunkStoreError) in
        try index.insert(pack, PackContents(table))
        _ = writer.add(pack, table)
      })
    let adopted = described..<loadedIndex.packCount
    report.indexBlobs = Int64(try await target.blobs(BlobFolder.index).count)
    let present = try await verifyPackList(condemned, &report)
    let needsAdopted = try await verifyRoots(roots, &report, adopted: adopted, progress)
    if needsAdopted, !isIndexDamaged {
      report.append(
        ChunkStoreError(
          .missing,
          "an index blob is missing, so what is in \(adopted.count) packs is not found; the next "
            + "backup writes it anew from the packs"))
    }
    try await verifyPacks(reading, present, &report)
    return report
  }

  /// Checks what writers and collectors have announced, by the names of the blobs alone.
  func verifyAnnouncements(_ report: inout VerifyReport) async throws(ChunkStoreError) {
    for folder in [BlobFolder.sessions, BlobFolder.condemned] {
      for blob in try await target.blobs(folder) {
        await note(&report) { () async throws(ChunkStoreError) in
          do throws(ChunkStoreError) {
            _ = try await target.getNamedByContent(blob.name)
          } catch {
            // A collection may have ended meanwhile, or cleared it away.
            if error.code != .missing { throw error }
          }
        }
      }
    }
  }

  /// The packs that may be deleted; none if what is announced of it cannot be read.
  func condemnedPacks(
    onDamage: (ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) -> Set<Digest> {
    do throws(ChunkStoreError) {
      return try await board.condemnedPacks()
    } catch {
      guard error.isAboutBlob else { throw error }
      onDamage(error)
      return []
    }
  }

  /// Runs `body` and takes note of its failure.
  func note(
    _ report: inout VerifyReport, _ body: () async throws(ChunkStoreError) -> Void
  ) async {
    do throws(ChunkStoreError) {
      try await body()
    } catch {
      report.append(error)
    }
  }

  /// Compares the packs on the target with those of the index.
  ///
  /// - Parameter condemned: packs that nothing has to be known of.
  /// - Returns: those that are there and have the right size.
  private func verifyPackList(
    _ condemned: Set<Digest>, _ report: inout VerifyReport
  ) async throws(ChunkStoreError) -> Set<Digest> {
    var present: [Digest: Int64] = [:]
    try await target.forEachBlob(BlobFolder.packs) { (blob) throws(ChunkStoreError) in
      guard let digest = blob.name.contentDigest, BlobName.pack(digest) == blob.name else {
        report.append(.damaged(blob.name, "its name is not that of a pack"))
        return
      }
      present[digest] = blob.size
    }
    report.packs = Int64(present.count)
    var sound: Set<Digest> = []
    let index = loadedIndex
    for number in 0..<index.packCount {
      let pack = try index.pack(number)
      guard try index.contains(pack.digest) else { continue }
      switch present.removeValue(forKey: pack.digest) {
      case nil:
        report.append(.missing(pack.blob))
      case pack.size:
        sound.insert(pack.digest)
      case .some(let size):
        report.append(.damaged(pack.blob, "it has \(size) bytes instead of \(pack.size)"))
      }
    }
    for digest in present.keys.sorted() {
      if condemned.contains(digest) {
        report.condemnedPacks += 1
        continue
      }
      report.append(
        .damaged(.pack(digest), "no index blob describes it, and its own table does not open"))
    }
    return sound
  }

  // MARK: Roots

  /// - Parameter adopted: the numbers of the packs that no index blob describes.
  /// - Returns: whether a root needs one of these.
  private func verifyRoots(
    _ roots: [Root], _ report: inout VerifyReport, adopted: Range<Int>,
    _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) -> Bool {
    let started = report
    let needsAdopted: Bool
    (report, needsAdopted) = try await ThreadPool.engines.run {
      () throws(ChunkStoreError) -> (VerifyReport, Bool) in
      var report = started
      var walk = ReachabilityWalk(repository: self, watchedPacks: adopted)
      for root in roots {
        try walk.visit(root, &report)
        try progress.tell(
          Progress(
            phase: "verify the structure", unit: "roots", completed: report.chunks,
            bytes: report.readBytes))
      }
      return (report, walk.needsWatchedPacks)
    }
    try checkCancellation()
    return needsAdopted
  }

  // MARK: Packs

  private func verifyPacks(
    _ reading: PackReading, _ present: Set<Digest>, _ report: inout VerifyReport
  ) async throws(ChunkStoreError) {
    var packs: [PackInfo] = []
    for number in 0..<loadedIndex.packCount {
      let pack = try loadedIndex.pack(number)
      if present.contains(pack.digest) { packs.append(pack) }
    }
    try await reading.run(packs, &report) { self.check($0) }
  }

  /// Reads one pack and checks all of it, and that the index knows its chunks.
  private func check(_ pack: PackInfo) -> ChunkStoreError? {
    do throws(ChunkStoreError) {
      let scan = PackScan(hasher: ChunkHasher(access.idKey), compressors: compressors)
      let table = try scan.check(pack, key: packKeys.key(of: pack)) {
        (range) throws(ChunkStoreError) in
        try target.getBlocking(pack.blob, range: range)
      }
      for entry in table.entries where try loadedIndex.place(of: entry.id) == nil {
        throw .damaged(pack.blob, "the index does not know its chunk \(entry.id)")
      }
      return nil
    } catch {
      return error
    }
  }

  private func checkCancellation() throws(ChunkStoreError) {
    if Task.isCancelled { throw ChunkStoreError(.cancelled, "the operation was cancelled") }
  }
}

extension ChunkStoreError {
  /// Whether a blob's content is at fault, and not the way to it.
  package var isAboutBlob: Bool { [.damaged, .missing, .newerFormat, .conflict].contains(code) }
}
