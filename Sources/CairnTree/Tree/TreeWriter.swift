#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Changes one tree within a transaction.
///
/// It keeps the path to the leaf that it changed last pinned: the finger. A key that belongs into
/// the same leaf, as the next of a sorted sequence does, is inserted without a search from the
/// root, and what it adds to the counts of the inner pages is added when the finger moves on.
///
/// An error leaves the tree in no defined state; the transaction ends then.
final class TreeWriter {
  struct Step {
    var pinned: PinnedPage
    /// Which child the path takes; of no meaning in the leaf.
    var index: Int
  }

  let context: WriteContext
  let layout: Layout
  /// Count and weight are exact, those in the pages lack what is pending.
  var record: TreeRecord
  /// Counts the changes, so that others notice them.
  var changes = 0
  /// Whether the tree was dropped.
  var isOver = false

  let path: UnsafeMutablePointer<Step>
  private(set) var depth = 0
  private var isWritable = false
  /// The last step that has a child behind the one that the path takes; that child's key is larger
  /// than all keys of the leaf. -1 if this is the last leaf.
  private(set) var highStep = -1
  private var pendingCount = 0
  private var pendingWeight: UInt64 = 0

  /// Children of an inner page that is written anew.
  var list: InnerList
  var parentList: InnerList

  init(_ context: WriteContext, _ record: TreeRecord, _ layout: Layout) {
    self.context = context
    self.record = record
    self.layout = layout
    path = .allocate(capacity: TreeRecord.maximumLevel + 2)
    list = InnerList(layout)
    parentList = InnerList(layout)
  }

  deinit {
    for step in 0..<depth { cache.unpin(path[step].pinned) }
    path.deallocate()
  }

  var cache: PageCache { context.cache }

  @inline(__always)
  var leaf: LeafPage { LeafPage(path[depth - 1].pinned.base, layout) }

  @inline(__always)
  func inner(_ step: Int) -> InnerPage { InnerPage(path[step].pinned.base, layout) }

  /// The tree as it is now, until it is changed.
  var root: TreeRoot {
    flushPending()
    return TreeRoot(
      cache: cache, record: record, layout: layout, transaction: context.transaction,
      pageCount: context.space.pageCount)
  }

  // MARK: The finger

  func flushPending() {
    guard pendingCount != 0 || pendingWeight != 0 else { return }
    for step in 0..<depth - 1 {
      inner(step).add(pendingCount, pendingWeight, to: path[step].index)
    }
    pendingCount = 0
    pendingWeight = 0
  }

  /// Lets go of the finger; the pages are whole then.
  func release() {
    flushPending()
    truncatePath(to: 0)
  }

  /// Lets go of pages that do not matter any more.
  func abandon() {
    pendingCount = 0
    pendingWeight = 0
    truncatePath(to: 0)
  }

  func truncatePath(to count: Int) {
    while depth > count {
      depth -= 1
      cache.unpin(path[depth].pinned)
    }
    isWritable = false
  }

  /// Leads the path to the leaf of `key`.
  @inline(__always)
  func seek(_ key: Bytes) throws(TreeError) -> (index: Int, isThere: Bool) {
    if depth > 0 {
      let leaf = leaf
      let count = leaf.count
      if count > 0,
        highStep < 0 || key.precedes(inner(highStep).key(path[highStep].index + 1))
      {
        // The usual case of a sorted sequence.
        if leaf.key(count - 1).precedes(key) { return (count, false) }
        if !key.precedes(leaf.key(0)) { return leaf.search(key) }
      }
    }
    try descend { $0.childIndex(key) }
    return leaf.search(key)
  }

  @inline(__always)
  func descend(_ choose: (InnerPage) -> Int) throws(TreeError) {
    flushPending()
    isWritable = false
    highStep = -1
    var number = record.root
    var level = record.level
    var newest = context.transaction
    var step = 0
    while true {
      if step >= depth || path[step].pinned.page.number != number {
        truncatePath(to: step)
        do throws(TreeError) {
          path[step].pinned = try cache.pin(
            number, level: level, of: record, newest: newest,
            pageCount: context.space.pageCount)
        } catch {
          truncatePath(to: 0)
          throw error
        }
        depth = step + 1
      }
      if level == 0 { break }
      let inner = inner(step)
      let index = choose(inner)
      path[step].index = index
      if index + 1 < inner.count { highStep = step }
      number = inner.child(index)
      newest = inner.page.transaction
      level -= 1
      step += 1
    }
    truncatePath(to: step + 1)
  }

  /// Makes the pages of the path this transaction's own.
  @inline(__always)
  func makeWritable() throws(TreeError) {
    changes &+= 1
    if !isWritable { try copyPath() }
  }

  private func copyPath() throws(TreeError) {
    for step in 0..<depth {
      let old = path[step].pinned
      let birth = old.page.transaction
      if birth == context.transaction {
        cache.markDirty(old)
        continue
      }
      let number = try context.space.take()
      let new = try cache.pinNew(number)
      memcpy(new.base, old.base, context.pageSize)
      new.page.rename(number, context.transaction)
      if step == 0 {
        record.root = number
      } else {
        inner(step - 1).setChild(path[step - 1].index, number)
      }
      path[step].pinned = new
      let oldNumber = old.page.number
      cache.unpin(old)
      context.free(oldNumber, birth: birth)
    }
    isWritable = true
  }

  /// Leads the path to the last leaf.
  @inline(__always)
  func seekEnd() throws(TreeError) {
    if depth > 0, highStep < 0, leaf.count > 0 { return }
    try descend { $0.count - 1 }
  }

  /// Makes an empty leaf the whole tree, and leads the path to it.
  func makeRoot() throws(TreeError) {
    truncatePath(to: 0)
    record.level = 0
    let pinned = try context.make(.leaf, level: 0, of: record)
    record.root = pinned.page.number
    path[0] = Step(pinned: pinned, index: 0)
    depth = 1
    highStep = -1
  }

  /// Counts entries and weight that the leaf has got, or has lost, for the pages above it.
  @inline(__always)
  func account(_ count: Int, _ weight: UInt64) {
    pendingCount += count
    pendingWeight &+= weight
    record.count &+= UInt64(bitPattern: Int64(count))
    record.weight &+= weight
  }
}
