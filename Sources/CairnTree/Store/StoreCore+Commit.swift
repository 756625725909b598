import CairnCore
import Synchronization

extension StoreCore {
  /// Shows readers what the writer has made, and makes what is published durable if asked for.
  ///
  /// After an error nothing of it has happened, and the writer rolls back.
  ///
  /// - Parameter made: what has changed; `nil` if nothing has.
  func commit(
    _ made: (catalogue: TreeRecord, nextTree: UInt32)?, _ kind: CommitKind
  ) throws(TreeError) {
    let context = writing.context
    var snapshot = visible.withLock { $0.snapshot }
    if let made {
      snapshot = Snapshot(
        transaction: context.transaction, pageCount: context.space.pageCount,
        catalogue: made.catalogue, nextTree: made.nextTree)
    }
    switch kind {
    case .checkpoint where snapshot.transaction != writing.checkpoint.transaction:
      try makeDurable(snapshot)
    case .publish where made != nil:
      if publishesToAll, let neighbours { try showToAll(snapshot, neighbours) }
      context.space.publish(
        snapshot.transaction, lastCheckpoint: writing.checkpoint.transaction)
    default:
      return
    }
    visible.withLock { $0.snapshot = snapshot }
    if kind == .checkpoint { republish(snapshot) }
    reclaim()
  }

  // MARK: Publication

  /// Writes what readers elsewhere need to see a snapshot.
  private func showToAll(
    _ snapshot: Snapshot, _ neighbours: Neighbours
  ) throws(TreeError) {
    let context = writing.context
    try cache.flush { context.space.free.contains($0) }
    try extend(to: snapshot.pageCount)
    do throws(TreeError) {
      try Publication(snapshot).write(storage, pageSize: cache.pageSize)
      if writing.publishing == nil { writing.publishing = try neighbours.lockForPublishing() }
    } catch {
      // Somebody may have seen it nevertheless. Nobody else will, until the next one.
      writing.publishing = nil
      writing.lastSeen = snapshot.transaction
      throw error
    }
  }

  /// Has the publication show a checkpoint that was made.
  private func republish(_ snapshot: Snapshot) {
    guard writing.publishing != nil else { return }
    do throws(TreeError) {
      try Publication(snapshot).write(storage, pageSize: cache.pageSize)
    } catch {
      // Without a publication, others see the checkpoint, which is the same.
      writing.publishing = nil
    }
  }

  // MARK: Checkpoints

  private func makeDurable(_ snapshot: Snapshot) throws(TreeError) {
    let context = writing.context
    let spaceBefore = context.space
    let pages: [UInt32]
    do throws(TreeError) {
      pages = try write(snapshot)
    } catch {
      // The storage has free pages that differ, and no others.
      context.space = spaceBefore
      throw error
    }
    var meta = MetaPage(pageSize: cache.pageSize)
    meta.checkpoint = writing.checkpoint.checkpoint + 1
    meta.transaction = snapshot.transaction
    meta.pageCount = context.space.pageCount
    meta.spaceMap = pages[0]
    meta.nextTree = snapshot.nextTree
    meta.catalogue = snapshot.catalogue
    do throws(TreeError) {
      try synchronize()
      try Recovery.write(meta, storage)
      try synchronize()
    } catch {
      // How much of it the storage has kept is unknown, of what was written before, too. Readers go
      // on; nobody must build on it.
      context.space = spaceBefore
      writing.failure = error
      throw TreeError(
        error.code,
        error.message + ", and what the storage holds is unknown now; close the trees and open "
          + "them again, to go on from the last checkpoint or from this one",
        cause: error.cause)
    }
    writing.previousCheckpoint = writing.checkpoint.transaction
    writing.checkpoint = meta
    writing.spaceMapPages = pages
  }

  /// Writes all that a checkpoint refers to.
  ///
  /// - Returns: the pages of its space map.
  private func write(_ snapshot: Snapshot) throws(TreeError) -> [UInt32] {
    let context = writing.context
    context.space.publish(
      snapshot.transaction, lastCheckpoint: writing.checkpoint.transaction)
    let pages = try takeSpaceMapPages()
    // Given up together with this checkpoint: from the one after the next on they are free.
    for number in writing.spaceMapPages { context.space.giveUp(number, birth: 0) }
    context.space.publish(snapshot.transaction, lastCheckpoint: .max)
    let used = context.space.used
    // Pages that only readers see are written, too: they may need them after an eviction.
    try cache.flush { context.space.free.contains($0) }
    try SpaceMap.write(
      used, pageCount: context.space.pageCount, to: pages, transaction: snapshot.transaction,
      storage, pageSize: cache.pageSize)
    try extend(to: context.space.pageCount)
    return pages
  }

  private func takeSpaceMapPages() throws(TreeError) -> [UInt32] {
    let bits = SpaceMap.bitsPerPage(cache.pageSize)
    var pages: [UInt32] = []
    while pages.isEmpty || pages.count * bits < Int(writing.context.space.pageCount) {
      let number = try writing.context.space.take()
      // What the page held before must not be written over it.
      cache.forget(number)
      pages.append(number)
    }
    return pages
  }

  /// Pages at the end that were never needed are part of the file all the same.
  private func extend(to pageCount: UInt32) throws(TreeError) {
    let byteCount = Int64(pageCount) * Int64(cache.pageSize)
    do throws(IOError) {
      if try storage.byteCount < byteCount { try storage.resize(to: byteCount) }
    } catch {
      throw .storage("cannot lengthen the file", error)
    }
  }

  private func synchronize() throws(TreeError) {
    do throws(IOError) {
      try storage.synchronize()
    } catch {
      throw .storage("cannot make the trees durable", error)
    }
  }
}

extension Publication {
  fileprivate init(_ snapshot: Snapshot) {
    self.init(
      transaction: snapshot.transaction, pageCount: snapshot.pageCount,
      nextTree: snapshot.nextTree, catalogue: snapshot.catalogue)
  }
}
