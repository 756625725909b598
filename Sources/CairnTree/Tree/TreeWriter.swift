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

  private var list: InnerList
  private var parentList: InnerList

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
  private func descend(_ choose: (InnerPage) -> Int) throws(TreeError) {
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
  private func seekEnd() throws(TreeError) {
    if depth > 0, highStep < 0, leaf.count > 0 { return }
    try descend { $0.count - 1 }
  }

  // MARK: Insertion

  /// Stores an entry behind all others.
  ///
  /// - Returns: false, and nothing happens, if that is not where it belongs.
  @inline(__always)
  func append(_ key: Bytes, _ value: Bytes, weight: UInt64) throws(TreeError) -> Bool {
    try check(key, weight)
    try check(value)
    if record.root == 0 {
      try makeRoot()
    } else {
      try seekEnd()
      guard leaf.key(leaf.count - 1).precedes(key) else { return false }
    }
    try checkSum(weight)
    try makeWritable()
    try store(leaf.count, key, value, weight)
    return true
  }

  enum Mode {
    case insertOrUpdate, insert, update
  }

  /// Stores an entry, as far as the mode allows.
  ///
  /// - Returns: whether the key was there.
  @inline(__always)
  func put(
    _ key: Bytes, _ value: Bytes, weight: UInt64, _ mode: Mode
  ) throws(TreeError) -> Bool {
    try check(key, weight)
    try check(value)
    if record.root == 0 {
      if mode == .update { return false }
      try makeRoot()
    }
    let (index, isThere) = try seek(key)
    if isThere {
      if mode == .insert { return true }
      try makeWritable()
      try replace(index, key, value, weight)
      return true
    }
    if mode == .update { return false }
    try checkSum(weight)
    try makeWritable()
    try store(index, key, value, weight)
    return false
  }

  /// Stores a new entry in the leaf, or beside it if that is full.
  @inline(__always)
  private func store(
    _ index: Int, _ key: Bytes, _ value: Bytes, _ weight: UInt64
  ) throws(TreeError) {
    if layout.hasFixedLeaves, leaf.count < layout.leafCapacity {
      leaf.insert(
        index, key, value, isOverflowing: false, weight: weight, scratch: context.scratch)
      account(1, weight)
    } else {
      try insert(index, key, value, weight)
    }
  }

  @inline(__always)
  func check(_ key: Bytes, _ weight: UInt64) throws(TreeError) {
    guard layout.hasFixedKeys ? key.count == layout.keyWidth : key.count <= Layout.maximumKeyLength
    else { throw TreeRoot.wrongKey(key.count, layout) }
    guard weight == 0 || layout.isWeighted else {
      throw .invalid("an entry cannot have a weight in a tree that was created without weights")
    }
  }

  @inline(__always)
  private func check(_ value: Bytes) throws(TreeError) {
    guard layout.valueWidth < 0 || value.count == layout.valueWidth else {
      throw .invalid(
        "a value of \(value.count) bytes is none of this tree, whose values have "
          + "\(layout.valueWidth)")
    }
  }

  func checkSum(_ weight: UInt64, instead old: UInt64 = 0) throws(TreeError) {
    guard !(record.weight &- old).addingReportingOverflow(weight).overflow else {
      throw .invalid("the sum of the weights would be larger than 2^64 - 1")
    }
  }

  @inline(__always)
  func account(_ count: Int, _ weight: UInt64) {
    pendingCount += count
    pendingWeight &+= weight
    record.count &+= UInt64(bitPattern: Int64(count))
    record.weight &+= weight
  }

  func makeRoot() throws(TreeError) {
    truncatePath(to: 0)
    record.level = 0
    let pinned = try context.make(.leaf, level: 0, of: record)
    record.root = pinned.page.number
    path[0] = Step(pinned: pinned, index: 0)
    depth = 1
    highStep = -1
  }

  @inline(never)
  private func insert(
    _ index: Int, _ key: Bytes, _ value: Bytes, _ weight: UInt64
  ) throws(TreeError) {
    if layout.hasFixedLeaves {
      return try insertStored(index, key, value, isOverflowing: false, weight)
    }
    if leaf.recordSize(key.count, value.count) <= layout.recordLimit {
      return try insertStored(index, key, value, isOverflowing: false, weight)
    }
    let reference = try writeOverflow(value)
    try withUnsafeBytes(of: reference) { (bytes) throws(TreeError) in
      try insertStored(
        index, key, Bytes(bytes.baseAddress!, LeafPage.overflowReferenceSize),
        isOverflowing: true, weight)
    }
  }

  func insertStored(
    _ index: Int, _ key: Bytes, _ stored: Bytes, isOverflowing: Bool, _ weight: UInt64
  ) throws(TreeError) {
    if leaf.hasRoom(key.count, stored.count) {
      leaf.insert(
        index, key, stored, isOverflowing: isOverflowing, weight: weight,
        scratch: context.scratch)
      account(1, weight)
    } else {
      try split(index, key, stored, isOverflowing: isOverflowing, weight)
    }
  }

  @inline(__always)
  private func replace(
    _ index: Int, _ key: Bytes, _ value: Bytes, _ weight: UInt64
  ) throws(TreeError) {
    let leaf = leaf
    if layout.isWeighted { try replaceWeight(index, weight) }
    let fits =
      layout.hasFixedLeaves
      || (!leaf.isOverflowing(index) && leaf.value(index).count == value.count
        && leaf.recordSize(key.count, value.count) <= layout.recordLimit)
    if fits { return leaf.overwrite(index, value) }
    // The record is of another size: a removal, and an insertion in its place.
    try freeOverflow(index..<index + 1)
    leaf.remove(index..<index + 1)
    account(-1, 0 &- weight)
    try insert(index, key, value, weight)
  }

  /// - Returns: whether the key is there.
  func setWeight(_ weight: UInt64, of key: Bytes) throws(TreeError) -> Bool {
    try check(key, weight)
    guard record.root != 0 else { return false }
    let (index, isThere) = try seek(key)
    guard isThere else { return false }
    guard layout.isWeighted else { return true }
    try makeWritable()
    try replaceWeight(index, weight)
    return true
  }

  private func replaceWeight(_ index: Int, _ weight: UInt64) throws(TreeError) {
    let leaf = leaf
    let old = leaf.weight(index)
    try checkSum(weight, instead: old)
    leaf.setWeight(index, weight)
    account(0, weight &- old)
  }

  // MARK: Splits

  private func split(
    _ index: Int, _ key: Bytes, _ stored: Bytes, isOverflowing: Bool, _ weight: UInt64
  ) throws(TreeError) {
    flushPending()
    if layout.hasFixedLeaves, !(index == leaf.count && highStep < 0),
      spill(index, key, stored, weight)
    {
      return
    }
    let left = leaf
    let count = left.count
    let pinned = try context.make(.leaf, level: 0, of: record)
    defer { cache.unpin(pinned) }
    let right = LeafPage(pinned.base, layout)
    // The place of the cut among the entries, the new one included.
    let cut =
      index == count && highStep < 0
      ? count : middle(index, left.recordSize(key.count, stored.count) + 2)
    let moved = (cut <= index ? cut : cut - 1)..<count
    right.append(left, moved)
    left.remove(moved)
    let (target, position) = cut <= index ? (right, index - cut) : (left, index)
    target.insert(
      position, key, stored, isOverflowing: isOverflowing, weight: weight,
      scratch: context.scratch)
    record.count &+= 1
    record.weight &+= weight

    let first = right.key(0)
    let separator =
      layout.hasFixedKeys
      ? first : Self.shortest(first, after: left.key(left.count - 1))
    try addSibling(
      of: depth - 1, count: UInt64(left.count), weight: left.weightBefore(left.count),
      Sibling(
        number: pinned.page.number, count: UInt64(right.count),
        weight: right.weightBefore(right.count)),
      separator)
    truncatePath(to: 0)
  }

  /// Where to cut a full leaf that gets a new entry of `size` at `index`, so that both halves have
  /// about as many bytes; three of the largest records fit in a page, so both have room.
  private func middle(_ index: Int, _ size: Int) -> Int {
    let leaf = leaf
    let count = leaf.count
    if layout.hasFixedLeaves { return (count + 1) / 2 }
    let half = (leaf.usedBytes + size) / 2
    var sum = 0
    for position in 0...count {
      sum += position == index ? size : leaf.size(of: position < index ? position : position - 1)
      if sum >= half { return max(1, min(position + 1, count)) }
    }
    return count
  }

  /// The shortest prefix of `key` that `previous` precedes.
  private static func shortest(_ key: Bytes, after previous: Bytes) -> Bytes {
    let (new, old) = (
      UnsafeRawBufferPointer(start: key.base, count: key.count),
      UnsafeRawBufferPointer(start: previous.base, count: previous.count)
    )
    var common = 0
    while common < min(old.count, new.count), new[common] == old[common] { common += 1 }
    return Bytes(key.base, min(common + 1, key.count))
  }

  private struct Sibling {
    let number: UInt32
    let count: UInt64
    let weight: UInt64
  }

  /// Enters a page that was split off to the right of the one at a step of the path, whose own
  /// count and weight are given.
  private func addSibling(
    of step: Int, count: UInt64, weight: UInt64, _ sibling: Sibling, _ key: Bytes
  ) throws(TreeError) {
    guard step > 0 else {
      try addRoot(count: count, weight: weight, sibling, key)
      return
    }
    let parent = inner(step - 1)
    let index = path[step - 1].index
    let (oldCount, oldWeight) = (parent.total, parent.totalWeight)
    let growsAtEnd = highStep < 0
    list.removeAll()
    list.append(parent)
    list.update(index, count: count, weight: weight)
    list.insert(
      index + 1, sibling.number, count: sibling.count, weight: sibling.weight, key: key)
    let all = 0..<list.children.count
    if list.fits(all) {
      list.write(all, to: parent)
      let countChange = Int(truncatingIfNeeded: parent.total &- oldCount)
      let weightChange = parent.totalWeight &- oldWeight
      for above in 0..<step - 1 {
        inner(above).add(countChange, weightChange, to: path[above].index)
      }
      return
    }
    let pinned = try context.make(.inner, level: parent.page.level, of: record)
    defer { cache.unpin(pinned) }
    let right = InnerPage(pinned.base, layout)
    let cut = list.cut(growsAtEnd: growsAtEnd)
    list.write(0..<cut, to: parent)
    list.write(cut..<all.upperBound, to: right)
    let separator = list.withKey(cut) { $0.array }
    let rightPage = Sibling(
      number: pinned.page.number, count: right.total, weight: right.totalWeight)
    try separator.span.bytes.lend { (separator) throws(TreeError) in
      try addSibling(
        of: step - 1, count: parent.total, weight: parent.totalWeight, rightPage, separator)
    }
  }

  private func addRoot(
    count: UInt64, weight: UInt64, _ sibling: Sibling, _ key: Bytes
  ) throws(TreeError) {
    guard record.level < TreeRecord.maximumLevel else {
      throw .invalid("the tree is as deep as it can be")
    }
    let pinned = try context.make(.inner, level: record.level + 1, of: record)
    defer { cache.unpin(pinned) }
    list.removeAll()
    list.append(record.root, count: count, weight: weight)
    list.insert(1, sibling.number, count: sibling.count, weight: sibling.weight, key: key)
    list.write(0..<2, to: InnerPage(pinned.base, layout))
    record.root = pinned.page.number
    record.level += 1
  }

  // MARK: Removal

  /// - Returns: whether the key was there.
  func remove(_ key: Bytes) throws(TreeError) -> Bool {
    try check(key, 0)
    guard record.root != 0 else { return false }
    let (index, isThere) = try seek(key)
    guard isThere else { return false }
    try makeWritable()
    try removeEntries(index..<index + 1)
    return true
  }

  /// Removes the entries of these ranks, which are there.
  func remove(ranks: Range<Int>) throws(TreeError) {
    var rest = ranks.count
    while rest > 0 {
      // Those behind move up, so the next to go is always at the same rank.
      var rank = UInt64(ranks.lowerBound)
      try descend { inner in
        let index = inner.childIndex(rank: rank)
        rank &-= inner.countBefore(index)
        return index
      }
      guard rank < UInt64(leaf.count) else { throw TreeRoot.wrongCount(path[depth - 1].pinned) }
      let first = Int(rank)
      let count = min(rest, leaf.count - first)
      try makeWritable()
      try removeEntries(first..<first + count)
      rest -= count
    }
  }

  private func removeEntries(_ range: Range<Int>) throws(TreeError) {
    let leaf = leaf
    var weight: UInt64 = 0
    if layout.isWeighted { for index in range { weight &+= leaf.weight(index) } }
    try freeOverflow(range)
    leaf.remove(range)
    account(-range.count, 0 &- weight)
    if leaf.count == 0 || leaf.usedBytes < leaf.capacityBytes / 4 { try shrink() }
  }

  /// Joins the leaf with a neighbour if both fit in one, or takes it out if it is empty; and so on
  /// upwards.
  private func shrink() throws(TreeError) {
    flushPending()
    var step = depth - 1
    if leaf.count == 0 {
      step = dropEmpty()
    } else if try mergeLeaf() {
      step -= 1
    } else {
      return
    }
    while step > 0, try mergeInner(step) { step -= 1 }
    truncatePath(to: 0)
    try dropSingleRoots()
  }

  /// Takes the empty leaf out, and the pages above it that lead nowhere else.
  ///
  /// - Returns: the step of the page that has lost a child; 0 if nothing is left.
  private func dropEmpty() -> Int {
    var step = depth - 1
    while step > 0, inner(step - 1).count == 1 { step -= 1 }
    let dropped = (step..<depth).map { path[$0].pinned.page.number }
    if step > 0 {
      let parent = inner(step - 1)
      list.removeAll()
      list.append(parent)
      list.remove(path[step - 1].index)
      list.write(0..<list.children.count, to: parent)
    } else {
      record.root = 0
      record.level = 0
    }
    truncatePath(to: step)
    for number in dropped { context.free(number, birth: context.transaction) }
    return max(0, step - 1)
  }

  /// Whether so many bytes leave enough room for a page not to be split again at once.
  private func isComfortable(_ byteCount: Int) -> Bool {
    byteCount <= (layout.pageSize - PageHeader.size) / 4 * 3
  }

  private func mergeLeaf() throws(TreeError) -> Bool {
    guard depth > 1, let (pinned, index) = try pinNeighbour(depth - 1) else { return false }
    let own = leaf
    let other = LeafPage(pinned.base, layout)
    guard isComfortable(own.usedBytes + other.usedBytes) else {
      cache.unpin(pinned)
      return false
    }
    memcpy(context.scratch, own.base, layout.pageSize)
    let copy = LeafPage(context.scratch, layout)
    let isLeft = index < path[depth - 2].index
    own.clear()
    if isLeft { own.append(other, 0..<other.count) }
    own.append(copy, 0..<copy.count)
    if !isLeft { own.append(other, 0..<other.count) }
    joinInParent(
      depth - 1, with: index, count: UInt64(own.count), weight: own.weightBefore(own.count))
    drop(pinned)
    return true
  }

  private func mergeInner(_ step: Int) throws(TreeError) -> Bool {
    let own = inner(step)
    list.removeAll()
    list.append(own)
    let ownBytes = list.byteCount(0..<list.children.count)
    guard ownBytes < (layout.pageSize - PageHeader.size) / 4,
      let (pinned, index) = try pinNeighbour(step)
    else { return false }
    let other = InnerPage(pinned.base, layout)
    let parent = inner(step - 1)
    let isLeft = index < path[step - 1].index
    list.removeAll()
    list.append(isLeft ? other : own)
    list.append(isLeft ? own : other, firstKey: parent.key(max(index, path[step - 1].index)))
    guard isComfortable(list.byteCount(0..<list.children.count)) else {
      cache.unpin(pinned)
      return false
    }
    list.write(0..<list.children.count, to: own)
    joinInParent(step, with: index, count: own.total, weight: own.totalWeight)
    drop(pinned)
    return true
  }

  /// The page to the left of the one at a step, or to its right if it is the first child.
  private func pinNeighbour(_ step: Int) throws(TreeError) -> (PinnedPage, Int)? {
    let parent = inner(step - 1)
    let index = path[step - 1].index
    guard parent.count > 1 else { return nil }
    let neighbour = index > 0 ? index - 1 : 1
    let pinned = try cache.pin(
      parent.child(neighbour), level: parent.page.level - 1, of: record,
      newest: parent.page.transaction, pageCount: context.space.pageCount)
    return (pinned, neighbour)
  }

  /// Lets the page at a step stand for itself and for a neighbour.
  private func joinInParent(_ step: Int, with neighbour: Int, count: UInt64, weight: UInt64) {
    let parent = inner(step - 1)
    let index = path[step - 1].index
    let number = path[step].pinned.page.number
    parentList.removeAll()
    parentList.append(parent)
    parentList.update(min(index, neighbour), count: count, weight: weight)
    parentList.remove(max(index, neighbour))
    parentList.write(0..<parentList.children.count, to: parent)
    parent.setChild(min(index, neighbour), number)
    path[step - 1].index = min(index, neighbour)
  }

  private func drop(_ pinned: PinnedPage) {
    let (number, birth) = (pinned.page.number, pinned.page.transaction)
    cache.unpin(pinned)
    context.free(number, birth: birth)
  }

  private func dropSingleRoots() throws(TreeError) {
    while record.level > 0 {
      let pinned = try cache.pin(
        record.root, level: record.level, of: record, newest: context.transaction,
        pageCount: context.space.pageCount)
      let root = InnerPage(pinned.base, layout)
      guard root.count == 1 else {
        cache.unpin(pinned)
        return
      }
      record.root = root.child(0)
      record.level -= 1
      drop(pinned)
    }
  }

  /// Frees all pages, as when the tree is dropped.
  func removeAll() throws(TreeError) {
    try remove(ranks: 0..<Int(clamping: record.count))
    release()
  }

  // MARK: Overflow pages

  /// Writes a long value.
  ///
  /// - Returns: the reference to it: length and first page, as a leaf stores them.
  private func writeOverflow(_ value: Bytes) throws(TreeError) -> (UInt64, UInt32) {
    let room = layout.pageSize - PageHeader.size
    // From the end on, since each page tells of the next.
    var next: UInt32 = 0
    var end = value.count
    while end > 0 {
      let start = (end - 1) / room * room
      let pinned = try context.make(.overflow, level: 0, of: record)
      memcpy(pinned.base + PageHeader.size, value.base + start, end - start)
      pinned.page.set32(36, next)
      pinned.page.deadBytes = end - start
      next = pinned.page.number
      cache.unpin(pinned)
      record.overflowPages &+= 1
      end = start
    }
    return (UInt64(value.count).littleEndian, next.littleEndian)
  }

  func freeOverflow(_ range: Range<Int>) throws(TreeError) {
    guard record.overflowPages > 0 else { return }
    let root = TreeRoot(
      cache: cache, record: record, layout: layout, transaction: context.transaction,
      pageCount: context.space.pageCount)
    var pages: [(UInt32, UInt64)] = []
    for index in range where leaf.isOverflowing(index) {
      try root.forEachOverflow(leaf.value(index), of: leaf.page) { page, _ in
        pages.append((page.number, page.transaction))
      }
    }
    for (number, birth) in pages { context.free(number, birth: birth) }
    record.overflowPages &-= UInt64(pages.count)
  }
}
