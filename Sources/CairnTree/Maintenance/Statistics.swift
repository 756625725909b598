import Synchronization

/// What a store has done since it was opened, and how large it is.
public struct StoreStatistics: Sendable, Hashable, Codable {
  public var pageSize: Int
  /// The pages of the file, those that are free included.
  public var pageCount: Int
  /// Pages that are free now. 0 if the store is read-only.
  public var freePages: Int
  /// Pages that are out of use, but may be seen by a reader or belong to one of the last two
  /// checkpoints. 0 if the store is read-only.
  public var heldPages: Int
  /// Pages that were in the cache when they were asked for; about as many, if several threads ask
  /// at the same time.
  public var cacheHits: UInt64
  /// Pages that were not.
  public var cacheMisses: UInt64
  /// Pages read from the storage.
  public var pagesRead: UInt64
  /// Pages written to the storage, but for the few of each checkpoint itself.
  public var pagesWritten: UInt64
  /// The number of readers that exist.
  public var readers: Int
}

/// What a tree consists of.
public struct TreeStatistics: Sendable, Hashable, Codable {
  public var entries: Int
  /// The number of pages from the root to a leaf; 0 for an empty tree.
  public var depth: Int
  public var leafPages = 0
  public var innerPages = 0
  public var overflowPages: Int
  /// The bytes that entries take in the leaves.
  public var leafBytes = 0
  /// The bytes of keys, values and weights, wherever they are.
  public var contentBytes: Int64 = 0
  /// The bytes of all pages.
  public var pageBytes: Int64 = 0
  /// The part of the leaves that entries take, from 0 to 1.
  public var fill = 0.0
}

extension TreeStore {
  /// Waits for the one who writes.
  public func statistics() throws(TreeError) -> StoreStatistics {
    let isWriter = !core.isReadOnly
    if isWriter { _ = try core.beginWriting(waits: true) }
    defer { if isWriter { core.endWriting() } }
    let space = core.writing.context.space
    let (pageCount, readers) = core.visible.withLock {
      ($0.snapshot.pageCount, $0.readers.values.reduce(0, +))
    }
    let counters = core.cache.counters
    return StoreStatistics(
      pageSize: core.cache.pageSize,
      pageCount: isWriter ? Int(space.pageCount) : Int(pageCount),
      freePages: space.free.count, heldPages: space.heldCount,
      cacheHits: counters.hits, cacheMisses: counters.misses.load(ordering: .relaxed),
      pagesRead: counters.pagesRead.load(ordering: .relaxed),
      pagesWritten: counters.pagesWritten.load(ordering: .relaxed), readers: readers)
  }
}

extension OrderedTree {
  /// Looks at all leaves of the tree.
  public func statistics() throws(TreeError) -> TreeStatistics {
    let root = try root
    var statistics = TreeStatistics(
      entries: root.entryCount, depth: root.record.root == 0 ? 0 : root.record.level + 1,
      overflowPages: Int(clamping: root.record.overflowPages))
    try root.forEachRun(0..<root.entryCount) { (leaf, entries) throws(TreeError) in
      statistics.leafPages += 1
      statistics.leafBytes += leaf.usedBytes
      statistics.contentBytes += try root.contentBytes(leaf, entries)
      return true
    }
    let room = statistics.leafPages * (root.layout.pageSize - PageHeader.size)
    statistics.fill = room == 0 ? 0 : Double(statistics.leafBytes) / Double(room)
    statistics.innerPages = try root.innerPageCount()
    statistics.pageBytes =
      Int64(statistics.leafPages + statistics.innerPages + statistics.overflowPages)
      * Int64(root.layout.pageSize)
    return statistics
  }
}

extension TreeRoot {
  /// The bytes of keys, values and weights of some entries.
  fileprivate func contentBytes(
    _ leaf: LeafPage, _ entries: Range<Int>
  ) throws(TreeError) -> Int64 {
    if layout.hasFixedLeaves { return Int64(leaf.usedBytes) }
    var sum = layout.isWeighted ? 8 * Int64(entries.count) : 0
    for index in entries {
      let value = leaf.value(index)
      sum += Int64(leaf.key(index).count)
      sum +=
        leaf.isOverflowing(index)
        ? Int64(try overflow(value, of: leaf.page).byteCount) : Int64(value.count)
    }
    return sum
  }

  fileprivate func innerPageCount() throws(TreeError) -> Int {
    record.root == 0 || record.level == 0
      ? 0 : try innerPageCount(record.root, record.level, transaction)
  }

  private func innerPageCount(
    _ number: UInt32, _ level: Int, _ newest: UInt64
  ) throws(TreeError) -> Int {
    let pinned = try pin(number, level: level, newest: newest)
    defer { cache.unpin(pinned) }
    let inner = InnerPage(pinned.base, layout)
    guard level > 1 else { return 1 }
    var count = 1
    for index in 0..<inner.count {
      count += try innerPageCount(inner.child(index), level - 1, pinned.page.transaction)
      guard count < Int(pageCount) else { throw TreeError.foreign(number) }
    }
    return count
  }
}
