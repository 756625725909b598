#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension TreeWriter {
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
}
