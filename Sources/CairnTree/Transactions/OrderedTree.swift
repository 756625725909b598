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
}

extension OrderedTree {
  /// The number of entries.
  public var count: Int { get throws(TreeError) { try root.entryCount } }
  public var isEmpty: Bool { get throws(TreeError) { try count == 0 } }
  /// The sum of all weights; 0 in a tree without weights.
  public var totalWeight: UInt64 { get throws(TreeError) { try root.record.weight } }

  // MARK: By key

  public func contains(_ key: RawSpan) throws(TreeError) -> Bool {
    let root = try root
    return try key.lend { (key) throws(TreeError) in
      try root.withEntry(key) { _, _ in true } ?? false
    }
  }

  /// A copy of the value of `key`, or `nil` if there is none.
  public func value(for key: RawSpan) throws(TreeError) -> [UInt8]? {
    let root = try root
    return try key.lend { (key) throws(TreeError) in
      try root.withEntry(key) { (leaf, index) throws(TreeError) in try root.value(leaf, index) }
    }
  }

  /// Calls `body` with the value of `key`, if there is one, and returns what it does.
  ///
  /// The value is lent for the duration of the call; only one in overflow pages is copied.
  public func withValue<Result>(
    for key: RawSpan, _ body: (RawSpan) -> Result
  ) throws(TreeError) -> Result? {
    let root = try root
    return try key.lend { (key) throws(TreeError) in
      try root.withEntry(key) { (leaf, index) throws(TreeError) in
        try root.withValue(leaf, index, body)
      }
    }
  }

  /// The weight of the entry with that key, or `nil` if there is none.
  public func weight(of key: RawSpan) throws(TreeError) -> UInt64? {
    let root = try root
    return try key.lend { (key) throws(TreeError) in
      try root.withEntry(key) { leaf, index in root.layout.isWeighted ? leaf.weight(index) : 0 }
    }
  }

  // MARK: In order

  public var first: TreeEntry? { get throws(TreeError) { try entry(at: 0) } }
  public var last: TreeEntry? { get throws(TreeError) { try entry(at: count - 1) } }

  /// The entry with the smallest key that is `key` or larger.
  public func ceiling(_ key: RawSpan) throws(TreeError) -> TreeEntry? {
    try entry(at: rank(of: key))
  }

  /// The entry with the largest key that is `key` or smaller.
  public func floor(_ key: RawSpan) throws(TreeError) -> TreeEntry? {
    try entry(at: rank(behind: key) - 1)
  }

  /// The entry with the smallest key that is larger than `key`.
  public func entry(after key: RawSpan) throws(TreeError) -> TreeEntry? {
    try entry(at: rank(behind: key))
  }

  /// The entry with the largest key that is smaller than `key`.
  public func entry(before key: RawSpan) throws(TreeError) -> TreeEntry? {
    try entry(at: rank(of: key) - 1)
  }

  // MARK: By rank

  /// The number of keys that are smaller than `key`, which need not be there itself.
  public func rank(of key: RawSpan) throws(TreeError) -> Int {
    let root = try root
    return try key.lend { (key) throws(TreeError) in try root.rank(key) }
  }

  /// The number of keys that are `key` or smaller.
  public func rank(behind key: RawSpan) throws(TreeError) -> Int {
    try rank(of: key) + (contains(key) ? 1 : 0)
  }

  /// The number of keys from `low` on and below `high`; `nil` sets no bound.
  public func count(from low: RawSpan?, to high: RawSpan?) throws(TreeError) -> Int {
    try ranks(from: low, to: high).count
  }

  /// The ranks of the keys from `low` on and below `high`; `nil` sets no bound.
  public func ranks(from low: RawSpan?, to high: RawSpan?) throws(TreeError) -> Range<Int> {
    var start = 0
    if let low { start = try rank(of: low) }
    var end: Int
    if let high { end = try rank(of: high) } else { end = try count }
    end = max(start, end)
    return start..<end
  }

  /// A copy of the entry of that rank, or `nil` if there are not so many.
  public func entry(at rank: Int) throws(TreeError) -> TreeEntry? {
    let root = try root
    return try root.withEntry(rank: rank) { (leaf, index) throws(TreeError) in
      try root.entry(leaf, index)
    }
  }

  /// Calls `body` with the key and the value of the entry of that rank, if there is one, and returns
  /// what it does. Both are lent for the duration of the call.
  public func withEntry<Result>(
    at rank: Int, _ body: (_ key: RawSpan, _ value: RawSpan) -> Result
  ) throws(TreeError) -> Result? {
    let root = try root
    return try root.withEntry(rank: rank) { (leaf, index) throws(TreeError) in
      let key = leaf.key(index)
      return try root.withValue(leaf, index) {
        body(RawSpan(_unsafeStart: key.base, byteCount: key.count), $0)
      }
    }
  }

  /// Calls `body` with the entries of these ranks, in order, until it returns false. Ranks that are
  /// not there are passed over.
  ///
  /// Keys and values are lent for the duration of each call.
  public func forEach(
    in ranks: Range<Int>, _ body: (_ key: RawSpan, _ value: RawSpan) -> Bool
  ) throws(TreeError) {
    let root = try root
    try root.forEachRun(ranks) { (leaf, entries) throws(TreeError) in
      // If `body` changes the tree, it may see entries twice or not at all, but nothing else.
      for index in entries where index < leaf.count {
        let key = leaf.key(index)
        let goesOn = try root.withValue(leaf, index) {
          body(RawSpan(_unsafeStart: key.base, byteCount: key.count), $0)
        }
        if !goesOn { return false }
      }
      return true
    }
  }

  /// Copies of the entries of these ranks, as far as they are there.
  public func entries(in ranks: Range<Int>) throws(TreeError) -> [TreeEntry] {
    let root = try root
    var entries: [TreeEntry] = []
    try root.forEachRun(ranks) { (leaf, range) throws(TreeError) in
      for index in range { entries.append(try root.entry(leaf, index)) }
      return true
    }
    return entries
  }

  // MARK: By weight

  /// The sum of the weights of the entries whose keys are smaller than `key`.
  public func weight(before key: RawSpan) throws(TreeError) -> UInt64 {
    let root = try root
    return try key.lend { (key) throws(TreeError) in try root.weight(before: key) }
  }

  /// The sum of the weights of the entries from `low` on and below `high`; `nil` sets no bound.
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
