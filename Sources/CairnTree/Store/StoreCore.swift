import CairnCore
import Synchronization

/// A state of all trees that was published.
struct Snapshot: Sendable {
  var transaction: UInt64
  var pageCount: UInt32
  var catalogue: TreeRecord
  var nextTree: UInt32
  /// Whether a writer elsewhere, who lives, shows it.
  var isPublication = false
}

extension Snapshot {
  init(_ meta: MetaPage) {
    self.init(
      transaction: meta.transaction, pageCount: meta.pageCount, catalogue: meta.catalogue,
      nextTree: meta.nextTree)
  }

  init(_ publication: Publication) {
    self.init(
      transaction: publication.transaction, pageCount: publication.pageCount,
      catalogue: publication.catalogue, nextTree: publication.nextTree, isPublication: true)
  }
}

/// What a store and its transactions share.
final class StoreCore: @unchecked Sendable {
  // Sendable: `writing` is used only by whoever has set `isWriting` in `role`, whose lock orders
  // the accesses of one after those of another. The rest is constant or locked.
  struct Visible {
    var snapshot: Snapshot
    /// What pages of this snapshot are read through, and in a store that writes of all others.
    var cache: PageCache
    /// How many readers see which transaction.
    var readers: [UInt64: Int] = [:]
  }

  struct Writing {
    let context: WriteContext
    var checkpoint: MetaPage
    var previousCheckpoint: UInt64
    var spaceMapPages: [UInt32]
    /// The last transaction that somebody may have seen though it did not happen, or is forgotten.
    var lastSeen: UInt64
    /// What keeps others from writing.
    let lock: HeldLock?
    /// What lets the publication count.
    var publishing: HeldLock?
    /// Why nothing can be written any more.
    var failure: TreeError?
  }

  let storage: any PageStorage
  /// Who else may have the storage open.
  let neighbours: Neighbours?
  let isReadOnly: Bool
  let cacheBytes: Int
  let publishesToAll: Bool
  let visible: Mutex<Visible>
  private let role = Monitor(false)
  var writing: Writing

  let catalogueLayout: Layout

  var cache: PageCache { visible.withLock { $0.cache } }

  init(_ storage: any PageStorage, _ options: TreeStoreOptions) throws(TreeError) {
    self.storage = storage
    isReadOnly = options.isReadOnly || storage.isReadOnly
    cacheBytes = options.cacheBytes
    publishesToAll = options.publishesToAll
    neighbours = storage.locks.map { Neighbours(locks: $0) }
    let lock = isReadOnly ? nil : try neighbours?.lockForWriting(options.whenBusy)
    let (meta, previous) = try Recovery.checkpoints(
      storage, pageSize: isReadOnly ? nil : options.pageSize)
    guard
      let layout = Layout(
        keyWidth: -1, valueWidth: -1, isWeighted: false, pageSize: meta.pageSize)
    else { throw .invalid("the page size \(meta.pageSize) cannot be used") }
    catalogueLayout = layout
    try Recovery.checkLength(meta, storage)
    let cache = try PageCache(storage, pageSize: meta.pageSize, budget: options.cacheBytes)
    let others =
      isReadOnly ? OtherReaders() : try OtherReaders(of: storage, neighbours, meta)
    var (space, spaceMapPages) = (Space(), [UInt32]())
    if !isReadOnly, meta.spaceMap != 0 || others.pageCount > meta.pageCount {
      let (used, pages) = try SpaceMap.read(meta, storage)
      let before = try previous.map { (meta) throws(TreeError) in try Self.used(meta, storage) }
      space = Space(
        pageCount: max(meta.pageCount, others.pageCount), used: used,
        usedBefore: before ?? PageSet(), transaction: meta.transaction,
        firstToReuse: others.exist ? others.lastSeen + 1 : nil)
      spaceMapPages = pages
    }
    visible = Mutex(Visible(snapshot: Snapshot(meta), cache: cache))
    writing = Writing(
      context: WriteContext(cache, space), checkpoint: meta,
      previousCheckpoint: previous?.transaction ?? 0, spaceMapPages: spaceMapPages,
      lastSeen: others.lastSeen, lock: lock)
  }

  /// A store of its own that begins as what a transaction sees; its changes stay in memory.
  init(forking base: ReadTransaction, cacheBytes: Int) throws(TreeError) {
    storage = ForkedStorage(base)
    isReadOnly = false
    self.cacheBytes = cacheBytes
    publishesToAll = false
    neighbours = nil
    catalogueLayout = base.core.catalogueLayout
    let pageSize = base.cache.pageSize
    var snapshot = base.snapshot
    snapshot.isPublication = false
    let cache = try PageCache(storage, pageSize: pageSize, budget: cacheBytes)
    var used = PageSet()
    for number in 0..<snapshot.pageCount { used.insert(number) }
    var meta = MetaPage(pageSize: pageSize)
    meta.transaction = snapshot.transaction
    let space = Space(
      pageCount: snapshot.pageCount, used: used, usedBefore: PageSet(),
      transaction: snapshot.transaction, firstToReuse: nil)
    visible = Mutex(Visible(snapshot: snapshot, cache: cache))
    writing = Writing(
      context: WriteContext(cache, space), checkpoint: meta, previousCheckpoint: 0,
      spaceMapPages: [], lastSeen: snapshot.transaction, lock: nil)
  }

  /// What the older checkpoint has, which is spared if it can be told.
  private static func used(
    _ meta: MetaPage, _ storage: any PageStorage
  ) throws(TreeError) -> PageSet {
    do throws(TreeError) {
      return try SpaceMap.read(meta, storage).used
    } catch {
      if error.code == .damaged { return PageSet() }
      throw error
    }
  }

  deinit {
    // Before the writer's lock, under which the publication is another's.
    writing.publishing = nil
  }

  // MARK: Readers

  func enter() throws(TreeError) -> (snapshot: Snapshot, cache: PageCache) {
    try visible.withLock { (visible) throws(TreeError) in
      if isReadOnly, let neighbours { try follow(neighbours, &visible) }
      visible.readers[visible.snapshot.transaction, default: 0] += 1
      return (visible.snapshot, visible.cache)
    }
  }

  func leave(_ transaction: UInt64) {
    visible.withLock { visible in
      let count = visible.readers[transaction, default: 1] - 1
      visible.readers[transaction] = count == 0 ? nil : count
      if count == 0, isReadOnly { neighbours?.unlockForReading(transaction) }
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
    do throws(TreeError) {
      try prepareToWrite()
    } catch {
      endWriting()
      throw error
    }
    reclaim()
    return true
  }

  /// Begins another transaction of the writer's.
  func prepareToWrite() throws(TreeError) {
    if let failure = writing.failure {
      throw TreeError(
        .failed,
        "nothing can be written after an earlier failure (\(failure)); close the trees and open "
          + "them again")
    }
    let last = max(visible.withLock { $0.snapshot.transaction }, writing.lastSeen)
    guard max(last, writing.checkpoint.checkpoint) + 1 < MetaPage.transactionLimit else {
      throw .invalid("the file has had as many transactions as there can be; copy it to a new one")
    }
    writing.context.transaction = last + 1
  }

  func endWriting() { role.change { $0 = false } }

  func reclaim() {
    guard writing.context.space.heldCount > 0 else { return }
    var oldest = visible.withLock { $0.readers.keys.min() } ?? .max
    if let neighbours {
      // Where they cannot be told, all pages are spared.
      guard let others = try? neighbours.oldestReader() ?? .max else { return }
      oldest = min(oldest, others)
    }
    writing.context.space.reclaim(
      oldestReader: oldest, previousCheckpoint: writing.previousCheckpoint)
  }

  /// Forgets what the writer has made.
  func rollBack() {
    let context = writing.context
    let wasSeen = writing.lastSeen >= context.transaction
    let pages = context.space.rollBack(seenUntil: wasSeen ? writing.lastSeen + 1 : nil)
    for number in pages { cache.forget(number) }
    // What could not be written was a page of this transaction.
    cache.failure.withLock { $0 = nil }
  }
}

/// What a store that will write has to know of those who read since before its time.
private struct OtherReaders {
  /// Whether somebody reads anything but the newest checkpoint.
  var exist = false
  /// The last transaction that somebody may have seen.
  var lastSeen: UInt64 = 0
  /// The pages that they may see.
  var pageCount: UInt32 = 0

  init() {}

  init(
    of storage: any PageStorage, _ neighbours: Neighbours?, _ meta: MetaPage
  ) throws(TreeError) {
    guard let neighbours else {
      lastSeen = meta.transaction
      return
    }
    lastSeen = try Recovery.lastSeen(meta, storage)
    exist = try neighbours.hasReader(except: meta.transaction)
    if exist {
      let (bytes, pageSize) = (try Recovery.byteCount(storage), Int64(meta.pageSize))
      pageCount = UInt32(clamping: (bytes + pageSize - 1) / pageSize)
    }
  }
}
