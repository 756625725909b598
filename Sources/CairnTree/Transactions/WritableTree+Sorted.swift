/// A change of one entry, one of a sorted row for ``WritableTree/merge(_:)``.
public enum TreeChange: Sendable, Hashable {
  /// Store the entry, in the place of the one with that key if there is one.
  case put(TreeEntry)
  /// Remove the entry with that key if there is one.
  case remove([UInt8])

  var key: [UInt8] {
    switch self {
    case .put(let entry): entry.key
    case .remove(let key): key
    }
  }
}

/// How many entries a row of changes has changed in which way.
public struct TreeChangeCounts: Sendable, Hashable, Codable {
  /// Entries whose keys were not there.
  public var inserted = 0
  /// Entries that were put in the place of one.
  public var updated = 0
  public var removed = 0

  public init(inserted: Int = 0, updated: Int = 0, removed: Int = 0) {
    self.inserted = inserted
    self.updated = updated
    self.removed = removed
  }
}

extension WritableTree {
  /// Stores an entry behind all others: the fastest way to load a tree, and one that leaves its pages
  /// full.
  ///
  /// - Throws: ``TreeError``: `.invalid` as for ``put(_:_:weight:)``, and for a key that is not larger
  ///   than all that are there; the transaction goes on then.
  public func append(
    _ key: RawSpan, _ value: RawSpan, weight: UInt64 = 0
  ) throws(TreeError) {
    let isStored = try change { () throws(TreeError) in
      try key.lend { (key) throws(TreeError) in
        try value.lend { (value) throws(TreeError) in
          try writer.append(key, value, weight: weight)
        }
      }
    }
    guard isStored else {
      throw .invalid("an entry can only be appended with a key that is larger than all others")
    }
  }

  /// Fills an empty tree with entries in ascending order of their keys. Pages are left full.
  ///
  /// - Throws: ``TreeError``: `.invalid` if the tree is not empty, or as ``append(_:_:weight:)``, for
  ///   instance for an entry whose key is not larger than the one before it. The entries before that
  ///   one are in the tree then.
  public func load(_ entries: some Sequence<TreeEntry>) throws(TreeError) {
    guard try isEmpty else {
      throw .invalid("only an empty tree can be loaded; use append, put or merge")
    }
    for entry in entries {
      try append(entry.key.span.bytes, entry.value.span.bytes, weight: entry.weight)
    }
  }

  /// Makes changes that are sorted by their keys in one go over the tree: each page that they
  /// concern is looked for, copied and changed once.
  ///
  /// - Returns: how many entries were changed in which way.
  /// - Throws: ``TreeError``: `.invalid` as for ``put(_:_:weight:)``, or if a key is smaller than the
  ///   one before it, or the same; the changes before that one are made then, and the transaction
  ///   goes on.
  @discardableResult
  public func merge(
    _ changes: some Sequence<TreeChange>
  ) throws(TreeError) -> TreeChangeCounts {
    var counts = TreeChangeCounts()
    var previous: [UInt8]?
    for change in changes {
      let key = change.key
      if let previous, !previous.lexicographicallyPrecedes(key) {
        throw .invalid("the changes are not in ascending order of their keys; sort them before")
      }
      switch change {
      case .put(let entry):
        if try put(key.span.bytes, entry.value.span.bytes, weight: entry.weight) {
          counts.updated += 1
        } else {
          counts.inserted += 1
        }
      case .remove:
        if try remove(key.span.bytes) { counts.removed += 1 }
      }
      previous = key
    }
    return counts
  }
}

extension TypedTree where Base == WritableTree {
  /// Stores an entry behind all others, as ``WritableTree/append(_:_:weight:)`` does.
  @inlinable
  public func append(_ key: Key, _ value: Value, weight: UInt64 = 0) throws(TreeError) {
    try key.withEncoded { (key) throws(TreeError) in
      try value.withEncoded { (value) throws(TreeError) in
        try base.append(key, value, weight: weight)
      }
    }
  }

  /// Fills an empty tree with entries in ascending order of their keys, as
  /// ``WritableTree/load(_:)`` does.
  @inlinable
  public func load(_ entries: some Sequence<(Key, Value)>) throws(TreeError) {
    guard try base.isEmpty else {
      throw TreeError(.invalid, "only an empty tree can be loaded; use append, put or a batch")
    }
    for (key, value) in entries { try append(key, value) }
  }
}
