// Ranges of keys, as Swift writes them, and as two optional keys for types that are not `Comparable`.

extension TypedTree {
  /// The ranks of the keys in a range: `a..<b`, `a...b`, `..<b`, `...b` or `a...`.
  @inlinable
  public func ranks(keys: some TreeRange<Key>) throws(TreeError) -> Range<Int> {
    let bounds = keys.treeBounds
    var start = 0
    if let low = bounds.low { start = try rank(of: low) }
    let end: Int
    if let high = bounds.high {
      end = bounds.includesHigh ? try rank(behind: high) : try rank(of: high)
    } else {
      end = try count
    }
    return start..<max(start, end)
  }

  /// The number of keys in a range.
  @inlinable
  public func count(keys: some TreeRange<Key>) throws(TreeError) -> Int {
    try ranks(keys: keys).count
  }

  /// The sum of the weights of the entries with keys in a range.
  @inlinable
  public func weight(keys: some TreeRange<Key>) throws(TreeError) -> UInt64 {
    let bounds = keys.treeBounds
    var start: UInt64 = 0
    if let low = bounds.low { start = try weight(before: low) }
    var end: UInt64
    if let high = bounds.high {
      end = try weight(before: high)
      if bounds.includesHigh { end += try weight(of: high) ?? 0 }
    } else {
      end = try totalWeight
    }
    return end < start ? 0 : end - start
  }

  /// Calls `body` with the entries with keys in a range, in order, until it returns false.
  @inlinable
  public func forEach(
    keys: some TreeRange<Key>, _ body: (Key, Value) -> Bool
  ) throws(TreeError) {
    try forEach(in: ranks(keys: keys), body)
  }

  /// Copies of the entries with keys in a range.
  @inlinable
  public func entries(keys: some TreeRange<Key>) throws(TreeError) -> [Entry] {
    try entries(in: ranks(keys: keys))
  }

  /// The number of keys from `low` on and below `high`; `nil` sets no bound.
  @inlinable
  public func count(from low: Key?, to high: Key?) throws(TreeError) -> Int {
    try count(keys: TreeBounds(from: low, to: high))
  }

  /// The sum of the weights of the entries from `low` on and below `high`; `nil` sets no bound.
  @inlinable
  public func weight(from low: Key?, to high: Key?) throws(TreeError) -> UInt64 {
    try weight(keys: TreeBounds(from: low, to: high))
  }
}
