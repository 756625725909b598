extension TreeWriter {
  /// Inserts an entry into a full leaf, which is cut in two.
  func split(
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
}
