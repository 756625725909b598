public import CairnCore
import CairnCrypto

extension Repository {
  /// Finds out what a repair would do about what a verification has found. Changes nothing.
  ///
  /// Every pack with a problem is read again, here and in the copies, segment by segment: those that
  /// turn out to be sound are not in the plan.
  ///
  /// Memory: two indexes, and some 50 bytes for each chunk that is in a damaged pack, or lost.
  ///
  /// - Parameters:
  ///   - report: of ``verify(_:progress:)``, best with ``VerifyOptions/Depth/data``: what it did not
  ///     find is not repaired.
  ///   - options: the copies are looked into, too.
  /// - Throws: ``ChunkStoreError``: the failure of a target, since what cannot be read today may be
  ///   sound tomorrow; ``ChunkStoreError/Code/invalid`` if a copy is another repository.
  public func planRepair(
    after report: VerifyReport, _ options: RepairOptions = RepairOptions(),
    progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> RepairPlan {
    try requireOwner("repair it")
    let blobs = Set(report.problems.compactMap { $0.blob.flatMap { BlobName($0) } })
    var plan = RepairPlan()
    plan.restoresRoots = options.restoresRoots
    plan.blobs = try await smallBlobs(of: blobs.sorted(), options.copies)
    plan.rebuildsIndex = plan.blobs.contains {
      $0.name.description.hasPrefix(BlobFolder.index) && !$0.isInCopy
    }
    let suspects = Set(
      blobs.filter { $0.description.hasPrefix(BlobFolder.packs) }.compactMap(\.contentDigest))
    let study = try await RepairStudy(
      of: self, suspects, copies: options.copies, progress)
    plan.packs = study.packs
    plan.packsOutsideIndex = study.packsOutsideIndex
    let roots = try await rootsToKeep(&plan, study.copies)
    try await count(roots, in: study, &plan)
    return plan
  }

  /// The blobs of those names, packs left out, that are damaged.
  private func smallBlobs(
    of names: [BlobName], _ copies: [any Target]
  ) async throws(ChunkStoreError) -> [RepairPlan.Blob] {
    let target = target
    return try await ThreadPool.engines.run {
      () throws(ChunkStoreError) -> [RepairPlan.Blob] in
      var blobs: [RepairPlan.Blob] = []
      for name in names
      where BlobFolder.small.contains(where: { name.description.hasPrefix($0) }) {
        guard let error = try target.problem(ofNamed: name), error.code == .damaged else {
          continue
        }
        var isInCopy = false
        for copy in copies where !isInCopy {
          isInCopy = try copy.problem(ofNamed: name) == nil
        }
        blobs.append(
          RepairPlan.Blob(name: name, problem: error.description, isInCopy: isInCopy))
      }
      return blobs
    }
  }

  /// The roots that will be there, and those that copies alone have.
  private func rootsToKeep(
    _ plan: inout RepairPlan, _ copies: [Repository]
  ) async throws(ChunkStoreError) -> [Root] {
    var roots = try await roots { _ in }
    var known = Set(roots.map(\.id))
    let present = Set(try await target.blobs(BlobFolder.roots).map(\.name))
    for copy in copies {
      for root in try await copy.roots(onDamage: { _ in }) where known.insert(root.id).inserted {
        if !present.contains(.root(root.id)) { plan.rootsInCopies.append(.root(root.id)) }
        // A damaged one is put back.
        if present.contains(.root(root.id)) || plan.restoresRoots { roots.append(root) }
      }
    }
    plan.rootsInCopies.sort()
    return roots.sorted { ($0.time, $0.id) < ($1.time, $1.id) }
  }

  private func count(
    _ roots: [Root], in study: RepairStudy, _ plan: inout RepairPlan
  ) async throws(ChunkStoreError) {
    for copy in study.copies { try await copy.loadWhatIsSound() }
    let started = plan
    plan = try await ThreadPool.engines.run { () throws(ChunkStoreError) -> RepairPlan in
      var plan = started
      var walk = RecoveryWalk(study.view, copies: study.copies)
      for root in roots { try walk.visit(root) { _ in } }
      plan.chunksFromCopies = walk.recoveredChunks
      plan.lostChunks = walk.lostChunks
      guard plan.lostChunks > 0 else { return plan }
      for root in roots {
        // By itself, since what it shares with others was visited.
        var walk = RecoveryWalk(study.view, copies: study.copies)
        try walk.visit(root) { _ in }
        guard walk.lostChunks > 0 else { continue }
        plan.hurtRoots.append(
          RepairPlan.HurtRoot(
            id: root.id, name: root.name, time: root.time, lostChunks: walk.lostChunks))
      }
      return plan
    }
  }

  /// The repository as it would be after a repair, for others to look into: its index knows exactly
  /// what can be read.
  package func view(
    after plan: RepairPlan, _ options: RepairOptions
  ) async throws(ChunkStoreError) -> Repository {
    try await RepairStudy(
      of: self, Set(plan.packs.compactMap(\.blob.contentDigest)), copies: options.copies,
      NoProgress()
    ).view
  }
}

extension Target {
  /// What is wrong with a blob that is named by its content; `nil` if nothing is. Blocks.
  ///
  /// - Throws: the failure of the target.
  func problem(ofNamed name: BlobName) throws(ChunkStoreError) -> ChunkStoreError? {
    do throws(ChunkStoreError) {
      guard let size = try sizeBlocking(of: name) else { throw .missing(name) }
      try checkNameBlocking(of: BlobInfo(name: name, size: size))
      return nil
    } catch {
      guard error.isAboutBlob else { throw error }
      return error
    }
  }
}
