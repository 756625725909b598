public import CairnCore
import Synchronization

extension TreeStore {
  /// Makes the file as short as it can be, while it is in use.
  ///
  /// Trees whose leaves are less than 7/8 full are written anew with full ones, for which the file
  /// first grows by their size. Then pages move from the end of the file to free ones in front, and
  /// the end is cut off. Each step is a transaction and a checkpoint of its own, so whatever
  /// happens, the trees are there.
  ///
  /// Readers go on, and what they see stays; pages at the end that the snapshot of a reader has are not
  /// cut off. It waits for the one who writes, and others may write between the steps.
  ///
  /// - Parameter progress: told of the pages that were moved or looked at. If it throws, the steps that
  ///   are done stay.
  /// - Returns: by how many bytes the file is shorter.
  /// - Throws: ``TreeError``: `.readOnly`, `.cancelled`, or as a checkpoint does.
  @discardableResult
  public func compact(
    progress: any ProgressReporter = NoProgress()
  ) throws(TreeError) -> Int64 {
    let before = try byteCount
    var ticker = ProgressTicker(
      progress, "compact", unit: "pages", total: nil, bytesPerStep: core.cache.pageSize)
    try repack(&ticker)
    // Each time, the inner pages over what has moved have become others, and are what is left.
    for _ in 0..<Self.mostPasses where try moveToFront(&ticker) == 0 { break }
    try cutEnd()
    ticker.finish()
    return max(0, before - (try byteCount))
  }

  private static let mostPasses = 4

  private var byteCount: Int64 {
    get throws(TreeError) {
      do throws(IOError) {
        return try core.storage.byteCount
      } catch {
        throw .storage("cannot tell how long the file is", error)
      }
    }
  }

  /// Fills the leaves of the trees that have room in them.
  private func repack(_ ticker: inout ProgressTicker) throws(TreeError) {
    let writing = try beginWriting()
    var isChanged = false
    for name in try writing.treeNames {
      let tree = try writing.tree(name)
      guard try tree.isLoose(&ticker) else { continue }
      isChanged = true
      try writing.change { () throws(TreeError) in
        try tree.writer.repack { () throws(TreeError) in try ticker.step() }
      }
    }
    guard isChanged else { return writing.rollBack() }
    try writing.commit(.checkpoint)
    try checkpointAgain()
  }

  /// - Returns: how many pages were moved.
  private func moveToFront(_ ticker: inout ProgressTicker) throws(TreeError) -> Int {
    let writing = try beginWriting()
    let space = core.writing.context.space
    var moves = PageMoves(limit: MetaPage.firstPage + UInt32(space.used.count), room: 0)
    space.free.forEach { if $0 < moves.limit { moves.room += 1 } }
    for name in try writing.treeNames {
      let tree = try writing.tree(name)
      try writing.change { () throws(TreeError) in
        try tree.writer.move(&moves) { () throws(TreeError) in try ticker.step() }
      }
    }
    try writing.change { () throws(TreeError) in
      try writing.catalogue.move(&moves) { () throws(TreeError) in try ticker.step() }
    }
    guard moves.count > 0 else {
      writing.rollBack()
      return 0
    }
    try writing.commit(.checkpoint)
    try checkpointAgain()
    return moves.count
  }

  /// Makes another checkpoint, so that pages that only the one before the last has are free.
  private func checkpointAgain() throws(TreeError) {
    _ = try core.beginWriting(waits: true)
    defer { core.endWriting() }
    try core.checkpointAgain()
  }

  /// Shortens the file by the free pages at its end.
  private func cutEnd() throws(TreeError) {
    _ = try core.beginWriting(waits: true)
    defer { core.endWriting() }
    let context = core.writing.context
    for number in context.space.cutEnd() { core.cache.forget(number) }
    // Neither of the two checkpoints that may be opened counts on the end after this.
    try core.checkpointAgain()
    try core.checkpointAgain()
    let end = Int64(context.space.pageCount) * Int64(core.cache.pageSize)
    guard try byteCount > end else { return }
    do throws(IOError) {
      try core.storage.resize(to: end)
      try core.storage.synchronize()
    } catch {
      throw .storage("cannot shorten the file", error)
    }
  }
}

extension StoreCore {
  /// Makes a checkpoint of what is published, even if the last one is of the same.
  ///
  /// Called by the writer between transactions.
  fileprivate func checkpointAgain() throws(TreeError) {
    try prepareToWrite()
    let snapshot = visible.withLock { $0.snapshot }
    do throws(TreeError) {
      try commit((snapshot.catalogue, snapshot.nextTree), .checkpoint)
    } catch {
      rollBack()
      throw error
    }
  }
}

extension WritableTree {
  /// Whether there is much room in the leaves.
  fileprivate func isLoose(_ ticker: inout ProgressTicker) throws(TreeError) -> Bool {
    let root = try root
    // A tree of few leaves gains nothing.
    guard root.record.level > 0 else { return false }
    var (used, leaves) = (0, 0)
    try root.forEachRun(0..<root.entryCount) { (leaf, _) throws(TreeError) in
      try ticker.step()
      used += leaf.usedBytes
      leaves += 1
      return true
    }
    return used * 8 < leaves * (root.layout.pageSize - PageHeader.size) * 7
  }
}
