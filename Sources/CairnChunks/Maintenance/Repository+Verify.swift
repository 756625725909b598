public import CairnCore
import CairnCrypto

extension Repository {
  /// Checks the repository, goes on past what is wrong, and reports all of it. Changes nothing.
  ///
  /// Memory: the index, a bit per chunk, and some MiB per thread.
  ///
  /// - Parameter progress: is told of packs and bytes.
  /// - Throws: ``ChunkStoreError`` if the target itself cannot be listed or read, or if the task is cancelled; what is
  ///   damaged or missing is in the report.
  public func verify(
    _ options: VerifyOptions = VerifyOptions(), progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> VerifyReport {
    var report = VerifyReport()
    for blob in try await target.blobs(BlobFolder.keys) {
      await note(&report) { () async throws(ChunkStoreError) in
        _ = try await target.getNamedByContent(blob.name)
      }
    }
    try await refresh { (error) throws(ChunkStoreError) in
      guard error.isAboutBlob else { throw error }
      report.append(error)
    }
    report.indexBlobs = Int64(try await target.blobs(BlobFolder.index).count)
    let present = try await verifyPackList(&report)
    try await verifyRoots(&report, progress)
    try await verifyPacks(options, present, &report, progress)
    return report
  }

  /// Runs `body` and takes note of its failure.
  private func note(
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
  /// - Returns: the sizes of the packs that are there, by digest.
  private func verifyPackList(
    _ report: inout VerifyReport
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
      switch present.removeValue(forKey: pack.digest) {
      case nil:
        report.append(.missing(pack.blob))
      case pack.size:
        sound.insert(pack.digest)
      case .some(let size):
        report.append(.damaged(pack.blob, "it has \(size) bytes instead of \(pack.size)"))
      }
    }
    report.packsOutsideIndex = Int64(present.count)
    return sound
  }

  // MARK: Roots

  private func verifyRoots(
    _ report: inout VerifyReport, _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) {
    var roots: [Root] = []
    for blob in try await target.blobs(BlobFolder.roots) {
      do throws(ChunkStoreError) {
        roots.append(try await readRoot(blob.name))
      } catch {
        guard error.isAboutBlob else { throw error }
        report.append(error)
      }
    }
    report.roots = Int64(roots.count)
    let all = roots
    let started = report
    report = try await ThreadPool.engines.run { () throws(ChunkStoreError) -> VerifyReport in
      var report = started
      var walk = ReachabilityWalk(repository: self)
      for root in all {
        try walk.visit(root, &report)
        try self.tell(progress, phase: "verify the structure", unit: "roots", report.roots, report)
      }
      return report
    }
    try checkCancellation()
  }

  // MARK: Packs

  private func verifyPacks(
    _ options: VerifyOptions, _ present: Set<Digest>, _ report: inout VerifyReport,
    _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) {
    var packs: [PackInfo] = []
    for number in 0..<loadedIndex.packCount {
      let pack = try loadedIndex.pack(number)
      if present.contains(pack.digest) { packs.append(pack) }
    }
    switch options.depth {
    case .structure: return
    case .data: break
    case .sample(let percent):
      let count = Int((Double(packs.count) * percent / 100).rounded(.up))
      packs = Array(packs.shuffled().prefix(max(0, min(count, packs.count))))
    }
    let chosen = packs
    let started = report
    let isCancelled = CancellationFlag()
    let outcome = await withTaskCancellationHandler {
      await ThreadPool.engines.run { () -> Result<VerifyReport, ChunkStoreError> in
        Result { () throws(ChunkStoreError) in
          try self.check(chosen, options, started, progress, isCancelled)
        }
      }
    } onCancel: {
      isCancelled.set()
    }
    report = try outcome.get()
  }

  private func check(
    _ packs: [PackInfo], _ options: VerifyOptions, _ started: VerifyReport,
    _ progress: any ProgressReporter, _ isCancelled: CancellationFlag
  ) throws(ChunkStoreError) -> VerifyReport {
    var report = started
    let workers = ThreadPool(limit: options.workerCount)
    var jobs = OrderedJobs<(PackInfo, ChunkStoreError?)>(on: workers, depth: workers.limit * 2)
    // What has not begun when this ends early is done all the same: at most a few packs.
    for number in 0..<packs.count + jobs.depth {
      if jobs.isFull || number >= packs.count, let (pack, error) = jobs.next() {
        report.checkedPacks += 1
        report.readBytes += pack.size
        if let error { report.append(error) }
        if isCancelled.isSet {
          throw ChunkStoreError(.cancelled, "the operation was cancelled")
        }
        try tell(
          progress, phase: "verify every byte", unit: "packs", Int64(packs.count), report,
          completed: report.checkedPacks)
      }
      if number < packs.count {
        let pack = packs[number]
        jobs.submit { (pack, self.check(pack)) }
      }
    }
    return report
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

  private func tell(
    _ progress: any ProgressReporter, phase: String, unit: String, _ total: Int64,
    _ report: VerifyReport, completed: Int64? = nil
  ) throws(ChunkStoreError) {
    do {
      try progress.report(
        Progress(
          phase: phase, unit: unit, completed: completed ?? report.chunks,
          total: completed == nil ? nil : total, bytes: report.readBytes))
    } catch {
      throw ChunkStoreError(.cancelled, "the operation was ended by its progress report: \(error)")
    }
  }

  private func checkCancellation() throws(ChunkStoreError) {
    if Task.isCancelled { throw ChunkStoreError(.cancelled, "the operation was cancelled") }
  }
}

extension ChunkStoreError {
  /// Whether a blob's content is at fault, and not the way to it.
  var isAboutBlob: Bool { [.damaged, .missing, .newerFormat, .conflict].contains(code) }
}
