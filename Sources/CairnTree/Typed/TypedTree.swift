/// A tree of which the host knows the types of the keys and values.
///
/// It adds nothing to what is stored; ``TreeOptions/init(for:_:isWeighted:)`` gives a new tree the
/// widths that fit. Bytes that are no encoding of the types are an error, `.invalid`.
public struct TypedTree<Base: OrderedTree, Key: TreeKey, Value: TreeValue> {
  /// The tree of bytes underneath.
  public let base: Base

  /// An entry.
  public typealias Entry = (key: Key, value: Value)

  @inlinable
  public init(_ base: Base) {
    self.base = base
  }
}

extension TypedTree: Sendable where Base: Sendable {}

extension OrderedTree {
  /// This tree with keys and values of these types.
  @inlinable
  public func typed<Key: TreeKey, Value: TreeValue>(
    _ key: Key.Type, _ value: Value.Type
  ) -> TypedTree<Self, Key, Value> {
    TypedTree(self)
  }
}

extension TreeOptions {
  /// The options for keys and values of these types: fixed widths where both have one and they are
  /// not too large for it.
  @inlinable
  public init<Key: TreeKey, Value: TreeValue>(
    for key: Key.Type, _ value: Value.Type, isWeighted: Bool = false
  ) {
    let keyWidth = Key.encodedWidth
    var valueWidth = keyWidth == nil ? nil : Value.encodedWidth
    if let key = keyWidth, let value = valueWidth, key + value > TreeOptions.maximumFixedBytes {
      valueWidth = nil
    }
    self.init(keyWidth: keyWidth, valueWidth: valueWidth, isWeighted: isWeighted)
  }

  /// The most bytes that a key and a value of fixed widths have together.
  public static var maximumFixedBytes: Int { Layout.maximumFixedRecord }
}

extension TypedTree {
  /// Bytes in the tree that are no encoding of the type.
  @inline(never)
  @usableFromInline
  static func undecodable(_ what: String) -> TreeError {
    TreeError(
      .invalid,
      "a \(what) of the tree is none of the type that was asked for; check which tree it is")
  }

  /// What was decoded, if there was an entry and if it could be.
  @inlinable
  static func checked(_ found: (key: Key?, value: Value?)?) throws(TreeError) -> Entry? {
    guard let found else { return nil }
    guard let key = found.key else { throw undecodable("key") }
    guard let value = found.value else { throw undecodable("value") }
    return (key, value)
  }

  // MARK: All of it

  /// The number of entries.
  @inlinable public var count: Int { get throws(TreeError) { try base.count } }
  @inlinable public var isEmpty: Bool { get throws(TreeError) { try base.isEmpty } }
  /// The sum of all weights; 0 in a tree without weights.
  @inlinable public var totalWeight: UInt64 { get throws(TreeError) { try base.totalWeight } }

  // MARK: By key

  @inlinable
  public func contains(_ key: Key) throws(TreeError) -> Bool {
    try key.withEncoded { (key) throws(TreeError) in try base.contains(key) }
  }

  /// The value of `key`, or `nil` if there is none.
  @inlinable
  public func value(for key: Key) throws(TreeError) -> Value? {
    let found: Value?? = try key.withEncoded { (key) throws(TreeError) in
      try base.withValue(for: key) { Value(encoded: $0) }
    }
    guard let found else { return nil }
    guard let value = found else { throw Self.undecodable("value") }
    return value
  }

  /// The weight of the entry with that key, or `nil` if there is none.
  @inlinable
  public func weight(of key: Key) throws(TreeError) -> UInt64? {
    try key.withEncoded { (key) throws(TreeError) in try base.weight(of: key) }
  }

  // MARK: In order

  @inlinable public var first: Entry? { get throws(TreeError) { try entry(at: 0) } }
  @inlinable public var last: Entry? { get throws(TreeError) { try entry(at: count - 1) } }

  /// The entry with the smallest key that is `key` or larger.
  @inlinable
  public func ceiling(_ key: Key) throws(TreeError) -> Entry? { try entry(.ceiling, key) }

  /// The entry with the largest key that is `key` or smaller.
  @inlinable
  public func floor(_ key: Key) throws(TreeError) -> Entry? { try entry(.floor, key) }

  /// The entry with the smallest key that is larger than `key`.
  @inlinable
  public func entry(after key: Key) throws(TreeError) -> Entry? { try entry(.after, key) }

  /// The entry with the largest key that is smaller than `key`.
  @inlinable
  public func entry(before key: Key) throws(TreeError) -> Entry? { try entry(.before, key) }

  @inlinable
  func entry(_ neighbour: Neighbour, _ key: Key) throws(TreeError) -> Entry? {
    let root = try base.root
    var found: (key: Key?, value: Value?)?
    _ = try key.withEncoded { (key) throws(TreeError) in
      try root.lendEntry(neighbour, key) { found = (Key(encoded: $0), Value(encoded: $1)) }
    }
    return try Self.checked(found)
  }

  // MARK: By rank

  /// The number of keys that are smaller than `key`, which need not be there itself.
  @inlinable
  public func rank(of key: Key) throws(TreeError) -> Int {
    try key.withEncoded { (key) throws(TreeError) in try base.rank(of: key) }
  }

  /// The number of keys that are `key` or smaller.
  @inlinable
  public func rank(behind key: Key) throws(TreeError) -> Int {
    try key.withEncoded { (key) throws(TreeError) in try base.rank(behind: key) }
  }

  /// The entry of that rank, or `nil` if there are not so many.
  @inlinable
  public func entry(at rank: Int) throws(TreeError) -> Entry? {
    try Self.checked(
      try base.withEntry(at: rank) { (key: Key(encoded: $0), value: Value(encoded: $1)) })
  }

  /// Calls `body` with the entries of these ranks, in order, until it returns false.
  @inlinable
  public func forEach(
    in ranks: Range<Int>, _ body: (Key, Value) -> Bool
  ) throws(TreeError) {
    var isDecodable = true
    try base.forEach(in: ranks) { key, value in
      guard let key = Key(encoded: key), let value = Value(encoded: value) else {
        isDecodable = false
        return false
      }
      return body(key, value)
    }
    if !isDecodable { throw Self.undecodable("key or value") }
  }

  /// Copies of the entries of these ranks, as far as they are there.
  @inlinable
  public func entries(in ranks: Range<Int>) throws(TreeError) -> [Entry] {
    var entries: [Entry] = []
    try forEach(in: ranks) { key, value in
      entries.append((key, value))
      return true
    }
    return entries
  }

  // MARK: By weight

  /// The sum of the weights of the entries whose keys are smaller than `key`.
  @inlinable
  public func weight(before key: Key) throws(TreeError) -> UInt64 {
    try key.withEncoded { (key) throws(TreeError) in try base.weight(before: key) }
  }

  /// The rank of the entry at `weight`, see ``OrderedTree/rank(atWeight:)``.
  @inlinable
  public func rank(atWeight weight: UInt64) throws(TreeError) -> Int? {
    try base.rank(atWeight: weight)
  }

  /// The entry at `weight`, see ``OrderedTree/rank(atWeight:)``.
  @inlinable
  public func entry(atWeight weight: UInt64) throws(TreeError) -> Entry? {
    guard let rank = try rank(atWeight: weight) else { return nil }
    return try entry(at: rank)
  }
}
