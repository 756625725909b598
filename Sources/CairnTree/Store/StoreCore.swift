import CairnCore
import Synchronization

/// A state of all trees that was published.
struct Snapshot: Sendable {
  var transaction: UInt64
  var pageCount: UInt32
  var catalogue: TreeRecord
  var nextTree: UInt32
}

/// What a store and its transactions share.
final class StoreCore: @unchecked Sendable {
  // Sendable: `writing` is used only by whoever has set `isWriting` in `role`, whose lock orders
  // the accesses of one after those of another. The rest is constant or locked.
  struct Visible {
    var snapshot: Snapshot
    /// How many readers see which transaction.
    var readers: [UInt64: Int] = [:]
  }

  struct Writing {
    let context: WriteContext
    var checkpoint: MetaPage
    var previousCheckpoint: UInt64
    var spaceMapPages: [UInt32]
    /// Why nothing can be written any more.
    var failure: TreeError?
  }

  let storage: any PageStorage
  let cache: PageCache
  let isReadOnly: Bool
  let visible: Mutex<Visible>
  private let role = Monitor(false)
  var writing: Writing

  let catalogueLayout: Layout

  init(_ storage: any PageStorage, _ options: TreeStoreOptions) throws(TreeError) {
    self.storage = storage
    isReadOnly = options.isReadOnly || storage.isReadOnly
    let (meta, previous) = try Recovery.checkpoints(
      storage, pageSize: isReadOnly ? nil : options.pageSize)
    guard
      let layout = Layout(
        keyWidth: -1, valueWidth: -1, isWeighted: false, pageSize: meta.pageSize)
    else { throw .invalid("the page size \(meta.pageSize) cannot be used") }
    catalogueLayout = layout
    try Recovery.checkLength(meta, storage)
    cache = PageCache(storage, pageSize: meta.pageSize, budget: options.cacheBytes)
    var (space, spaceMapPages) = (Space(), [UInt32]())
    if !isReadOnly, meta.spaceMap != 0 {
      let (used, pages) = try SpaceMap.read(meta, storage)
      // What the older checkpoint has is spared if it can be told.
      let before = previous.flatMap { try? SpaceMap.read($0, storage).used } ?? PageSet()
      space = Space(
        pageCount: meta.pageCount, used: used, usedBefore: before, checkpoint: meta.transaction)
      spaceMapPages = pages
    }
    visible = Mutex(
      Visible(
        snapshot: Snapshot(
          transaction: meta.transaction, pageCount: meta.pageCount, catalogue: meta.catalogue,
          nextTree: meta.nextTree)))
    writing = Writing(
      context: WriteContext(cache, space), checkpoint: meta,
      previousCheckpoint: previous?.transaction ?? 0, spaceMapPages: spaceMapPages)
  }

  // MARK: Readers

  func enter() -> Snapshot {
    visible.withLock { visible in
      visible.readers[visible.snapshot.transaction, default: 0] += 1
      return visible.snapshot
    }
  }

  func leave(_ transaction: UInt64) {
    visible.withLock { visible in
      let count = visible.readers[transaction, default: 1] - 1
      visible.readers[transaction] = count == 0 ? nil : count
    }
  }

  // MARK: The writer

  /// Makes the caller the writer.
  ///
  /// - Returns: false if there is one and `waits` is false.
  func beginWriting(waits: Bool) throws(TreeError) -> Bool {
    guard !isReadOnly else { throw .readOnly() }
    let isWriter = role.wait { isWriting -> Bool? in
      if isWriting { return waits ? nil : false }
      isWriting = true
      return true
    }
    guard isWriter else { return false }
    if let failure = writing.failure {
      endWriting()
      throw TreeError(
        .failed,
        "nothing can be written after an earlier failure (\(failure)); close the trees and open "
          + "them again")
    }
    reclaim()
    writing.context.transaction = visible.withLock { $0.snapshot.transaction } + 1
    return true
  }

  func endWriting() { role.change { $0 = false } }

  private func reclaim() {
    let oldest = visible.withLock { $0.readers.keys.min() } ?? .max
    writing.context.space.reclaim(
      oldestReader: oldest, previousCheckpoint: writing.previousCheckpoint)
  }

  /// Shows readers what the writer has made.
  func publish(_ catalogue: TreeRecord, nextTree: UInt32) {
    let context = writing.context
    context.space.publish(
      context.transaction, lastCheckpoint: writing.checkpoint.transaction)
    visible.withLock {
      $0.snapshot = Snapshot(
        transaction: context.transaction, pageCount: context.space.pageCount,
        catalogue: catalogue, nextTree: nextTree)
    }
    reclaim()
    context.transaction += 1
  }

  /// Forgets what the writer has made.
  func rollBack() {
    for number in writing.context.space.rollBack() { cache.forget(number) }
  }

  // MARK: Checkpoints

  /// Makes what is published durable. Called by the writer between transactions.
  func checkpoint() throws(TreeError) {
    let snapshot = visible.withLock { $0.snapshot }
    guard snapshot.transaction != writing.checkpoint.transaction else { return }
    let context = writing.context
    do throws(TreeError) {
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
      try extend(to: Int64(context.space.pageCount) * Int64(cache.pageSize))
      try synchronize()
      var meta = MetaPage(pageSize: cache.pageSize)
      meta.checkpoint = writing.checkpoint.checkpoint + 1
      meta.transaction = snapshot.transaction
      meta.pageCount = context.space.pageCount
      meta.spaceMap = pages[0]
      meta.nextTree = snapshot.nextTree
      meta.catalogue = snapshot.catalogue
      try Recovery.write(meta, storage)
      try synchronize()
      writing.previousCheckpoint = writing.checkpoint.transaction
      writing.checkpoint = meta
      writing.spaceMapPages = pages
    } catch {
      // How much of it the storage has kept is unknown. Readers go on; writers must not build on it.
      writing.failure = error
      throw error
    }
    reclaim()
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
  private func extend(to byteCount: Int64) throws(TreeError) {
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
