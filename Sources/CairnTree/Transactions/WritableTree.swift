import CairnCore

/// A tree in a ``WriteTransaction``, which it keeps. Used by the transaction's thread.
///
/// Entries that are put in ascending order of their keys go in fastest, and fill the pages.
public struct WritableTree: OrderedTree {
  let transaction: WriteTransaction
  let writer: TreeWriter

  public var root: TreeRoot {
    get throws(TreeError) {
      try check()
      return writer.root
    }
  }

  @inline(__always)
  private func check() throws(TreeError) {
    guard !transaction.isOver, !writer.isOver else { throw .ended() }
  }

  /// Runs a change, after whose failure the transaction is over.
  @inline(__always)
  func change<Result>(_ body: () throws(TreeError) -> Result) throws(TreeError) -> Result {
    try check()
    do throws(TreeError) {
      return try body()
    } catch {
      if error.code != .invalid, error.code != .source { transaction.rollBack() }
      throw error
    }
  }

  /// How its entries are stored.
  public var options: TreeOptions { writer.layout.options }

  // MARK: Entries

  /// Stores an entry, in the place of the one with that key if there is one.
  ///
  /// - Parameter weight: 0 in a tree without weights.
  /// - Returns: whether the key was there.
  /// - Throws: ``TreeError``: `.invalid` for a key or value of a length that the tree cannot hold, or
  ///   if all weights add up to 2^64 or more; the transaction goes on then.
  @discardableResult
  public func put(
    _ key: RawSpan, _ value: RawSpan, weight: UInt64 = 0
  ) throws(TreeError) -> Bool {
    try put(key, value, weight, .insertOrUpdate)
  }

  /// Stores an entry if there is none with that key.
  ///
  /// - Returns: whether it was stored.
  @discardableResult
  public func insert(
    _ key: RawSpan, _ value: RawSpan, weight: UInt64 = 0
  ) throws(TreeError) -> Bool {
    try !put(key, value, weight, .insert)
  }

  /// Stores an entry if there is one with that key, in its place.
  ///
  /// - Returns: whether it was stored.
  @discardableResult
  public func update(
    _ key: RawSpan, _ value: RawSpan, weight: UInt64 = 0
  ) throws(TreeError) -> Bool {
    try put(key, value, weight, .update)
  }

  @inline(__always)
  private func put(
    _ key: RawSpan, _ value: RawSpan, _ weight: UInt64, _ mode: TreeWriter.Mode
  ) throws(TreeError) -> Bool {
    try change { () throws(TreeError) in
      try key.lend { (key) throws(TreeError) in
        try value.lend { (value) throws(TreeError) in
          try writer.put(key, value, weight: weight, mode)
        }
      }
    }
  }

  /// Stores, removes or leaves an entry, if the value of its key is what is expected.
  ///
  /// - Parameters:
  ///   - expected: the value, or `nil` for no entry.
  ///   - value: the new value, or `nil` for no entry. The weight stays, or is 0 if there was none.
  /// - Returns: whether it was as expected, and so is now as wanted.
  @discardableResult
  public func exchange(
    _ key: RawSpan, expecting expected: RawSpan?, for value: RawSpan?
  ) throws(TreeError) -> Bool {
    let isAsExpected: Bool
    if let expected {
      let bytes = Array(expected)
      isAsExpected = try withValue(for: key) { Array($0) == bytes } ?? false
    } else {
      isAsExpected = try !contains(key)
    }
    guard isAsExpected else { return false }
    if let value {
      try put(key, value, weight: weight(of: key) ?? 0)
    } else {
      try remove(key)
    }
    return true
  }

  /// Changes the weight of the entry with that key.
  ///
  /// - Returns: whether there is one.
  @discardableResult
  public func setWeight(_ weight: UInt64, of key: RawSpan) throws(TreeError) -> Bool {
    try change { () throws(TreeError) in
      try key.lend { (key) throws(TreeError) in try writer.setWeight(weight, of: key) }
    }
  }

  /// Removes the entry with that key.
  ///
  /// - Returns: whether there was one.
  @discardableResult
  public func remove(_ key: RawSpan) throws(TreeError) -> Bool {
    try change { () throws(TreeError) in
      try key.lend { (key) throws(TreeError) in try writer.remove(key) }
    }
  }

  /// Removes the entries of these ranks, as far as they are there, in time that grows with the pages
  /// that hold them.
  public func remove(ranks: Range<Int>) throws(TreeError) {
    let there = ranks.clamped(to: 0..<(try count))
    try change { () throws(TreeError) in try writer.remove(ranks: there) }
  }

  /// Removes the entries with keys from `low` on and below `high`; `nil` sets no bound.
  ///
  /// - Returns: how many there were.
  @discardableResult
  public func remove(from low: RawSpan?, to high: RawSpan?) throws(TreeError) -> Int {
    let ranks = try ranks(from: low, to: high)
    try remove(ranks: ranks)
    return ranks.count
  }
}
