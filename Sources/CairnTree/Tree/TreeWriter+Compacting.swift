#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What is known while pages are moved to the front of a file.
struct PageMoves {
  /// Pages from this one on are to be moved in front of it.
  let limit: UInt32
  /// The number of free pages in front of the limit.
  var room: Int
  var count = 0
}

extension TreeWriter {
  // MARK: Full pages

  /// Writes the tree anew, with full leaves. Long values stay where they are.
  ///
  /// - Precondition: this transaction has not changed the tree.
  func repack(_ tick: () throws(TreeError) -> Void) throws(TreeError) {
    let old = root
    release()
    record = TreeRecord(layoutWord: old.record.layoutWord, id: old.record.id)
    record.overflowPages = old.record.overflowPages
    try old.forEachRun(0..<old.entryCount) { (leaf, entries) throws(TreeError) in
      try tick()
      for index in entries {
        if record.root == 0 { try makeRoot() }
        let key = leaf.key(index)
        let (place, isThere) = try seek(key)
        guard !isThere, place == self.leaf.count else {
          throw .damaged(leaf.page.number, "its keys are out of order")
        }
        try makeWritable()
        try insertStored(
          place, key, leaf.value(index), isOverflowing: leaf.isOverflowing(index),
          layout.isWeighted ? leaf.weight(index) : 0)
      }
      return true
    }
    release()
    if old.record.root != 0 { try giveUp(old.record.root, old.record.level, old.transaction) }
  }

  private func giveUp(
    _ number: UInt32, _ level: Int, _ newest: UInt64
  ) throws(TreeError) {
    if level > 0 {
      let pinned = try cache.pin(
        number, level: level, of: record, newest: newest, pageCount: context.space.pageCount)
      defer { cache.unpin(pinned) }
      let inner = InnerPage(pinned.base, layout)
      for index in 0..<inner.count {
        try giveUp(inner.child(index), level - 1, inner.page.transaction)
      }
    }
    // Which transaction wrote a leaf is in the leaf; as if it were old is right for all.
    context.space.giveUp(number, birth: 0)
  }

  // MARK: Moves to the front

  /// Moves pages from the limit on to free ones in front of it, as far as there are any.
  func move(
    _ moves: inout PageMoves, _ tick: () throws(TreeError) -> Void
  ) throws(TreeError) {
    release()
    guard record.root != 0 else { return }
    let count = moves.count
    record.root = try moved(record.root, record.level, context.transaction, &moves, tick)
    if moves.count > count { changes &+= 1 }
  }

  /// Moves a page and what is under it.
  ///
  /// - Returns: where it is now.
  private func moved(
    _ number: UInt32, _ level: Int, _ newest: UInt64, _ moves: inout PageMoves,
    _ tick: () throws(TreeError) -> Void
  ) throws(TreeError) -> UInt32 {
    try tick()
    var pinned = try cache.pin(
      number, level: level, of: record, newest: newest, pageCount: context.space.pageCount)
    defer { cache.unpin(pinned) }
    if level > 0 {
      for index in 0..<pinned.page.count {
        let inner = InnerPage(pinned.base, layout)
        let child = inner.child(index)
        // A leaf that may stay, and all that it refers to.
        if level == 1, child < moves.limit, record.overflowPages == 0 { continue }
        let new = try moved(child, level - 1, inner.page.transaction, &moves, tick)
        if new != child {
          try makeOwn(&pinned, &moves)
          InnerPage(pinned.base, layout).setChild(index, new)
        }
      }
    } else if record.overflowPages > 0 {
      for index in 0..<pinned.page.count
      where LeafPage(pinned.base, layout).isOverflowing(index) {
        try moveOverflow(index, &pinned, &moves)
      }
    }
    if pinned.page.number >= moves.limit, moves.room > 0 { try makeOwn(&pinned, &moves) }
    return pinned.page.number
  }

  /// Makes a pinned page this transaction's own, and so another one.
  private func makeOwn(
    _ pinned: inout PinnedPage, _ moves: inout PageMoves
  ) throws(TreeError) {
    let birth = pinned.page.transaction
    if birth == context.transaction {
      cache.markDirty(pinned)
      return
    }
    let number = try takePage(&moves)
    let new = try cache.pinNew(number)
    memcpy(new.base, pinned.base, context.pageSize)
    new.page.rename(number, context.transaction)
    let old = pinned.page.number
    cache.unpin(pinned)
    pinned = new
    context.space.giveUp(old, birth: birth)
  }

  private func takePage(_ moves: inout PageMoves) throws(TreeError) -> UInt32 {
    moves.room -= 1
    moves.count += 1
    return try context.space.take()
  }

  /// Moves the pages of a long value, from the first to the last one that is behind the limit: each
  /// refers to the next, so those in front of one that moves change, too.
  private func moveOverflow(
    _ index: Int, _ pinned: inout PinnedPage, _ moves: inout PageMoves
  ) throws(TreeError) {
    var numbers: [UInt32] = []
    var count = 0
    try root.forEachOverflow(
      LeafPage(pinned.base, layout).value(index), of: pinned.page
    ) { page, _ in
      numbers.append(page.number)
      if page.number >= moves.limit { count = numbers.count }
    }
    // What would find no room in front would only be moved to and fro.
    guard count > 0, count <= moves.room else { return }
    try makeOwn(&pinned, &moves)
    let reference = LeafPage(pinned.base, layout).value(index)
    let owner = Page(UnsafeMutableRawPointer(mutating: reference.base))
    var last: PinnedPage?
    defer { if let last { cache.unpin(last) } }
    for number in numbers[..<count] {
      let old = try cache.pin(number)
      defer { cache.unpin(old) }
      let target = try takePage(&moves)
      let new = try cache.pinNew(target)
      memcpy(new.base, old.base, context.pageSize)
      new.page.rename(target, context.transaction)
      if let last {
        last.page.set32(36, target)
        cache.unpin(last)
      } else {
        owner.set32(8, target)
      }
      last = new
      context.space.giveUp(number, birth: old.page.transaction)
    }
  }
}
