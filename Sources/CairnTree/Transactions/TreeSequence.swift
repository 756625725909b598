/// The entries of a range of ranks or keys, one after the other, as copies.
///
/// A loop of Swift cannot be told of an error by the sequence itself, so each element may be one: it
/// is the last element then.
///
/// ```swift
/// for entry in tree.sequence(ranks: 700..<720) {
///   print(try entry.get().key)
/// }
/// ```
///
/// If a ``WritableTree`` changes during the loop, it goes on as a ``TreeCursor`` does, to at most as
/// many entries as the range had.
public struct TreeSequence<Tree: OrderedTree>: Sequence {
  public let tree: Tree
  /// As far as they are there.
  public let ranks: Range<Int>
  /// Whether the last entry comes first.
  public let isReversed: Bool

  @inlinable
  init(_ tree: Tree, _ ranks: Range<Int>, isReversed: Bool = false) {
    self.tree = tree
    self.ranks = ranks
    self.isReversed = isReversed
  }

  /// The same entries the other way round.
  @inlinable
  public func reversed() -> TreeSequence {
    TreeSequence(tree, ranks, isReversed: !isReversed)
  }

  @inlinable
  public func makeIterator() -> Iterator { Iterator(RankIterator(tree, ranks, isReversed)) }

  public struct Iterator: IteratorProtocol {
    @usableFromInline var ranks: RankIterator<Tree>

    @inlinable
    init(_ ranks: RankIterator<Tree>) { self.ranks = ranks }

    @inlinable
    public mutating func next() -> Result<TreeEntry, TreeError>? {
      ranks.next { (cursor) throws(TreeError) in try cursor.entry }
    }
  }
}

extension TreeSequence: Sendable where Tree: Sendable {}

/// Leads a cursor through a range of ranks until an error.
@usableFromInline
struct RankIterator<Tree: OrderedTree> {
  @usableFromInline let cursor: TreeCursor<Tree>
  /// The rank to begin with; `nil` once it has.
  @usableFromInline var start: Int?
  @usableFromInline var rest: Int
  @usableFromInline let step: Int

  @inlinable
  init(_ tree: Tree, _ ranks: Range<Int>, _ isReversed: Bool) {
    cursor = tree.makeCursor()
    // Ranks that are not there are passed over.
    let there = ranks.clamped(to: 0..<((try? tree.count) ?? .max))
    start = isReversed ? there.upperBound - 1 : there.lowerBound
    rest = there.count
    step = isReversed ? -1 : 1
  }

  @inlinable
  mutating func next<Element>(
    _ take: (TreeCursor<Tree>) throws(TreeError) -> Element?
  ) -> Result<Element, TreeError>? {
    guard rest > 0 else { return nil }
    rest -= 1
    do throws(TreeError) {
      let isThere: Bool
      if let start {
        isThere = try cursor.move(toRank: start)
        self.start = nil
      } else {
        isThere = try cursor.advance(by: step)
      }
      guard isThere, let element = try take(cursor) else {
        rest = 0
        return nil
      }
      return .success(element)
    } catch {
      rest = 0
      return .failure(error)
    }
  }
}

extension OrderedTree {
  /// The entries of these ranks, as far as they are there, for a `for` loop.
  @inlinable
  public func sequence(ranks: Range<Int>) -> TreeSequence<Self> { TreeSequence(self, ranks) }

  /// The entries with keys from `low` on and below `high`, for a `for` loop; `nil` sets no bound.
  @inlinable
  public func sequence(
    from low: RawSpan?, to high: RawSpan?
  ) throws(TreeError) -> TreeSequence<Self> {
    TreeSequence(self, try ranks(from: low, to: high))
  }
}
