extension TreeStore {
  /// Looks at every page of every tree, as published last: checksums, references, order, counts and
  /// weights; and whether pages that are in use are taken for free ones, or the reverse.
  ///
  /// Goes on past what is wrong. Readers may go on; it waits for the one who writes.
  ///
  /// - Throws: ``TreeError`` only if it cannot begin.
  public func verify() throws(TreeError) -> TreeReport {
    let isWriter = !core.isReadOnly
    if isWriter { _ = try core.beginWriting(waits: true) }
    defer { if isWriter { core.endWriting() } }
    let reader = try beginReading()
    var report = TreeReport()
    var seen = PageSet()
    let catalogue = TreeRoot(
      cache: reader.cache, record: reader.snapshot.catalogue, layout: core.catalogueLayout,
      transaction: reader.snapshot.transaction, pageCount: reader.snapshot.pageCount)
    var verifier = TreeVerifier(catalogue, name: nil, report, seen)
    verifier.run()
    (report, seen) = (verifier.report, verifier.seen)
    report.entries = 0
    // The names that can be read; what cannot is in the report already.
    for name in (try? reader.treeNames) ?? [] {
      do throws(TreeError) {
        let tree = try reader.tree(name)
        verifier = TreeVerifier(tree.root, name: name, report, seen)
        verifier.run()
        (report, seen) = (verifier.report, verifier.seen)
        report.trees += 1
      } catch {
        report.add(error.description, tree: name, page: error.page)
      }
    }
    if isWriter { checkSpace(seen, &report) }
    return report
  }

  private func checkSpace(_ seen: PageSet, _ report: inout TreeReport) {
    let isWhole = report.isSound
    var seen = seen
    for page in core.writing.spaceMapPages where !seen.insert(page) {
      report.add("page \(page) is in a tree and in the space map", tree: nil, page: page)
    }
    let used = core.writing.context.space.used
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
