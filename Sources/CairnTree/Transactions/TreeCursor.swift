/// A place in a tree, kept between calls: at an entry, in front of one, or behind the last.
///
/// It moves by one without a search, and lends the entry that it is at. A new one is in front of the
/// first entry:
///
/// ```swift
/// let cursor = tree.makeCursor()
/// try cursor.move(before: key.span.bytes)
/// while try cursor.next() {
///   try cursor.withEntry { key, value in … }
/// }
/// ```
///
/// It keeps its tree, and some hundred bytes; the page that it is in is held only during a call. On a
/// ``WritableTree`` it notices changes and finds its place again by key: it stays at its entry, or,
/// if that was removed, where it was, so that ``next()`` and ``previous()`` go to what were that
/// entry's neighbours. One that had come to the start or the end stays there.
///
/// Used by one thread at a time; on a ``ReadableTree``, whichever that is.
public final class TreeCursor<Tree: OrderedTree> {
  public let tree: Tree
  @usableFromInline var position: TreePosition

  @inlinable
  init(_ tree: Tree) {
    self.tree = tree
    position = TreePosition(changeCount: tree.changeCount)
  }

  /// Does something with the position, once it is right, and the tree as it is now.
  @inlinable
  func settled<Result>(
    _ body: (inout TreePosition, TreeRoot) throws(TreeError) -> Result
  ) throws(TreeError) -> Result {
    let root = try tree.root
    try position.settle(root, tree.changeCount)
    return try body(&position, root)
  }

  // MARK: Where it is

  /// Whether it is at an entry.
  public var isAtEntry: Bool {
    @inlinable get throws(TreeError) { try settled { position, _ in position.isAtEntry } }
  }

  /// The number of entries in front of it: the rank of its entry, if it is at one.
  public var rank: Int {
    @inlinable get throws(TreeError) { try settled { position, _ in position.rank } }
  }

  /// The sum of the weights of the entries in front of it.
  public var weightBefore: UInt64 {
    @inlinable get throws(TreeError) {
      try settled { (position, root) throws(TreeError) in try position.weightBefore(root) }
    }
  }

  // MARK: Moves

  /// Moves to the next entry: from in front of an entry to that entry. In constant time within a
  /// leaf of the tree.
  ///
  /// - Returns: false if there is none; it is at the end then.
  @inlinable
  @discardableResult
  public func next() throws(TreeError) -> Bool { try advance(by: 1) }

  /// Moves to the entry before.
  ///
  /// - Returns: false if there is none; it is at the start then.
  @inlinable
  @discardableResult
  public func previous() throws(TreeError) -> Bool { try advance(by: -1) }

  /// Moves by so many entries, backwards if negative, as ``next()`` and ``previous()`` repeated do;
  /// beyond the first and the last entry, to the start or the end.
  ///
  /// - Returns: whether it is at an entry.
  /// - Complexity: O(log n), whatever the distance.
  @inlinable
  @discardableResult
  public func advance(by distance: Int) throws(TreeError) -> Bool {
    if position.step(by: distance) { return true }
    return try settled { (position, root) throws(TreeError) in
      try position.advance(by: distance, root)
    }
  }

  /// Moves to the entry of that rank; if there is none, to the start or the end.
  ///
  /// - Returns: whether there is one.
  @inlinable
  @discardableResult
  public func move(toRank rank: Int) throws(TreeError) -> Bool {
    try settled { (position, root) throws(TreeError) in try position.move(toRank: rank, root) }
  }

  /// Moves to the entry with that key; if there is none, to where it would be.
  ///
  /// - Returns: whether there is one.
  @inlinable
  @discardableResult
  public func move(to key: RawSpan) throws(TreeError) -> Bool {
    let root = try tree.root
    try position.settle(root, tree.changeCount)
    return try position.move(to: key, root)
  }

  /// Moves in front of the entry with that key, or of where it would be: ``next()`` goes to the
  /// smallest key that is `key` or larger.
  @inlinable
  public func move(before key: RawSpan) throws(TreeError) {
    let root = try tree.root
    try position.settle(root, tree.changeCount)
    try position.move(before: key, root)
  }

  /// Moves behind the entry with that key, or to where it would be: ``previous()`` goes to the
  /// largest key that is `key` or smaller.
  @inlinable
  public func move(behind key: RawSpan) throws(TreeError) {
    let root = try tree.root
    try position.settle(root, tree.changeCount)
    try position.move(behind: key, root)
  }

  /// Moves to the entry at that weight, see ``OrderedTree/rank(atWeight:)``; if there is none, to the
  /// end.
  ///
  /// - Returns: whether there is one.
  @inlinable
  @discardableResult
  public func move(toWeight weight: UInt64) throws(TreeError) -> Bool {
    let rank = try tree.rank(atWeight: weight)
    return try move(toRank: rank ?? .max)
  }

  /// Moves in front of the first entry.
  @inlinable
  public func moveToStart() throws(TreeError) {
    try settled { position, _ in position.moveToStart() }
  }

  /// Moves behind the last entry.
  @inlinable
  public func moveToEnd() throws(TreeError) {
    try settled { position, root in position.moveToEnd(root) }
  }

  // MARK: The entry

  /// Calls `body` with the key and the value of the entry that it is at, and returns what it does;
  /// `nil` if it is at none.
  ///
  /// Both are lent for the duration of the call, in which neither the cursor nor the tree is to be
  /// used otherwise; only a value in overflow pages is copied.
  @inlinable
  public func withEntry<Result>(
    _ body: (_ key: RawSpan, _ value: RawSpan) -> Result
  ) throws(TreeError) -> Result? {
    var result: Result?
    let root = try tree.root
    try position.settle(root, tree.changeCount)
    _ = try position.lend(root) { result = body($0, $1) }
    return result
  }

  /// A copy of the entry that it is at; `nil` if it is at none.
  public var entry: TreeEntry? {
    @inlinable get throws(TreeError) {
      try settled { (position, root) throws(TreeError) in try position.entry(root) }
    }
  }

  /// The weight of the entry that it is at; `nil` if it is at none.
  public var weight: UInt64? {
    @inlinable get throws(TreeError) {
      try settled { (position, root) throws(TreeError) in try position.weight(root) }
    }
  }

  /// Moves to the next entry and copies it.
  @inlinable
  public func nextEntry() throws(TreeError) -> TreeEntry? { try next() ? entry : nil }

  /// Moves to the entry before and copies it.
  @inlinable
  public func previousEntry() throws(TreeError) -> TreeEntry? { try previous() ? entry : nil }
}

extension OrderedTree {
  /// A cursor in front of the first entry.
  @inlinable
  public func makeCursor() -> TreeCursor<Self> { TreeCursor(self) }
}

extension WritableTree {
  public var changeCount: Int? { writer.changes }
}
