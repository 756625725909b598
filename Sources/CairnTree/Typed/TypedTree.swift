/// A tree of which the host knows the types of the keys and values.
///
/// It adds nothing to what is stored; ``TreeOptions/init(for:_:isWeighted:)`` gives a new tree the
/// widths that fit.
public struct TypedTree<Base: OrderedTree, Key: TreeKey, Value: TreeValue> {
  /// The tree of bytes underneath.
  public let base: Base

  @inlinable
  public init(_ base: Base) {
    self.base = base
  }
}

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
  /// The options for keys and values of these types: fixed widths where both have one.
  @inlinable
  public init<Key: TreeKey, Value: TreeValue>(
    for key: Key.Type, _ value: Value.Type, isWeighted: Bool = false
  ) {
    let keyWidth = Key.encodedWidth
    self.init(
      keyWidth: keyWidth, valueWidth: keyWidth == nil ? nil : Value.encodedWidth,
      isWeighted: isWeighted)
  }
}

extension TypedTree {
  /// Bytes in the tree that are no encoding of the type.
  @inlinable
  static func undecodable(_ what: String) -> TreeError {
    TreeError(
      .invalid,
      "a \(what) of the tree is none of the type that was asked for; check which tree it is")
  }

  @inlinable public var count: Int { get throws(TreeError) { try base.count } }

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

  /// The number of keys that are smaller than `key`.
  @inlinable
  public func rank(of key: Key) throws(TreeError) -> Int {
    try key.withEncoded { (key) throws(TreeError) in try base.rank(of: key) }
  }

  /// The entry of that rank, or `nil` if there are not so many.
  @inlinable
  public func entry(at rank: Int) throws(TreeError) -> (key: Key, value: Value)? {
    let found = try base.withEntry(at: rank) { key, value in
      (key: Key(encoded: key), value: Value(encoded: value))
    }
    guard let found else { return nil }
    guard let key = found.key else { throw Self.undecodable("key") }
    guard let value = found.value else { throw Self.undecodable("value") }
    return (key, value)
  }

  /// The number of keys from `low` on and below `high`.
  @inlinable
  public func count(from low: Key, to high: Key) throws(TreeError) -> Int {
    max(0, try rank(of: high) - rank(of: low))
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

  /// The sum of the weights of the entries whose keys are smaller than `key`.
  @inlinable
  public func weight(before key: Key) throws(TreeError) -> UInt64 {
    try key.withEncoded { (key) throws(TreeError) in try base.weight(before: key) }
  }
}

extension TypedTree where Base == WritableTree {
  /// Stores an entry, in the place of the one with that key if there is one.
  ///
  /// - Returns: whether the key was there.
  @inlinable
  @discardableResult
  public func put(_ key: Key, _ value: Value, weight: UInt64 = 0) throws(TreeError) -> Bool {
    try key.withEncoded { (key) throws(TreeError) in
      try value.withEncoded { (value) throws(TreeError) in
        try base.put(key, value, weight: weight)
      }
    }
  }

  /// Stores an entry if there is none with that key.
  ///
  /// - Returns: whether it was stored.
  @inlinable
  @discardableResult
  public func insert(_ key: Key, _ value: Value, weight: UInt64 = 0) throws(TreeError) -> Bool {
    try key.withEncoded { (key) throws(TreeError) in
      try value.withEncoded { (value) throws(TreeError) in
        try base.insert(key, value, weight: weight)
      }
    }
  }

  /// Removes the entry with that key.
  ///
  /// - Returns: whether there was one.
  @inlinable
  @discardableResult
  public func remove(_ key: Key) throws(TreeError) -> Bool {
    try key.withEncoded { (key) throws(TreeError) in try base.remove(key) }
  }
}
