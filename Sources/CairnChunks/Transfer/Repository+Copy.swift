public import CairnCore
import CairnCrypto

extension Repository {
  /// Copies roots, and all that they lead to, into another repository, chunk by chunk.
  ///
  /// Nothing is known of chunks but their links. In a repository with other keys every chunk has
  /// another id, so those that it links to come first, and the copy links to their copies, in the same
  /// order. Data is copied as it is: an id that a host wrote into data instead of the links is not
  /// translated. What the destination has is not stored again; repositories that share their keys, as
  /// ``create(on:for:label:like:options:)`` makes them, do not even read it. Of repositories that do
  /// not, what an earlier root and its copy have in common with a root is not read again either, but for
  /// chunks with links, if the destination can be read.
  ///
  /// A copy has the name, the time and the fields of its root, and ``Root/origin`` says where it was
  /// published first. A root whose copy an owner published, or that is itself the origin, is left out.
  ///
  /// Wherever it is stopped, nothing shows but copies that are whole; what was stored is used when it
  /// is done again. Others may write to both repositories and collect garbage in them meanwhile, and
  /// copy in the other direction. What is damaged or missing costs the roots that need it, and no
  /// others.
  ///
  /// Memory: that of a session and of both indexes, 13 bytes for each chunk, and 64 bytes of a temporary
  /// file; some 100 bytes for each level of links.
  ///
  /// - Parameters:
  ///   - roots: of this repository, in any order.
  ///   - destination: a writer's key is enough; with that, all that roots lead to is read each time.
  ///   - progress: is told of chunks and bytes that were read; ends the operation if it throws.
  /// - Throws: ``ChunkStoreError``: if a target fails, if the task is cancelled, or
  ///   ``ChunkStoreError/Code/revoked`` if a collection closed the session. Roots that were copied by
  ///   then stay.
  public func copy(
    _ roots: [Root], to destination: RepositoryWriter, options: CopyOptions = CopyOptions(),
    progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> CopyReport {
    let destination = destination.repository
    let selection = try await CopySelection(of: roots, from: self, to: destination)
    guard !selection.wanted.isEmpty else {
      var report = CopyReport()
      report.presentRoots = selection.present
      return report
    }
    try await refresh()
    let session = try await destination.startSession(options.session)
    let isCancelled = CancellationFlag()
    let outcome = await withTaskCancellationHandler {
      await ThreadPool.engines.run { () -> Result<CopyReport, ChunkStoreError> in
        Result { () throws(ChunkStoreError) in
          try CopyRun(from: self, to: destination, session.core, options, progress, isCancelled)
            .run(selection)
        }
      }
    } onCancel: {
      isCancelled.set()
    }
    do throws(ChunkStoreError) {
      let report = try outcome.get()
      try await session.end()
      return report
    } catch {
      try? await session.end()
      throw error
    }
  }

  /// Finds out what ``copy(_:to:options:progress:)`` would do now. Changes nothing.
  ///
  /// Memory: as there, without a session, and three bits for each chunk of the index.
  ///
  /// - Throws: ``ChunkStoreError/Code/missing`` or ``ChunkStoreError/Code/damaged`` if one of the roots
  ///   is not whole, besides the errors of the targets.
  public func planCopy(
    of roots: [Root], to destination: RepositoryWriter, options: CopyOptions = CopyOptions()
  ) async throws(ChunkStoreError) -> CopyPlan {
    let destination = destination.repository
    let selection = try await CopySelection(of: roots, from: self, to: destination)
    try await refresh()
    try await destination.refresh()
    let census = try await PackCensus(self)
    return try await ThreadPool.engines.run { () throws(ChunkStoreError) -> CopyPlan in
      let index = destination.loadedIndex
      let isStored = { (id: ChunkID) throws(ChunkStoreError) -> Bool in
        try index.place(of: id) != nil
      }
      let translation = ChunkTranslation(spoolDirectory: options.session.spoolDirectory)
      let lesson = CopyLesson(
        from: self, to: destination, translation, options, isStored: isStored)
      for pair in selection.pairs { try lesson.learn(pair) }
      let sharesIDs = self.access.idKey == destination.access.idKey
      return try self.indexStamp.withoutChange { () throws(ChunkStoreError) in
        try self.plan(selection, census, leadsToMore: sharesIDs) {
          (id) throws(ChunkStoreError) in
          try sharesIDs ? isStored(id) : translation[id] != nil
        }
      }
    }
  }

  /// - Parameter leadsToMore: a chunk that is known may lead to others that are not.
  private func plan(
    _ selection: CopySelection, _ census: PackCensus, leadsToMore: Bool,
    isKnown: (ChunkID) throws(ChunkStoreError) -> Bool
  ) throws(ChunkStoreError) -> CopyPlan {
    var plan = CopyPlan()
    plan.roots = selection.wanted.map(\.id)
    plan.presentRoots = selection.present
    let index = loadedIndex
    var (seen, wanted) = (ChunkBits(), ChunkBits())
    for root in selection.wanted {
      var pending = [root.chunk]
      while let id = pending.popLast() {
        guard let place = try index.place(of: id) else { throw .missing(id) }
        guard seen.insert(place.ordinal) else { continue }
        let isKnown = try isKnown(id)
        if !isKnown { _ = wanted.insert(place.ordinal) }
        guard place.hasLinks, leadsToMore || !isKnown else { continue }
        pending.append(contentsOf: try node(id).allLinks.reversed())
      }
    }
    var counted = ChunkBits()
    try census.forEach(of: Set(census.packs.keys)) { (pack, table) throws(ChunkStoreError) in
      var (total, used) = (Int64(1), Int64(0))
      for entry in table.entries {
        total += Int64(entry.recordLength)
        guard let place = try index.place(of: entry.id), wanted.contains(place.ordinal),
          counted.insert(place.ordinal)
        else { continue }
        used += Int64(entry.recordLength)
        plan.chunks += 1
      }
      plan.bytes += used
      plan.storedBytes += Int64(Double(pack.size) * Double(used) / Double(total))
    }
    return plan
  }
}

extension CopiedNode {
  fileprivate var allLinks: [ChunkID] { (0..<linkCount).map { link($0) } }
}
