/// A ``TreeCursor`` on a ``TypedTree``: all that is said there holds here.
public final class TypedCursor<Base: OrderedTree, Key: TreeKey, Value: TreeValue> {
  /// The cursor underneath, which this one moves.
  public let base: TreeCursor<Base>

  @inlinable
  init(_ base: TreeCursor<Base>) {
    self.base = base
  }

  /// Whether it is at an entry.
  public var isAtEntry: Bool { @inlinable get throws(TreeError) { try base.isAtEntry } }
  /// The number of entries in front of it: the rank of its entry, if it is at one.
  public var rank: Int { @inlinable get throws(TreeError) { try base.rank } }
  /// The sum of the weights of the entries in front of it.
  public var weightBefore: UInt64 { @inlinable get throws(TreeError) { try base.weightBefore } }
  /// The weight of the entry that it is at; `nil` if it is at none.
  public var weight: UInt64? { @inlinable get throws(TreeError) { try base.weight } }

  /// Moves to the next entry; returns false if there is none.
  @inlinable
  @discardableResult
  public func next() throws(TreeError) -> Bool { try base.next() }

  /// Moves to the entry before; returns false if there is none.
  @inlinable
  @discardableResult
  public func previous() throws(TreeError) -> Bool { try base.previous() }

  /// Moves by so many entries, backwards if negative, in O(log n).
  @inlinable
  @discardableResult
  public func advance(by distance: Int) throws(TreeError) -> Bool {
    try base.advance(by: distance)
  }

  /// Moves to the entry of that rank; returns whether there is one.
  @inlinable
  @discardableResult
  public func move(toRank rank: Int) throws(TreeError) -> Bool { try base.move(toRank: rank) }

  /// Moves to the entry with that key, or to where it would be; returns whether there is one.
  @inlinable
  @discardableResult
  public func move(to key: Key) throws(TreeError) -> Bool {
    try key.withEncoded { (key) throws(TreeError) in try base.move(to: key) }
  }

  /// Moves in front of the smallest key that is `key` or larger.
  @inlinable
  public func move(before key: Key) throws(TreeError) {
    try key.withEncoded { (key) throws(TreeError) in try base.move(before: key) }
  }

  /// Moves behind the largest key that is `key` or smaller.
  @inlinable
  public func move(behind key: Key) throws(TreeError) {
    try key.withEncoded { (key) throws(TreeError) in try base.move(behind: key) }
  }

  /// Moves to the entry at that weight; returns whether there is one.
  @inlinable
  @discardableResult
  public func move(toWeight weight: UInt64) throws(TreeError) -> Bool {
    try base.move(toWeight: weight)
  }

  /// Moves in front of the first entry.
  @inlinable
  public func moveToStart() throws(TreeError) { try base.moveToStart() }

  /// Moves behind the last entry.
  @inlinable
  public func moveToEnd() throws(TreeError) { try base.moveToEnd() }

  /// The entry that it is at; `nil` if it is at none.
  public var entry: (key: Key, value: Value)? {
    @inlinable get throws(TreeError) {
      try TypedTree<Base, Key, Value>.checked(
        try base.withEntry { (key: Key(encoded: $0), value: Value(encoded: $1)) })
    }
  }

  /// Moves to the next entry and returns it.
  @inlinable
  public func nextEntry() throws(TreeError) -> (key: Key, value: Value)? {
    try next() ? entry : nil
  }

  /// Moves to the entry before and returns it.
  @inlinable
  public func previousEntry() throws(TreeError) -> (key: Key, value: Value)? {
    try previous() ? entry : nil
  }
}

/// A ``TreeSequence`` of a ``TypedTree``.
public struct TypedSequence<Base: OrderedTree, Key: TreeKey, Value: TreeValue>: Sequence {
  @usableFromInline let base: TreeSequence<Base>

  @inlinable
  init(_ base: TreeSequence<Base>) {
    self.base = base
  }

  /// The same entries the other way round.
  @inlinable
  public func reversed() -> TypedSequence { TypedSequence(base.reversed()) }

  @inlinable
  public func makeIterator() -> Iterator { Iterator(base.makeIterator()) }

  public struct Iterator: IteratorProtocol {
    @usableFromInline var base: TreeSequence<Base>.Iterator

    @inlinable
    init(_ base: TreeSequence<Base>.Iterator) { self.base = base }

    @inlinable
    public mutating func next() -> Result<(key: Key, value: Value), TreeError>? {
      base.ranks.next { (cursor) throws(TreeError) in
        try TypedTree<Base, Key, Value>.checked(
          try cursor.withEntry { (key: Key(encoded: $0), value: Value(encoded: $1)) })
      }
    }
  }
}

extension TypedSequence: Sendable where Base: Sendable {}

extension TypedTree {
  /// A cursor in front of the first entry.
  @inlinable
  public func makeCursor() -> TypedCursor<Base, Key, Value> { TypedCursor(base.makeCursor()) }

  /// The entries of these ranks, as far as they are there, for a `for` loop.
  @inlinable
  public func sequence(ranks: Range<Int>) -> TypedSequence<Base, Key, Value> {
    TypedSequence(base.sequence(ranks: ranks))
  }

  /// The entries with keys in a range, for a `for` loop.
  @inlinable
  public func sequence(
    keys: some TreeRange<Key>
  ) throws(TreeError) -> TypedSequence<Base, Key, Value> {
    sequence(ranks: try ranks(keys: keys))
  }
}
