/// A place in a tree: at an entry, or in front of one, or behind the last.
///
/// It remembers the leaf of its entry by number, so that neither a move within the leaf nor a look
/// at the entry searches, and pins that leaf only while it is looked at: any number of positions may
/// be kept. In a tree that may change it also keeps a copy of the key, to find its place again.
@usableFromInline
struct TreePosition {
  /// The number of entries in front of it.
  @usableFromInline var rank = 0
  /// Whether it is at the entry of that rank, not in front of it.
  @usableFromInline private(set) var isAtEntry = false

  /// What it stands by when the tree changes.
  private enum Anchor {
    case start, end
    /// At the entry with `key`.
    case entry
    /// In front of the entries with `key` and larger ones.
    case beforeKey
    /// Behind the entries with `key` and smaller ones.
    case behindKey
  }
  private var anchor = Anchor.start
  private var key: [UInt8] = []
  private var changeCount: Int?

  /// The leaf that was looked at last.
  private struct Leaf {
    var number: UInt32
    var transaction: UInt64
    var ranks: Range<Int>
    var weightBefore: UInt64
  }
  private var leaf: Leaf?
  /// The ranks in that leaf, if the tree cannot change; else none.
  @usableFromInline var steadyRanks = 0..<0

  @usableFromInline init(changeCount: Int?) {
    self.changeCount = changeCount
  }

  // MARK: The leaf

  /// Calls `body` with the leaf and index of the entry.
  ///
  /// - Precondition: it is at an entry.
  @inline(__always)
  private mutating func withLeaf<Result>(
    _ root: TreeRoot, _ body: (LeafPage, Int, _ weightBefore: UInt64) throws(TreeError) -> Result
  ) throws(TreeError) -> Result {
    if let leaf, leaf.ranks.contains(rank) {
      let pinned = try root.pin(leaf.number, level: 0, newest: leaf.transaction)
      defer { root.cache.unpin(pinned) }
      let page = pinned.page
      guard page.transaction == leaf.transaction, page.count == leaf.ranks.count else {
        throw TreeError.foreign(leaf.number)
      }
      return try body(
        LeafPage(pinned.base, root.layout), rank - leaf.ranks.lowerBound, leaf.weightBefore)
    }
    let place = try root.find(rank: UInt64(rank))
    defer { root.cache.unpin(place.leaf) }
    let index = try root.index(UInt64(rank), in: place)
    let page = place.leaf.page
    leaf = Leaf(
      number: page.number, transaction: page.transaction,
      ranks: rank - index..<rank - index + page.count, weightBefore: place.weightBefore)
    if changeCount == nil { steadyRanks = rank - index..<rank - index + page.count }
    return try body(root.leaf(place), index, place.weightBefore)
  }

  // MARK: Moves

  /// Finds its place again if the tree has changed.
  @inline(__always)
  @usableFromInline
  mutating func settle(_ root: TreeRoot, _ changeCount: Int?) throws(TreeError) {
    if changeCount != self.changeCount { try findAgain(root, changeCount) }
  }

  @inline(never)
  private mutating func findAgain(_ root: TreeRoot, _ changeCount: Int?) throws(TreeError) {
    leaf = nil
    switch anchor {
    case .start: rank = 0
    case .end: rank = root.entryCount
    case .entry:
      (rank, isAtEntry) = try key.span.bytes.lend { (key) throws(TreeError) in
        try root.position(of: key)
      }
      if !isAtEntry { anchor = .beforeKey }
    case .beforeKey: rank = try root.rank(of: key.span.bytes)
    case .behindKey: rank = try root.rank(behind: key.span.bytes)
    }
    self.changeCount = changeCount
  }

  /// Moves within the leaf, which takes no look at the tree if that cannot change.
  ///
  /// - Returns: false if it has not moved.
  @inlinable
  mutating func step(by distance: Int) -> Bool {
    let (target, isTooFar) = rank.addingReportingOverflow(distance)
    guard isAtEntry, !isTooFar, steadyRanks.contains(target) else { return false }
    rank = target
    return true
  }

  /// Moves to the entry of a rank, or to the start or the end if there is none.
  ///
  /// - Returns: whether there is one.
  @usableFromInline
  mutating func move(toRank target: Int, _ root: TreeRoot) throws(TreeError) -> Bool {
    let count = root.entryCount
    isAtEntry = target >= 0 && target < count
    rank = min(max(0, target), count)
    guard isAtEntry else {
      anchor = target < 0 ? .start : .end
      return false
    }
    anchor = .entry
    if changeCount != nil { try keepKey(root) }
    return true
  }

  private mutating func keepKey(_ root: TreeRoot) throws(TreeError) {
    var key = key
    // Else there would be two of them for a moment, and a copy of the bytes.
    self.key = []
    do throws(TreeError) {
      try withLeaf(root) { leaf, index, _ in
        let bytes = leaf.key(index)
        key.removeAll(keepingCapacity: true)
        key.append(contentsOf: UnsafeRawBufferPointer(start: bytes.base, count: bytes.count))
      }
    } catch {
      moveToStart()
      throw error
    }
    self.key = key
  }

  @usableFromInline
  mutating func advance(by distance: Int, _ root: TreeRoot) throws(TreeError) -> Bool {
    if distance == 0 { return isAtEntry }
    // From in front of an entry it is one step to that entry.
    let start = distance > 0 && !isAtEntry ? rank - 1 : rank
    let (target, isTooFar) = start.addingReportingOverflow(distance)
    return try move(toRank: isTooFar ? (distance > 0 ? .max : -1) : target, root)
  }

  /// Moves to the entry with a key, or to where it would be.
  ///
  /// - Returns: whether there is one.
  @usableFromInline
  mutating func move(to key: RawSpan, _ root: TreeRoot) throws(TreeError) -> Bool {
    (rank, isAtEntry) = try key.lend { (key) throws(TreeError) in try root.position(of: key) }
    keep(key, isAtEntry ? .entry : .beforeKey)
    return isAtEntry
  }

  @usableFromInline
  mutating func move(before key: RawSpan, _ root: TreeRoot) throws(TreeError) {
    rank = try root.rank(of: key)
    isAtEntry = false
    keep(key, .beforeKey)
  }

  @usableFromInline
  mutating func move(behind key: RawSpan, _ root: TreeRoot) throws(TreeError) {
    rank = try root.rank(behind: key)
    isAtEntry = false
    keep(key, .behindKey)
  }

  private mutating func keep(_ key: RawSpan, _ anchor: Anchor) {
    self.anchor = anchor
    guard changeCount != nil else { return }
    self.key.removeAll(keepingCapacity: true)
    key.withUnsafeBytes { self.key.append(contentsOf: $0) }
  }

  @usableFromInline
  mutating func moveToStart() {
    (rank, isAtEntry, anchor) = (0, false, .start)
  }

  @usableFromInline
  mutating func moveToEnd(_ root: TreeRoot) {
    (rank, isAtEntry, anchor) = (root.entryCount, false, .end)
  }

  // MARK: The entry

  /// - Returns: whether it is at an entry, so that `body` was called.
  @usableFromInline
  mutating func lend(
    _ root: TreeRoot, _ body: (_ key: RawSpan, _ value: RawSpan) -> Void
  ) throws(TreeError) -> Bool {
    guard isAtEntry else { return false }
    try withLeaf(root) { (leaf, index, _) throws(TreeError) in try root.lend(leaf, index, body) }
    return true
  }

  @usableFromInline
  mutating func entry(_ root: TreeRoot) throws(TreeError) -> TreeEntry? {
    guard isAtEntry else { return nil }
    return try withLeaf(root) { (leaf, index, _) throws(TreeError) in try root.entry(leaf, index) }
  }

  @usableFromInline
  mutating func weight(_ root: TreeRoot) throws(TreeError) -> UInt64? {
    guard isAtEntry else { return nil }
    guard root.layout.isWeighted else { return 0 }
    return try withLeaf(root) { leaf, index, _ in leaf.weight(index) }
  }

  /// The sum of the weights of the entries in front of it.
  @usableFromInline
  mutating func weightBefore(_ root: TreeRoot) throws(TreeError) -> UInt64 {
    guard root.layout.isWeighted, rank > 0 else { return 0 }
    guard rank < root.entryCount else { return root.record.weight }
    return try withLeaf(root) { leaf, index, before in before &+ leaf.weightBefore(index) }
  }
}
