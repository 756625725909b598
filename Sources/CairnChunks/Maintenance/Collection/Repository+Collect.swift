public import CairnCore
import CairnCrypto

extension Repository {
  /// Finds out what a collection would delete now. Changes nothing.
  ///
  /// Memory: the index, two bits for each of its chunks, and some 200 bytes for each pack.
  ///
  /// - Throws: ``ChunkStoreError/Code/missing`` or ``ChunkStoreError/Code/damaged`` if a root is not
  ///   whole: then nothing is deleted on suspicion; `verify` says what is wrong.
  public func planCollection(
    _ options: CollectionOptions = CollectionOptions()
  ) async throws(ChunkStoreError) -> CollectionPlan {
    // The roots come before the index: what they lead to is there when they are published.
    let sessions = try await board.sessions()
    let marking = try await marking(sessions)
    try await loadIndexOfAllPacks()
    let avoided = try await board.condemnedPacks()
    let census = try await PackCensus(self)
    var plan = try await onEngine { () throws(ChunkStoreError) in
      try self.indexStamp.withoutChange { () throws(ChunkStoreError) in
        try self.plan(census, avoided, try self.live(marking), options)
      }
    }
    plan.openSessions = Int64(sessions.values.count { $0.isOpen })
    return plan
  }

  /// Deletes what no root needs, beside sessions and collections of any number that go on meanwhile.
  ///
  /// No root that was committed loses a chunk, wherever this ends: by an error, a crash, or asleep
  /// for a day between two steps. Whoever collects next takes up what was left.
  ///
  /// - Parameters:
  ///   - plan: what to delete, looked at before; planned now by default. What has come to be needed
  ///     since then stays.
  ///   - progress: is told of packs, while they are written anew and while they are deleted.
  /// - Throws: ``ChunkStoreError``, as ``planCollection(_:)`` does.
  public func collectGarbage(
    _ plan: CollectionPlan? = nil, options: CollectionOptions = CollectionOptions(),
    progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> CollectionReport {
    try requireOwner("collect garbage in it")
    let planned: CollectionPlan
    if let plan { planned = plan } else { planned = try await planCollection(options) }
    let compacted = Set(planned.compactedPacks.compactMap(\.contentDigest))
    let proposed = compacted.union(planned.deadPacks.compactMap(\.contentDigest))
    var report = CollectionReport()
    try await loadIndexOfAllPacks()
    if !compacted.isEmpty {
      try await copyLiveChunks(of: compacted, avoiding: proposed, options, progress)
      report.compactedPacks = Int64(compacted.count)
    }
    try await deleteUnneeded(proposed, options, &report, progress)
    return report
  }

  /// Deletes those of some packs that nothing needs, or may come to need.
  func deleteUnneeded(
    _ proposed: Set<Digest>, _ options: CollectionOptions, _ report: inout CollectionReport,
    _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) {
    let generation: GenerationID
    do {
      generation = GenerationID(bytes: try SecureRandom.bytes(16))
    } catch {
      throw .sealing(error)
    }
    var party = CollectionParty(generation, condemning: proposed)
    try await carryOut(&party, options, &report, progress)
    // Somebody may have merged meanwhile what the index said before.
    let census = try await PackCensus(self)
    report.replacedIndexBlobs += try await onEngine { () throws(ChunkStoreError) in
      try census.replaceIndexBlobs(doomed: [], spoolDirectory: options.session.spoolDirectory)
    }
    report.neededPacks = Int64(party.kept.count)
    report.postponedPacks = Int64(party.postponed.count)
    report.blockingSessions = party.blockers.map { hex($0.bytes) }.sorted()
    report.closedSessions = party.closedSessions.map { hex($0.bytes) }.sorted()
    try await refresh()
    try await dropLostPacks(present: listPacks())
  }

  /// Deleting is an owner's: nobody believes what others say of it.
  func requireOwner(_ what: String) throws(ChunkStoreError) {
    guard capability == .owner else {
      throw .notPermitted(
        "the key that opened \(target.name) is that of a \(capability.rawValue), and only an owner can "
          + what)
    }
  }

  // MARK: The index

  /// The index describes exactly the packs that are there and can be read.
  func loadIndexOfAllPacks() async throws(ChunkStoreError) {
    try await refresh()
    try await dropLostPacks(present: listPacks())
    let (index, writer) = (loadedIndex, indexWriter)
    let condemned = try await board.condemnedPacks()
    _ = try await adoptPacksOutsideIndex(but: condemned) {
      (pack, table) throws(ChunkStoreError) in
      try index.insert(pack, PackContents(table))
      _ = writer.add(pack, table)
    }
  }

  // MARK: What is alive

  func marking(_ sessions: SessionTable) async throws(ChunkStoreError) -> Marking {
    let roots = try await roots()
    return Marking(
      chunks: Set(roots.map(\.chunk)),
      bases: sessions.values.reduce(into: []) { if $1.isOpen { $0.formUnion($1.bases) } },
      present: [], condemned: [], condemnedByOthers: [])
  }

  /// Holds while the index's stamp does.
  func live(_ marking: Marking) throws(ChunkStoreError) -> LiveChunks {
    var live = LiveChunks()
    for chunk in marking.chunks.sorted() {
      try live.mark(chunk, in: self, isComplete: true)
    }
    // A session may have announced a base that was gone already, and makes no use of it then.
    for chunk in marking.bases.sorted() {
      try live.mark(chunk, in: self, isComplete: false)
    }
    return live
  }

  /// Which of the condemned packs are needed: for each chunk that is alive and in no pack that stays,
  /// one that nobody else condemned, or else all that hold it.
  private func needed(
    _ marking: Marking, _ census: PackCensus
  ) throws(ChunkStoreError) -> Set<Digest> {
    var live = try live(marking)
    let index = loadedIndex
    let condemned = marking.condemned.intersection(marking.present)
    let staying = marking.present.subtracting(condemned).subtracting(marking.condemnedByOthers)
    try census.forEach(of: staying) { (_, table) throws(ChunkStoreError) in
      for entry in table.entries {
        if let place = try index.place(of: entry.id) { _ = live.hold(place.ordinal) }
      }
    }
    var needed: Set<Digest> = []
    var unread = condemned
    let shared = condemned.intersection(marking.condemnedByOthers)
    for (candidates, isOwn) in [(condemned.subtracting(shared), true), (shared, false)]
    where !candidates.isEmpty {
      try census.forEach(of: candidates) { (pack, table) throws(ChunkStoreError) in
        unread.remove(pack.digest)
        for entry in table.entries {
          guard let place = try index.place(of: entry.id) else { continue }
          let isNeeded = isOwn ? live.hold(place.ordinal) : live.isMissing(place.ordinal)
          if isNeeded { needed.insert(pack.digest) }
        }
      }
    }
    // What cannot be known stays, unless everything that is alive is known to be elsewhere.
    if !live.isHeld { needed.formUnion(unread) }
    return needed
  }

  // MARK: Planning

  private func plan(
    _ census: PackCensus, _ avoided: Set<Digest>, _ marked: LiveChunks,
    _ options: CollectionOptions
  ) throws(ChunkStoreError) -> CollectionPlan {
    struct Use {
      let pack: PackInfo
      let liveBytes: Int64
    }
    var live = marked
    var plan = CollectionPlan()
    plan.packs = Int64(census.packs.count)
    plan.bytes = census.packs.values.reduce(0, +)
    let present = Set(census.packs.keys)
    var partly: [Use] = []
    var unread = present
    for packs in [present.subtracting(avoided), present.intersection(avoided)] {
      try census.forEach(of: packs) { (pack, table) throws(ChunkStoreError) in
        unread.remove(pack.digest)
        var (total, used) = (Int64(1), Int64(0))
        for entry in table.entries {
          total += Int64(entry.recordLength)
          guard let place = try loadedIndex.place(of: entry.id) else { continue }
          if live.hold(place.ordinal) { used += Int64(entry.recordLength) }
        }
        let hasUse = used > 0
        let share = Double(used) / Double(total)
        let use = Use(pack: pack, liveBytes: Int64(Double(pack.size) * share))
        if !hasUse {
          plan.deadPacks.append(pack.blob)
          plan.deadBytes += pack.size
        } else if avoided.contains(pack.digest) {
          // Its collector may have died; what is needed of it moves to where nobody deletes it.
          plan.compact(pack, use.liveBytes)
        } else if total - 1 > used {
          partly.append(use)
          plan.keptUnusedBytes += pack.size - use.liveBytes
        }
      }
    }
    // A repair condemns what it cannot read; it has to go some day.
    for pack in unread.intersection(avoided).sorted() where live.isHeld {
      plan.deadPacks.append(.pack(pack))
      plan.deadBytes += census.packs[pack] ?? 0
      unread.remove(pack)
    }
    plan.unreadablePacks = Int64(unread.count)
    let allowed = Int64(Double(plan.bytes - plan.deadBytes) * options.maximumUnused)
    partly.sort {
      Double($0.liveBytes) / Double($0.pack.size) < Double($1.liveBytes) / Double($1.pack.size)
    }
    for use in partly where options.maximumUnused < 1 && plan.keptUnusedBytes > allowed {
      plan.keptUnusedBytes -= use.pack.size - use.liveBytes
      plan.compact(use.pack, use.liveBytes)
    }
    return plan
  }

  // MARK: Deleting

  /// Stores what is alive in some packs once more, in new ones, unless a pack holds it that is not
  /// to be avoided.
  private func copyLiveChunks(
    of packs: Set<Digest>, avoiding avoided: Set<Digest>, _ options: CollectionOptions,
    _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) {
    let marking = try await marking(board.sessions())
    let session = try await startSession(options.session, avoiding: avoided)
    let census = try await PackCensus(self)
    let core = session.core
    do {
      try await onEngine { () throws(ChunkStoreError) -> Void in
        let live = try self.live(marking)
        var done: Int64 = 0
        try census.forEach(of: packs) { (_, table) throws(ChunkStoreError) in
          try self.copy(table, live, core)
          done += 1
          try reportPacks(progress, "write packs anew", done, of: Int64(packs.count))
        }
        try core.flush()
      }
    } catch {
      try? await session.end()
      throw error
    }
    try await session.end()
  }

  private func copy(
    _ table: PackTable, _ live: LiveChunks, _ core: SessionCore
  ) throws(ChunkStoreError) {
    for entry in table.entries {
      guard let place = try loadedIndex.place(of: entry.id), live.contains(place.ordinal),
        try !core.knows(entry.id)
      else { continue }
      try withReader { (reader) throws(ChunkStoreError) in
        try reader.withChunk(entry.id) { (record) throws(ChunkStoreError) in
          try core.storeAgain(record)
        }
      }
    }
  }

  private func carryOut(
    _ party: inout CollectionParty, _ options: CollectionOptions,
    _ report: inout CollectionReport, _ progress: any ProgressReporter
  ) async throws(ChunkStoreError) {
    let census = try await PackCensus(self)
    let start = ContinuousClock.now
    var reply = ProtocolReply.done
    while let step = party.next(reply) {
      switch step {
      case .wait(let open, let blockers):
        let isPatient = ContinuousClock.now - start < options.patience
        reply = .verdict(try await verdict(open, blockers, options, isPatient: isPatient))
      case .mark(let marking):
        try await loadIndexOfAllPacks()
        reply = .packs(
          try await onEngine { () throws(ChunkStoreError) in
            try self.indexStamp.withoutChange { () throws(ChunkStoreError) in
              try self.needed(marking, census)
            }
          })
      case .deletePack(let pack):
        if report.deletedPacks == 0 {
          // First, so that the index never speaks of a pack that is gone.
          let doomed = party.doomed
          report.replacedIndexBlobs = try await onEngine { () throws(ChunkStoreError) in
            try census.replaceIndexBlobs(
              doomed: doomed, spoolDirectory: options.session.spoolDirectory)
          }
        }
        reply = try await perform(step)
        report.deletedPacks += 1
        report.deletedBytes += census.packs[pack] ?? 0
        try reportPacks(
          progress, "delete packs", report.deletedPacks, of: Int64(party.doomed.count))
      default:
        reply = try await perform(step)
      }
    }
  }

  private func verdict(
    _ open: Set<SessionID>, _ blockers: Set<SessionID>, _ options: CollectionOptions,
    isPatient: Bool
  ) async throws(ChunkStoreError) -> WaitVerdict {
    if let limit = options.closesSessionsAfter {
      for session in open.sorted() {
        guard let beginning = try await board.beginning(of: session) else { continue }
        let age = Duration.nanoseconds(currentTime().subtractingReportingOverflow(beginning).0)
        if age > limit { return .close(session) }
      }
    }
    if blockers.isEmpty || !isPatient { return .goOn }
    do {
      try await Task.sleep(for: .milliseconds(200))
    } catch {
      throw ChunkStoreError(.cancelled, "the operation was cancelled")
    }
    return .lookAgain
  }

  func onEngine<Result: Sendable>(
    _ body: @escaping @Sendable () throws(ChunkStoreError) -> Result
  ) async throws(ChunkStoreError) -> Result {
    try await ThreadPool.engines.run(body)
  }
}

func reportPacks(
  _ progress: any ProgressReporter, _ phase: String, _ completed: Int64, of total: Int64
) throws(ChunkStoreError) {
  do {
    try progress.report(
      Progress(phase: phase, unit: "packs", completed: completed, total: total, bytes: 0))
  } catch {
    throw ChunkStoreError(.cancelled, "the operation was ended by its progress report: \(error)")
  }
}

extension CollectionPlan {
  fileprivate mutating func compact(_ pack: PackInfo, _ liveBytes: Int64) {
    compactedPacks.append(pack.blob)
    compactedBytes += pack.size
    movedBytes += liveBytes
  }
}

extension SessionCore {
  /// Stores a chunk that was read; it goes to a new pack if those that hold it are avoided.
  func storeAgain(_ record: borrowing ChunkRecord) throws(ChunkStoreError) {
    try record.linkBytes.withUnsafeBytes { (links) throws(ChunkStoreError) in
      try record.data.withUnsafeBytes { (data) throws(ChunkStoreError) in
        try withLane { (lane) throws(ChunkStoreError) in
          _ = try lane.store(
            links: links, data: data, in: links.isEmpty ? .content : .nodes)
        }
      }
    }
  }
}
