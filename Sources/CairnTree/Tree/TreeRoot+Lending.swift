// What is asked from outside, with spans for bytes: the generic functions in front of these can be
// made part of their callers, these are not.

/// Where an entry is, seen from a key.
@usableFromInline
enum Neighbour {
  /// The one with the key itself, or the next one.
  case ceiling
  case after
  /// The one with the key itself, or the one before.
  case floor
  case before
}

extension TreeRoot {
  @usableFromInline
  func contains(_ key: RawSpan) throws(TreeError) -> Bool {
    try key.lend { (key) throws(TreeError) in try withEntry(key) { _, _ in true } ?? false }
  }

  @usableFromInline
  func value(for key: RawSpan) throws(TreeError) -> [UInt8]? {
    try key.lend { (key) throws(TreeError) in
      try withEntry(key) { (leaf, index) throws(TreeError) in try value(leaf, index) }
    }
  }

  @usableFromInline
  func weight(of key: RawSpan) throws(TreeError) -> UInt64? {
    try key.lend { (key) throws(TreeError) in
      try withEntry(key) { leaf, index in layout.isWeighted ? leaf.weight(index) : 0 }
    }
  }

  @usableFromInline
  func rank(of key: RawSpan) throws(TreeError) -> Int {
    try key.lend { (key) throws(TreeError) in try rank(key) }
  }

  /// The number of keys that are `key` or smaller.
  @usableFromInline
  func rank(behind key: RawSpan) throws(TreeError) -> Int {
    try key.lend { (key) throws(TreeError) in
      let (rank, isThere) = try position(of: key)
      return isThere ? rank + 1 : rank
    }
  }

  /// The rank that `key` has or would have, and whether it is there.
  func position(of key: Bytes) throws(TreeError) -> (rank: Int, isThere: Bool) {
    try accepts(key)
    if isEmpty { return (0, false) }
    let place = try find(key)
    defer { cache.unpin(place.leaf) }
    let (index, isThere) = leaf(place).search(key)
    return (try rank(index, in: place), isThere)
  }

  @usableFromInline
  func weight(before key: RawSpan) throws(TreeError) -> UInt64 {
    try key.lend { (key) throws(TreeError) in try weight(before: key) }
  }

  // MARK: Lending

  /// - Returns: whether there is an entry, so that `body` was called.
  @usableFromInline
  @discardableResult
  func lendValue(for key: RawSpan, _ body: (RawSpan) -> Void) throws(TreeError) -> Bool {
    try key.lend { (key) throws(TreeError) in
      let found: Void? = try withEntry(key) { (leaf, index) throws(TreeError) in
        try withValue(leaf, index, body)
      }
      return found != nil
    }
  }

  /// - Returns: whether there is an entry, so that `body` was called.
  @usableFromInline
  @discardableResult
  func lendEntry(
    at rank: Int, _ body: (_ key: RawSpan, _ value: RawSpan) -> Void
  ) throws(TreeError) -> Bool {
    let found: Void? = try withEntry(rank: rank) { (leaf, index) throws(TreeError) in
      try lend(leaf, index, body)
    }
    return found != nil
  }

  /// - Returns: whether there is an entry, so that `body` was called.
  @usableFromInline
  @discardableResult
  func lendEntry(
    _ neighbour: Neighbour, _ key: RawSpan, _ body: (_ key: RawSpan, _ value: RawSpan) -> Void
  ) throws(TreeError) -> Bool {
    try key.lend { (key) throws(TreeError) in
      let found: Void? = try withEntry(neighbour, key) { (leaf, index) throws(TreeError) in
        try lend(leaf, index, body)
      }
      return found != nil
    }
  }

  /// Calls `body` with the entries of these ranks until it returns false.
  @usableFromInline
  func lendEntries(
    in ranks: Range<Int>, _ body: (_ key: RawSpan, _ value: RawSpan) -> Bool
  ) throws(TreeError) {
    try forEachRun(ranks) { (leaf, entries) throws(TreeError) in
      // If `body` changes the tree, it may see entries twice or not at all, but nothing else.
      for index in entries where index < leaf.count {
        var goesOn = false
        try lend(leaf, index) { goesOn = body($0, $1) }
        if !goesOn { return false }
      }
      return true
    }
  }

  @inline(__always)
  func lend(
    _ leaf: LeafPage, _ index: Int, _ body: (_ key: RawSpan, _ value: RawSpan) -> Void
  ) throws(TreeError) {
    let key = leaf.key(index)
    try withValue(leaf, index) { body(RawSpan(_unsafeStart: key.base, byteCount: key.count), $0) }
  }

  // MARK: Copies

  @usableFromInline
  func entry(at rank: Int) throws(TreeError) -> TreeEntry? {
    try withEntry(rank: rank) { (leaf, index) throws(TreeError) in try entry(leaf, index) }
  }

  @usableFromInline
  func entry(_ neighbour: Neighbour, _ key: RawSpan) throws(TreeError) -> TreeEntry? {
    try key.lend { (key) throws(TreeError) in
      try withEntry(neighbour, key) { (leaf, index) throws(TreeError) in try entry(leaf, index) }
    }
  }

  @usableFromInline
  func entries(_ ranks: Range<Int>) throws(TreeError) -> [TreeEntry] {
    var entries: [TreeEntry] = []
    try forEachRun(ranks) { (leaf, range) throws(TreeError) in
      for index in range { entries.append(try entry(leaf, index)) }
      return true
    }
    return entries
  }

  /// Calls `body` with the leaf and index of a neighbour of `key`, if there is one: mostly in the
  /// leaf where the key is or belongs.
  @inline(__always)
  private func withEntry<Result>(
    _ neighbour: Neighbour, _ key: Bytes, _ body: (LeafPage, Int) throws(TreeError) -> Result
  ) throws(TreeError) -> Result? {
    try accepts(key)
    if isEmpty { return nil }
    let place = try find(key)
    var isPinned = true
    defer { if isPinned { cache.unpin(place.leaf) } }
    let leaf = leaf(place)
    let (index, isThere) = leaf.search(key)
    let target =
      switch neighbour {
      case .ceiling: index
      case .after: isThere ? index + 1 : index
      case .floor: isThere ? index : index - 1
      case .before: index - 1
      }
    if target >= 0, target < leaf.count { return try body(leaf, target) }
    let rank = try rank(index, in: place) + target - index
    cache.unpin(place.leaf)
    isPinned = false
    return try withEntry(rank: rank, body)
  }
}
