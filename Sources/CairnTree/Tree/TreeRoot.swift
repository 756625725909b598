/// A tree as it is at one moment, and how to find things in it.
///
/// Opaque to users: what an ``OrderedTree`` rests on.
public struct TreeRoot: @unchecked Sendable {
  // Sendable: the cache is, and the rest are values.
  let cache: PageCache
  let record: TreeRecord
  let layout: Layout
  /// No page of the tree is of a later transaction.
  let transaction: UInt64
  /// No page of the tree has this number or a larger one.
  let pageCount: UInt32

  /// A leaf and what is in front of it. Whoever holds it unpins it.
  struct Place {
    var leaf: PinnedPage
    var countBefore: UInt64
    var weightBefore: UInt64
  }

  @inline(__always)
  func leaf(_ place: Place) -> LeafPage { LeafPage(place.leaf.base, layout) }

  @inline(__always)
  func pin(_ number: UInt32, level: Int, newest: UInt64) throws(TreeError) -> PinnedPage {
    try cache.pin(number, level: level, of: record, newest: newest, pageCount: pageCount)
  }

  @inline(__always)
  private func descend(
    _ choose: (InnerPage) -> Int
  ) throws(TreeError) -> Place {
    var number = record.root
    var level = record.level
    var newest = transaction
    var place = Place(
      leaf: try pin(number, level: level, newest: newest), countBefore: 0, weightBefore: 0)
    while level > 0 {
      let inner = InnerPage(place.leaf.base, layout)
      let index = choose(inner)
      place.countBefore &+= inner.countBefore(index)
      place.weightBefore &+= inner.weightBefore(index)
      number = inner.child(index)
      newest = inner.page.transaction
      level -= 1
      let parent = place.leaf
      defer { cache.unpin(parent) }
      place.leaf = try pin(number, level: level, newest: newest)
    }
    return place
  }

  var isEmpty: Bool { record.count == 0 }
  var entryCount: Int { Int(clamping: record.count) }

  /// The leaf where `key` is or belongs.
  ///
  /// - Precondition: the tree is not empty, here and below.
  @inline(__always)
  func find(_ key: Bytes) throws(TreeError) -> Place {
    try descend { $0.childIndex(key) }
  }

  @inline(__always)
  func find(rank: UInt64) throws(TreeError) -> Place {
    var rest = rank
    return try descend { inner in
      let index = inner.childIndex(rank: rest)
      rest &-= inner.countBefore(index)
      return index
    }
  }

  func find(weight: UInt64) throws(TreeError) -> Place {
    var rest = weight
    return try descend { inner in
      let index = inner.childIndex(weight: rest)
      rest &-= inner.weightBefore(index)
      return index
    }
  }

  // MARK: Answers

  /// Whether `key` can be in this tree at all; a key of another length cannot be compared.
  @inline(__always)
  func accepts(_ key: Bytes) throws(TreeError) {
    guard layout.hasFixedKeys ? key.count == layout.keyWidth : key.count <= Layout.maximumKeyLength
    else { throw Self.wrongKey(key.count, layout) }
  }

  @inline(never)
  static func wrongKey(_ count: Int, _ layout: Layout) -> TreeError {
    .invalid(
      layout.hasFixedKeys
        ? "a key of \(count) bytes is none of this tree, whose keys have \(layout.keyWidth)"
        : "a key of \(count) bytes is longer than \(Layout.maximumKeyLength), the most there may be"
    )
  }

  /// Calls `body` with the leaf and index of the entry with that key, if there is one.
  @inline(__always)
  func withEntry<Result>(
    _ key: Bytes, _ body: (LeafPage, Int) throws(TreeError) -> Result
  ) throws(TreeError) -> Result? {
    try accepts(key)
    if isEmpty { return nil }
    let place = try find(key)
    defer { cache.unpin(place.leaf) }
    let leaf = leaf(place)
    let (index, isThere) = leaf.search(key)
    guard isThere else { return nil }
    return try body(leaf, index)
  }

  /// Calls `body` with the leaf and index of the entry of that rank, if there is one.
  @inline(__always)
  func withEntry<Result>(
    rank: Int, _ body: (LeafPage, Int) throws(TreeError) -> Result
  ) throws(TreeError) -> Result? {
    guard rank >= 0, UInt64(rank) < record.count else { return nil }
    let place = try find(rank: UInt64(rank))
    defer { cache.unpin(place.leaf) }
    return try body(leaf(place), try index(UInt64(rank), in: place))
  }

  /// Where in its leaf the entry of that rank is.
  @inline(__always)
  func index(_ rank: UInt64, in place: Place) throws(TreeError) -> Int {
    let index = rank &- place.countBefore
    guard index < UInt64(place.leaf.page.count) else { throw Self.wrongCount(place.leaf) }
    return Int(index)
  }

  /// The rank of an entry, or of the place for one, in a leaf.
  @inline(__always)
  func rank(_ index: Int, in place: Place) throws(TreeError) -> Int {
    let rank = place.countBefore &+ UInt64(index)
    guard rank <= record.count else { throw Self.wrongCount(place.leaf) }
    return Int(truncatingIfNeeded: rank)
  }

  @inline(never)
  static func wrongCount(_ leaf: PinnedPage) -> TreeError {
    .damaged(leaf.page.number, "it has another number of entries than its parents say")
  }

  /// The number of keys that precede `key`.
  @inline(__always)
  func rank(_ key: Bytes) throws(TreeError) -> Int {
    try accepts(key)
    if isEmpty { return 0 }
    let place = try find(key)
    defer { cache.unpin(place.leaf) }
    return try rank(leaf(place).lowerBound(key), in: place)
  }

  /// The weight of the entries whose keys precede `key`.
  func weight(before key: Bytes) throws(TreeError) -> UInt64 {
    try accepts(key)
    if isEmpty { return 0 }
    let place = try find(key)
    defer { cache.unpin(place.leaf) }
    let leaf = leaf(place)
    return place.weightBefore &+ leaf.weightBefore(leaf.lowerBound(key))
  }

  /// The rank of the entry at that weight: the one whose weight, added to those before it, exceeds
  /// `weight` first.
  func rank(weight: UInt64) throws(TreeError) -> Int? {
    guard weight < record.weight else { return nil }
    let place = try find(weight: weight)
    defer { cache.unpin(place.leaf) }
    let leaf = leaf(place)
    var rest = weight &- place.weightBefore
    for index in 0..<leaf.count {
      if rest < leaf.weight(index) { return try rank(index, in: place) }
      rest &-= leaf.weight(index)
    }
    throw .damaged(place.leaf.page.number, "its weights are less than its parents say")
  }

  /// Calls `body` with the leaves that hold the entries of these ranks, in order, and which entries
  /// in them, until it says no.
  func forEachRun(
    _ ranks: Range<Int>, _ body: (LeafPage, Range<Int>) throws(TreeError) -> Bool
  ) throws(TreeError) {
    let end = min(ranks.upperBound, entryCount)
    var rank = max(0, ranks.lowerBound)
    while rank < end {
      let place = try find(rank: UInt64(rank))
      defer { cache.unpin(place.leaf) }
      let first = try index(UInt64(rank), in: place)
      let count = min(end - rank, place.leaf.page.count - first)
      guard try body(leaf(place), first..<first + count) else { return }
      rank += count
    }
  }

  // MARK: Values

  /// Copies an entry.
  func entry(_ leaf: LeafPage, _ index: Int) throws(TreeError) -> TreeEntry {
    TreeEntry(
      key: leaf.key(index).array, value: try value(leaf, index),
      weight: layout.isWeighted ? leaf.weight(index) : 0)
  }

  /// Copies a value, wherever it is.
  func value(_ leaf: LeafPage, _ index: Int) throws(TreeError) -> [UInt8] {
    let stored = leaf.value(index)
    guard leaf.isOverflowing(index) else { return stored.array }
    var value: [UInt8] = []
    try forEachOverflow(stored, of: leaf.page) { page, length in
      value.append(
        contentsOf: UnsafeRawBufferPointer(start: page.base + PageHeader.size, count: length))
    }
    return value
  }

  /// Lends a value, wherever it is.
  @inline(__always)
  func withValue<Result>(
    _ leaf: LeafPage, _ index: Int, _ body: (RawSpan) -> Result
  ) throws(TreeError) -> Result {
    if leaf.isOverflowing(index) {
      let copy = try value(leaf, index)
      return body(copy.span.bytes)
    }
    let value = leaf.value(index)
    return body(RawSpan(_unsafeStart: value.base, byteCount: value.count))
  }

  /// Calls `body` with the overflow pages of a value, each pinned during the call.
  func forEachOverflow(
    _ reference: Bytes, of leaf: Page, _ body: (Page, _ length: Int) throws(TreeError) -> Void
  ) throws(TreeError) {
    var (rest, number) = try overflow(reference, of: leaf)
    while rest > 0 {
      let length = Int(min(rest, UInt64(layout.pageSize - PageHeader.size)))
      let pinned = try pinOverflow(number, length, newest: leaf.transaction)
      defer { cache.unpin(pinned) }
      try body(pinned.page, length)
      rest -= UInt64(length)
      number = pinned.page.u32(36)
    }
  }

  /// What a leaf says of a value in overflow pages.
  func overflow(
    _ reference: Bytes, of leaf: Page
  ) throws(TreeError) -> (byteCount: UInt64, firstPage: UInt32) {
    let owner = Page(UnsafeMutableRawPointer(mutating: reference.base))
    let byteCount = owner.u64(0)
    // Else a chain that leads in a circle would be followed for long.
    guard byteCount <= UInt64(pageCount) * UInt64(layout.pageSize) else {
      throw .damaged(leaf.number, "it tells of a value that is longer than the file")
    }
    return (byteCount, owner.u32(8))
  }

  /// Pins an overflow page, which has so many bytes of a value and is not newer than its leaf.
  func pinOverflow(
    _ number: UInt32, _ length: Int, newest: UInt64
  ) throws(TreeError) -> PinnedPage {
    guard number >= MetaPage.firstPage, number < pageCount else { throw TreeError.stray(number) }
    let pinned = try cache.pin(number)
    let page = pinned.page
    guard page.kind == PageKind.overflow.rawValue, page.tree == record.id,
      page.transaction <= newest, page.deadBytes == length
    else {
      cache.unpin(pinned)
      throw TreeError.foreign(number)
    }
    return pinned
  }
}

extension PageCache {
  /// Pins a page of a tree and makes sure that it is the one that its parent means.
  ///
  /// - Parameter newest: the transaction that wrote the parent.
  @inline(__always)
  func pin(
    _ number: UInt32, level: Int, of tree: TreeRecord, newest: UInt64, pageCount: UInt32
  ) throws(TreeError) -> PinnedPage {
    guard number >= MetaPage.firstPage, number < pageCount else { throw TreeError.stray(number) }
    let pinned = try pin(number)
    let page = pinned.page
    let kind = level == 0 ? PageKind.leaf.rawValue : PageKind.inner.rawValue
    guard page.kind == kind, page.level == level, page.tree == tree.id,
      page.layoutWord == tree.layoutWord, page.transaction <= newest, page.count > 0
    else {
      unpin(pinned)
      throw TreeError.foreign(number)
    }
    return pinned
  }
}

extension TreeError {
  @inline(never)
  static func stray(_ number: UInt32) -> TreeError {
    .damaged(number, "a reference leads outside of the file's pages")
  }

  @inline(never)
  static func foreign(_ number: UInt32) -> TreeError {
    .damaged(number, "it is not the page that its parent refers to; a write was lost")
  }
}
