public import CairnCore
import CairnCrypto

extension Repository {
  /// Checks the repository, goes on past what is wrong, and reports all of it. Changes nothing.
  ///
  /// Memory: the index, a bit per chunk, and some MiB per thread.
  ///
  /// - Parameter progress: is told of packs and bytes.
  /// - Throws: ``ChunkStoreError`` if the target itself cannot be listed or read, also for now only, or
  ///   if the task is cancelled; what is damaged or missing is in the report, and so is a blob that
  ///   will not be read until somebody does something.
  public func verify(
    _ options: VerifyOptions = VerifyOptions(), progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> VerifyReport {
    let reading = try await PackReading(options, .contents, of: id, progress)
    var report = VerifyReport()
    let ways = try await target.blobs(BlobFolder.keys)
    for blob in try await ways + target.blobs(BlobFolder.access) {
      try await note(&report) { () async throws(ChunkStoreError) in
        _ = try await target.getNamedByContent(blob.name)
      }
    }
    try await verifyAnnouncements(&report)
    let sound = try await verifyStructure(&report, progress)
    if try await !verifyPacks(reading, sound, &report) {
      // Whether those were needed that are gone, only another look tells.
      _ = try await verifyStructure(&report, progress)
    }
    return report
  }

  /// Checks roots, index and list of packs.
  ///
  /// - Returns: the packs that are there and have the right size.
  private func verifyStructure(
    _ report: inout VerifyReport, _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) -> Set<Digest> {
    // The roots come before the index: one that is published meanwhile needs packs that were not
    // described yet.
    var areRootsSound = true
    let roots = try await roots {
      areRootsSound = false
      report.append($0)
    }
    report.roots = Int64(roots.count)
    report.chunks = 0
    report.packsOutsideIndex = 0
    var isIndexSound = true
    var adopted = 0..<0
    var condemned: Set<Digest> = []
    var list = PackComparison()
    for _ in 0..<Self.maximumLooks {
      try await refresh { (error) throws(ChunkStoreError) in
        guard error.isAboutBlob else { throw error }
        isIndexSound = false
        report.append(error)
      }
      // Packs that the index does not describe are not lost: they have tables of their own.
      let described = loadedIndex.packCount
      let (index, writer) = (loadedIndex, indexWriter)
      condemned = try await condemnedPacks { report.append($0) }
      report.packsOutsideIndex += Int64(
        try await adoptPacksOutsideIndex(but: condemned) { (pack, table) throws(ChunkStoreError) in
          try index.insert(pack, PackContents(table))
          _ = writer.add(pack, table)
        })
      if adopted.isEmpty { adopted = described..<loadedIndex.packCount }
      let before = list
      list = try await comparePacks()
      // A collection may have written those anew that are gone, and a writer may just have put those
      // that nothing describes: what the index says after they were seen, counts.
      let isKnown = list.undescribed.allSatisfy {
        before.undescribed.contains($0) || condemned.contains($0)
      }
      if isKnown, list.gone.keys.allSatisfy({ before.gone[$0] != nil }) { break }
    }
    for pack in list.undescribed where try await target.size(of: .pack(pack)) == nil {
      list.undescribed.remove(pack)
    }
    report.indexBlobs = Int64(try await target.blobs(BlobFolder.index).count)
    list.report(condemned, &report)
    let walk = try await verifyRoots(
      roots, &report, gone: Set(list.gone.keys), adopted: adopted, progress)
    let undescribed = isIndexSound ? try await undescribed(walk.neededWatchedPacks) : 0
    if undescribed > 0 {
      report.append(
        ChunkStoreError(
          .missing,
          "an index blob is missing, so what is in \(undescribed) packs is not found; the next "
            + "backup writes it anew from the packs"))
    }
    if walk.isComplete, areRootsSound {
      let needed = Set(report.problems.compactMap(\.blob))
      report.gonePacks = Int64(
        list.gone.values.count { !needed.contains($0.blob.description) })
    } else {
      // What cannot be read may need them.
      for pack in list.gone.values.sorted(by: { $0.digest < $1.digest }) {
        report.append(.missing(pack.blob))
      }
    }
    return list.sound
  }

  /// How many of some packs no index blob describes, as of now.
  private func undescribed(_ numbers: Set<Int>) async throws(ChunkStoreError) -> Int {
    if numbers.isEmpty { return 0 }
    var packs: Set<Digest> = []
    for number in numbers { packs.insert(try loadedIndex.pack(number).digest) }
    let (wanted, blobs) = (packs, try await target.blobs(BlobFolder.index))
    return try await ThreadPool.engines.run { () throws(ChunkStoreError) in
      try wanted.count - self.describedTables(of: wanted, in: blobs).count
    }
  }

  /// How often the index and the packs are looked at while a collection changes them.
  private static var maximumLooks: Int { 8 }

  /// Checks what writers and collectors have announced, by the names of the blobs alone.
  func verifyAnnouncements(_ report: inout VerifyReport) async throws(ChunkStoreError) {
    for folder in [BlobFolder.sessions, BlobFolder.condemned] {
      for blob in try await target.blobs(folder) {
        try await note(&report) { () async throws(ChunkStoreError) in
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

  /// Runs `body` and takes note of its failure, unless that says nothing of the repository.
  func note(
    _ report: inout VerifyReport, _ body: () async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    do throws(ChunkStoreError) {
      try await body()
    } catch {
      try report.note(error)
    }
  }

  /// Compares the packs on the target with those of the index.
  private func comparePacks() async throws(ChunkStoreError) -> PackComparison {
    var list = PackComparison()
    var present: [Digest: Int64] = [:]
    try await target.forEachBlob(BlobFolder.packs) { blob in
      if let digest = blob.name.contentDigest, BlobName.pack(digest) == blob.name {
        present[digest] = blob.size
      } else {
        list.misnamed.append(blob.name)
      }
    }
    list.count = Int64(present.count)
    let index = loadedIndex
    for number in 0..<index.packCount {
      let pack = try index.pack(number)
      guard try index.contains(pack.digest) else { continue }
      switch present.removeValue(forKey: pack.digest) {
      case nil: list.gone[number] = pack
      case pack.size: list.sound.insert(pack.digest)
      case .some(let size): list.resized.append((pack, size))
      }
    }
    list.undescribed = Set(present.keys)
    return list
  }

  // MARK: Roots

  /// - Parameters:
  ///   - gone: the numbers of the packs that are not there.
  ///   - adopted: of those that no index blob describes.
  /// - Returns: what is known after the last root.
  private func verifyRoots(
    _ roots: [Root], _ report: inout VerifyReport, gone: Set<Int>, adopted: Range<Int>,
    _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) -> ReachabilityWalk {
    let started = report
    let walk: ReachabilityWalk
    (report, walk) = try await ThreadPool.engines.run {
      () throws(ChunkStoreError) -> (VerifyReport, ReachabilityWalk) in
      var report = started
      var walk = ReachabilityWalk(repository: self, gonePacks: gone, watchedPacks: adopted)
      for root in roots {
        try walk.visit(root, &report)
        try progress.tell(
          Progress(
            phase: "verify the structure", unit: "roots", completed: report.chunks,
            bytes: report.readBytes))
      }
      return (report, walk)
    }
    try checkCancellation()
    return walk
  }

  // MARK: Packs

  /// - Returns: whether all were there until they were read.
  private func verifyPacks(
    _ reading: PackReading, _ sound: Set<Digest>, _ report: inout VerifyReport
  ) async throws(ChunkStoreError) -> Bool {
    var packs: [PackInfo] = []
    for number in 0..<loadedIndex.packCount {
      let pack = try loadedIndex.pack(number)
      if sound.contains(pack.digest) { packs.append(pack) }
    }
    let vanished = Monitor(0)
    try await reading.run(packs, &report) { pack in
      guard let error = self.check(pack) else { return nil }
      if error.code == .missing, (try? self.target.sizeBlocking(of: pack.blob)) == .some(nil) {
        vanished.change { $0 += 1 }
        return nil
      }
      return error
    }
    return vanished.withLock { $0 == 0 }
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
