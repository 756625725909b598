extension TypedTree where Base == WritableTree {
  /// Stores an entry, in the place of the one with that key if there is one.
  ///
  /// - Parameter weight: 0 in a tree without weights.
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

  /// Stores an entry if there is one with that key, in its place.
  ///
  /// - Returns: whether it was stored.
  @inlinable
  @discardableResult
  public func update(_ key: Key, _ value: Value, weight: UInt64 = 0) throws(TreeError) -> Bool {
    try key.withEncoded { (key) throws(TreeError) in
      try value.withEncoded { (value) throws(TreeError) in
        try base.update(key, value, weight: weight)
      }
    }
  }

  /// Stores, removes or leaves an entry, if the value of its key is what is expected: if it has the
  /// same encoding.
  ///
  /// - Parameters:
  ///   - expected: the value, or `nil` for no entry.
  ///   - value: the new value, or `nil` for no entry. The weight stays, or is 0 if there was none.
  /// - Returns: whether it was as expected, and so is now as wanted.
  @inlinable
  @discardableResult
  public func exchange(
    _ key: Key, expecting expected: Value?, for value: Value?
  ) throws(TreeError) -> Bool {
    try key.withEncoded { (key) throws(TreeError) in
      try Self.withEncoded(expected) { (expected) throws(TreeError) in
        try Self.withEncoded(value) { (value) throws(TreeError) in
          try base.exchange(key, expecting: expected, for: value)
        }
      }
    }
  }

  @inlinable
  static func withEncoded<Result>(
    _ value: Value?, _ body: (RawSpan?) throws(TreeError) -> Result
  ) throws(TreeError) -> Result {
    guard let value else { return try body(nil) }
    return try value.withEncoded { (value) throws(TreeError) in try body(value) }
  }

  /// Changes the weight of the entry with that key.
  ///
  /// - Returns: whether there is one.
  @inlinable
  @discardableResult
  public func setWeight(_ weight: UInt64, of key: Key) throws(TreeError) -> Bool {
    try key.withEncoded { (key) throws(TreeError) in try base.setWeight(weight, of: key) }
  }

  /// Removes the entry with that key.
  ///
  /// - Returns: whether there was one.
  @inlinable
  @discardableResult
  public func remove(_ key: Key) throws(TreeError) -> Bool {
    try key.withEncoded { (key) throws(TreeError) in try base.remove(key) }
  }

  /// Removes the entries of these ranks, as far as they are there.
  @inlinable
  public func remove(ranks: Range<Int>) throws(TreeError) { try base.remove(ranks: ranks) }

  /// Removes the entries with keys in a range, in time that grows with the pages that hold them.
  ///
  /// - Returns: how many there were.
  @inlinable
  @discardableResult
  public func remove(keys: some TreeRange<Key>) throws(TreeError) -> Int {
    let ranks = try ranks(keys: keys)
    try base.remove(ranks: ranks)
    return ranks.count
  }
}
