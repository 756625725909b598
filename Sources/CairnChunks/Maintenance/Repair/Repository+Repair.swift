public import CairnCore
import CairnCrypto

extension Repository {
  /// Repairs what can be repaired, beside sessions and collections of any number that go on meanwhile.
  ///
  /// In this order, each step durable before the next, so that it can be stopped anywhere and run
  /// again: damaged small blobs are put back from copies; the index is written anew if parts of it are
  /// damaged; damaged packs are condemned, as a collection condemns; every chunk of theirs that can be
  /// read is written to new packs, unless a sound pack holds it, and so is what roots need and copies
  /// have; the index stops describing damaged and missing packs. No pack is deleted: a condemned one
  /// is by a collection, once no root and no open session may need it. What was lost is stored again by
  /// whoever stores the same content.
  ///
  /// A pack of the plan is read once more before anything is done about it: one that is sound is left
  /// alone.
  ///
  /// - Parameters:
  ///   - plan: of ``planRepair(after:_:progress:)``. If it is empty, nothing is done.
  ///   - progress: is told of packs.
  /// - Throws: ``ChunkStoreError``: the failure of a target, or of its own session.
  public func repair(
    _ plan: RepairPlan, _ options: RepairOptions = RepairOptions(),
    progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> RepairReport {
    try requireOwner("repair it")
    var report = RepairReport()
    guard !plan.isEmpty else { return report }
    var copies: [Repository] = []
    for copy in options.copies { copies.append(try await openCopy(copy)) }
    try await putBack(plan, copies, &report)
    if plan.rebuildsIndex {
      report.index = try await rebuildIndex(spoolDirectory: options.session.spoolDirectory)
    } else {
      try await refresh()
    }
    let bad = try await badPacks(of: plan, &report)
    guard !bad.isEmpty || plan.chunksFromCopies > 0 || !report.restoredRoots.isEmpty else {
      return report
    }
    let damaged = bad.filter { $0.state == .damaged }.map(\.digest)
    if !damaged.isEmpty {
      // First, so that whoever begins now relies on nothing in them, and whoever began before keeps
      // what is written now from being deleted.
      do {
        try await board.put(
          .condemned(GenerationID(bytes: try SecureRandom.bytes(16)), damaged))
      } catch let error as ChunkStoreError {
        throw error
      } catch {
        throw ChunkStoreError(.targetFailed, "cannot make a random number: \(error)")
      }
      report.condemnedPacks = damaged.map { .pack($0) }
    }
    let session = try await startSession(options.session, avoiding: Set(bad.map(\.digest)))
    do {
      try await saveChunks(of: bad, session.core, copies, &report, progress)
    } catch {
      try? await session.end()
      throw error
    }
    try await session.end()
    report.savedChunks = session.statistics.newChunks
    report.savedBytes = session.statistics.newBytes
    report.droppedPacks = bad.filter { $0.state == .missing }.map { .pack($0.digest) }
    return report
  }

  private struct BadPack {
    let digest: Digest
    let state: RepairPlan.Pack.State
    let known: PackInfo?
    let table: PackTable?
  }

  /// The packs of a plan that are still damaged or missing.
  private func badPacks(
    of plan: RepairPlan, _ report: inout RepairReport
  ) async throws(ChunkStoreError) -> [BadPack] {
    let digests = plan.packs.compactMap(\.blob.contentDigest)
    guard !digests.isEmpty else { return [] }
    let blobs = try await target.blobs(BlobFolder.index)
    let found = try await ThreadPool.engines.run {
      () throws(ChunkStoreError) -> (bad: [BadPack], sound: [BlobName]) in
      let tables = try self.describedTables(of: Set(digests), in: blobs)
      var bad: [BadPack] = []
      var sound: [BlobName] = []
      for digest in digests {
        if let (state, _) = try self.problem(of: digest, tables[digest]?.info) {
          bad.append(
            BadPack(
              digest: digest, state: state, known: tables[digest]?.info,
              table: tables[digest]?.table))
        } else {
          sound.append(.pack(digest))
        }
      }
      return (bad, sound)
    }
    report.soundPacks = found.sound
    return found.bad
  }

  // MARK: Small blobs

  private func putBack(
    _ plan: RepairPlan, _ copies: [Repository], _ report: inout RepairReport
  ) async throws(ChunkStoreError) {
    for blob in plan.blobs where blob.isInCopy {
      guard let bytes = try await bytes(of: blob.name, in: copies) else { continue }
      switch try await storedBytes(of: blob.name) {
      case bytes: continue
      case nil:
        // What was announced may have been lifted since; others are never removed by somebody else.
        if [BlobFolder.sessions, BlobFolder.condemned].contains(where: {
          blob.name.description.hasPrefix($0)
        }) {
          continue
        }
      default: break
      }
      // A blob cannot be replaced in one step. What is cut short here leaves it missing, in the copy.
      try await target.delete(blob.name)
      try await target.put(blob.name, BlobSource(bytes))
      report.replacedBlobs.append(blob.name)
    }
    guard plan.restoresRoots else { return }
    report.restoredRoots = plan.rootsInCopies
  }

  private func storedBytes(of name: BlobName) async throws(ChunkStoreError) -> [UInt8]? {
    do throws(ChunkStoreError) {
      return try await target.get(name, range: nil)
    } catch {
      guard error.code == .missing else { throw error }
      return nil
    }
  }

  /// A small blob as a copy has it, checked; `nil` if none has it sound.
  private func bytes(
    of name: BlobName, in copies: [Repository]
  ) async throws(ChunkStoreError) -> [UInt8]? {
    for copy in copies {
      do throws(ChunkStoreError) {
        return try await copy.target.getNamedByContent(name)
      } catch {
        guard error.isAboutBlob else { throw error }
      }
    }
    return nil
  }

  // MARK: Chunks

  private func saveChunks(
    of bad: [BadPack], _ core: SessionCore, _ copies: [Repository],
    _ report: inout RepairReport, _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) {
    let targets = [target] + copies.map(\.target)
    let condemned = try await board.condemnedPacks()
    let lost = try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Int64 in
      for pack in bad { try self.index.withdraw(pack.digest) }
      var lost: Int64 = 0
      let salvage = self.makeSalvage(targets)
      for (number, pack) in bad.enumerated() {
        try progress.tell(
          Progress(
            phase: "save what can be read", unit: "packs", completed: Int64(number),
            total: Int64(bad.count), bytes: 0))
        let salvaged = try salvage.salvage(pack.digest, known: pack.known, table: pack.table)
        if let salvaged {
          try salvage.forEachChunk(of: salvaged) { (_, record) throws(ChunkStoreError) in
            try core.storeAgain(record)
          }
        }
        // Of what is lost here, a pack that somebody condemned may hold the last copy.
        for entry in pack.table?.entries ?? [] where try !core.knows(entry.id) {
          if try !self.copyFromCondemned(entry.id, condemned, core) { lost += 1 }
        }
      }
      try core.flush()
      return lost
    }
    report.lostChunks = lost
    try await saveFromCopies(report.restoredRoots, core, copies)
    let digests = Set(bad.map(\.digest))
    let census = try await PackCensus(self)
    try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Void in
      _ = try census.replaceIndexBlobs(doomed: digests, spoolDirectory: core.options.spoolDirectory)
    }
    try await restoreRoots(report.restoredRoots, copies)
  }

  /// - Returns: whether the chunk could be read and is stored again.
  private func copyFromCondemned(
    _ id: ChunkID, _ condemned: Set<Digest>, _ core: SessionCore
  ) throws(ChunkStoreError) -> Bool {
    guard let place = try index.place(of: id),
      condemned.contains(try index.pack(place.block.pack).digest)
    else { return false }
    do throws(ChunkStoreError) {
      try withReader { (reader) throws(ChunkStoreError) in
        try reader.withChunk(id) { (record) throws(ChunkStoreError) in
          try core.storeAgain(record)
        }
      }
      return true
    } catch {
      guard error.isAboutBlob else { throw error }
      return false
    }
  }

  /// Stores what roots need, is in no pack here, and in a copy.
  private func saveFromCopies(
    _ restored: [BlobName], _ core: SessionCore, _ copies: [Repository]
  ) async throws(ChunkStoreError) {
    guard !copies.isEmpty else { return }
    for copy in copies { try await copy.loadWhatIsSound() }
    var roots = try await roots { _ in }
    for name in restored {
      for copy in copies {
        if let root = try? await copy.readRoot(name) {
          roots.append(root)
          break
        }
      }
    }
    let all = roots
    try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Void in
      var walk = RecoveryWalk(self, copies: copies) { (id) throws(ChunkStoreError) in
        try core.knows(id)
      }
      for root in all {
        try walk.visit(root) { (record) throws(ChunkStoreError) in try core.storeAgain(record) }
      }
      try core.flush()
    }
  }

  /// Puts back roots, now that what they lead to is there.
  private func restoreRoots(
    _ names: [BlobName], _ copies: [Repository]
  ) async throws(ChunkStoreError) {
    for name in names {
      guard let bytes = try await bytes(of: name, in: copies) else { continue }
      try await target.put(name, BlobSource(bytes))
    }
  }
}
