/// What can be asked of a tree: of one as it was when a ``ReadTransaction`` began, or of one that a
/// ``WriteTransaction`` changes.
///
/// Keys are ordered bytewise, a key before those that it is a prefix of. Ranks count from 0. All
/// answers take time in proportion to the tree's depth, and to what they return. Every call throws
/// ``TreeError``: `.storage` or `.damaged` if a page cannot be had, `.invalid` for a key of a length
/// that the tree cannot hold, `.ended` if the transaction is over.
public protocol OrderedTree {
  /// The tree as it is now.
  var root: TreeRoot { get throws(TreeError) }

  /// How often the tree was changed so far, by which a ``TreeCursor`` notices; `nil` if it cannot
  /// change.
  var changeCount: Int? { get }
}

extension OrderedTree {
  @inlinable public var changeCount: Int? { nil }

  /// How its entries are stored.
  public var options: TreeOptions { get throws(TreeError) { try root.layout.options } }

  /// The number of entries.
  public var count: Int { get throws(TreeError) { try root.entryCount } }
  public var isEmpty: Bool { get throws(TreeError) { try count == 0 } }
  /// The sum of all weights; 0 in a tree without weights.
  public var totalWeight: UInt64 { get throws(TreeError) { try root.record.weight } }

  // MARK: By key

  @inlinable
  public func contains(_ key: RawSpan) throws(TreeError) -> Bool { try root.contains(key) }

  /// A copy of the value of `key`, or `nil` if there is none.
  @inlinable
  public func value(for key: RawSpan) throws(TreeError) -> [UInt8]? { try root.value(for: key) }

  /// Calls `body` with the value of `key`, if there is one, and returns what it does.
  ///
  /// The value is lent for the duration of the call; only one in overflow pages is copied.
  @inlinable
  public func withValue<Result>(
    for key: RawSpan, _ body: (RawSpan) -> Result
  ) throws(TreeError) -> Result? {
    var result: Result?
    try root.lendValue(for: key) { result = body($0) }
    return result
  }

  /// The weight of the entry with that key, or `nil` if there is none.
  @inlinable
  public func weight(of key: RawSpan) throws(TreeError) -> UInt64? { try root.weight(of: key) }

  // MARK: In order

  @inlinable public var first: TreeEntry? { get throws(TreeError) { try entry(at: 0) } }
  @inlinable public var last: TreeEntry? { get throws(TreeError) { try entry(at: count - 1) } }

  /// The entry with the smallest key that is `key` or larger.
  @inlinable
  public func ceiling(_ key: RawSpan) throws(TreeError) -> TreeEntry? {
    try root.entry(.ceiling, key)
  }

  /// The entry with the largest key that is `key` or smaller.
  @inlinable
  public func floor(_ key: RawSpan) throws(TreeError) -> TreeEntry? { try root.entry(.floor, key) }

  /// The entry with the smallest key that is larger than `key`.
  @inlinable
  public func entry(after key: RawSpan) throws(TreeError) -> TreeEntry? {
    try root.entry(.after, key)
  }

  /// The entry with the largest key that is smaller than `key`.
  @inlinable
  public func entry(before key: RawSpan) throws(TreeError) -> TreeEntry? {
    try root.entry(.before, key)
  }

  // MARK: By rank

  /// The number of keys that are smaller than `key`, which need not be there itself.
  @inlinable
  public func rank(of key: RawSpan) throws(TreeError) -> Int { try root.rank(of: key) }

  /// The number of keys that are `key` or smaller.
  @inlinable
  public func rank(behind key: RawSpan) throws(TreeError) -> Int { try root.rank(behind: key) }

  /// The number of keys from `low` on and below `high`; `nil` sets no bound.
  @inlinable
  public func count(from low: RawSpan?, to high: RawSpan?) throws(TreeError) -> Int {
    try ranks(from: low, to: high).count
  }

  /// The ranks of the keys from `low` on and below `high`; `nil` sets no bound.
  @inlinable
  public func ranks(from low: RawSpan?, to high: RawSpan?) throws(TreeError) -> Range<Int> {
    var start = 0
    if let low { start = try rank(of: low) }
    var end: Int
    if let high { end = try rank(of: high) } else { end = try count }
    end = max(start, end)
    return start..<end
  }

  /// A copy of the entry of that rank, or `nil` if there are not so many.
  @inlinable
  public func entry(at rank: Int) throws(TreeError) -> TreeEntry? { try root.entry(at: rank) }

  /// Calls `body` with the key and the value of the entry of that rank, if there is one, and returns
  /// what it does. Both are lent for the duration of the call.
  @inlinable
  public func withEntry<Result>(
    at rank: Int, _ body: (_ key: RawSpan, _ value: RawSpan) -> Result
  ) throws(TreeError) -> Result? {
    var result: Result?
    try root.lendEntry(at: rank) { result = body($0, $1) }
    return result
  }

  /// Calls `body` with the entries of these ranks, in order, until it returns false. Ranks that are
  /// not there are passed over.
  ///
  /// Keys and values are lent for the duration of each call.
  @inlinable
  public func forEach(
    in ranks: Range<Int>, _ body: (_ key: RawSpan, _ value: RawSpan) -> Bool
  ) throws(TreeError) {
    try root.lendEntries(in: ranks, body)
  }

  /// Copies of the entries of these ranks, as far as they are there.
  @inlinable
  public func entries(in ranks: Range<Int>) throws(TreeError) -> [TreeEntry] {
    try root.entries(ranks)
  }

  // MARK: By weight

  /// The sum of the weights of the entries whose keys are smaller than `key`.
  @inlinable
  public func weight(before key: RawSpan) throws(TreeError) -> UInt64 {
    try root.weight(before: key)
  }

  /// The sum of the weights of the entries from `low` on and below `high`; `nil` sets no bound.
  @inlinable
  public func weight(from low: RawSpan?, to high: RawSpan?) throws(TreeError) -> UInt64 {
    var start: UInt64 = 0
    if let low { start = try weight(before: low) }
    let end: UInt64
    if let high { end = try weight(before: high) } else { end = try totalWeight }
    return end < start ? 0 : end - start
  }

  /// The rank of the entry at `weight`: the first one such that its weight and those of all entries
  /// before it add up to more than `weight`. `nil` if that is the total weight or more.
  public func rank(atWeight weight: UInt64) throws(TreeError) -> Int? {
    try root.rank(weight: weight)
  }
}
