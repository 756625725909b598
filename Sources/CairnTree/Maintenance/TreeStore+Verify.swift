public import CairnCore

extension TreeStore {
  /// Looks at every page of every tree, as published last and as the storage has it now: checksums,
  /// references, order, counts and weights; and whether pages that are in use are taken for free
  /// ones, or the reverse.
  ///
  /// Goes on past what is wrong. Readers may go on; it waits for the one who writes.
  ///
  /// - Parameter progress: told of the pages that were looked at. If it throws, that is the end.
  /// - Throws: ``TreeError`` only if it cannot begin, or `.cancelled`.
  public func verify(
    progress: any ProgressReporter = NoProgress()
  ) throws(TreeError) -> TreeReport {
    let isWriter = !core.isReadOnly
    if isWriter { _ = try core.beginWriting(waits: true) }
    defer { if isWriter { core.endWriting() } }
    let reader = try beginReading()
    let catalogue = try freshCatalogue(reader.snapshot, isWriter)
    let total =
      isWriter
      ? core.writing.context.space.used.count
      : Int(reader.snapshot.pageCount - MetaPage.firstPage)
    var verifier = TreeVerifier(
      catalogue, name: nil, TreeReport(), PageSet(),
      ProgressTicker(
        progress, "verify", unit: "pages", total: total, bytesPerStep: core.cache.pageSize))
    try verifier.run()
    verifier.report.entries = 0
    // The names that can be read; what cannot is in the report already.
    for name in (try? Catalogue.names(in: catalogue)) ?? [] {
      do throws(TreeError) {
        guard let record = try Catalogue.find(name, in: catalogue) else { continue }
        let root = TreeRoot(
          cache: catalogue.cache, record: record,
          layout: try Catalogue.layout(record, pageSize: core.cache.pageSize),
          transaction: catalogue.transaction, pageCount: catalogue.pageCount)
        verifier = TreeVerifier(root, name: name, verifier.report, verifier.seen, verifier.ticker)
      } catch {
        verifier.report.add(error.description, tree: name, page: error.page)
        continue
      }
      try verifier.run()
      verifier.report.trees += 1
    }
    checkSpace(verifier.seen, reader.snapshot, isWriter, &verifier.report)
    verifier.ticker.finish()
    return verifier.report
  }

  /// The catalogue through a cache of its own: pages that are in memory say nothing of those in the
  /// storage, and looking at all of them would drive out those that are needed.
  private func freshCatalogue(
    _ snapshot: Snapshot, _ isWriter: Bool
  ) throws(TreeError) -> TreeRoot {
    if isWriter { try core.cache.flush { core.writing.context.space.free.contains($0) } }
    return TreeRoot(
      cache: try PageCache(
        core.storage, pageSize: core.cache.pageSize, budget: Self.verifyingCache),
      record: snapshot.catalogue, layout: core.catalogueLayout, transaction: snapshot.transaction,
      pageCount: snapshot.pageCount)
  }

  /// Each page is looked at once.
  private static var verifyingCache: Int { 0 }

  /// Compares the pages that were seen with those that are not free, and those with the space map.
  private func checkSpace(
    _ seen: PageSet, _ snapshot: Snapshot, _ isWriter: Bool, _ report: inout TreeReport
  ) {
    let checkpoint = core.writing.checkpoint
    var used = isWriter ? core.writing.context.space.used : nil
    var mapPages = core.writing.spaceMapPages
    // What was published since then is in no space map; and another process that writes may have
    // used the pages of this one again.
    guard isWriter || checkpoint.transaction == snapshot.transaction else { return }
    do throws(TreeError) {
      let map = try SpaceMap.read(checkpoint, core.storage)
      if used == nil { (used, mapPages) = (map.used, map.pages) }
    } catch {
      report.add(error.description, tree: nil, page: error.page)
    }
    guard let used else { return }
    let isWhole = report.isSound
    var seen = seen
    for page in mapPages where !seen.insert(page) {
      report.add("page \(page) is in a tree and in the space map", tree: nil, page: page)
    }
    var (taken, lost) = (PageSet(), PageSet())
    seen.forEach { if !used.contains($0) { taken.insert($0) } }
    used.forEach { if !seen.contains($0) { lost.insert($0) } }
    taken.forEach { report.add("page \($0) is in use, but free", tree: nil, page: $0) }
    // What hangs below a damaged page cannot be told from what is lost.
    if isWhole {
      lost.forEach { report.add("page \($0) is not free, but not in use", tree: nil, page: $0) }
    }
  }
}
