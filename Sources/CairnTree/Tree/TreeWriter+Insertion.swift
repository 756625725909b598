extension TreeWriter {
  /// Stores an entry behind all others.
  ///
  /// - Returns: false, and nothing happens, if that is not where it belongs.
  @inline(__always)
  func append(_ key: Bytes, _ value: Bytes, weight: UInt64) throws(TreeError) -> Bool {
    try check(key, weight)
    try check(value)
    if record.root == 0 {
      try makeRoot()
    } else {
      try seekEnd()
      guard leaf.key(leaf.count - 1).precedes(key) else { return false }
    }
    try checkSum(weight)
    try makeWritable()
    try store(leaf.count, key, value, weight)
    return true
  }

  enum Mode {
    case insertOrUpdate, insert, update
  }

  /// Stores an entry, as far as the mode allows.
  ///
  /// - Returns: whether the key was there.
  @inline(__always)
  func put(
    _ key: Bytes, _ value: Bytes, weight: UInt64, _ mode: Mode
  ) throws(TreeError) -> Bool {
    try check(key, weight)
    try check(value)
    if record.root == 0 {
      if mode == .update { return false }
      try makeRoot()
    }
    let (index, isThere) = try seek(key)
    if isThere {
      if mode == .insert { return true }
      try makeWritable()
      try replace(index, key, value, weight)
      return true
    }
    if mode == .update { return false }
    try checkSum(weight)
    try makeWritable()
    try store(index, key, value, weight)
    return false
  }

  /// Stores a new entry in the leaf, or beside it if that is full.
  @inline(__always)
  private func store(
    _ index: Int, _ key: Bytes, _ value: Bytes, _ weight: UInt64
  ) throws(TreeError) {
    if layout.hasFixedLeaves, leaf.count < layout.leafCapacity {
      leaf.insert(
        index, key, value, isOverflowing: false, weight: weight, scratch: context.scratch)
      account(1, weight)
    } else {
      try insert(index, key, value, weight)
    }
  }

  @inline(__always)
  func check(_ key: Bytes, _ weight: UInt64) throws(TreeError) {
    guard layout.hasFixedKeys ? key.count == layout.keyWidth : key.count <= Layout.maximumKeyLength
    else { throw TreeRoot.wrongKey(key.count, layout) }
    guard weight == 0 || layout.isWeighted else {
      throw .invalid("an entry cannot have a weight in a tree that was created without weights")
    }
  }

  @inline(__always)
  private func check(_ value: Bytes) throws(TreeError) {
    guard layout.valueWidth < 0 || value.count == layout.valueWidth else {
      throw .invalid(
        "a value of \(value.count) bytes is none of this tree, whose values have "
          + "\(layout.valueWidth)")
    }
  }

  func checkSum(_ weight: UInt64, instead old: UInt64 = 0) throws(TreeError) {
    guard !(record.weight &- old).addingReportingOverflow(weight).overflow else {
      throw .invalid("the sum of the weights would be larger than 2^64 - 1")
    }
  }

  @inline(never)
  func insert(
    _ index: Int, _ key: Bytes, _ value: Bytes, _ weight: UInt64
  ) throws(TreeError) {
    if layout.hasFixedLeaves {
      return try insertStored(index, key, value, isOverflowing: false, weight)
    }
    if leaf.recordSize(key.count, value.count) <= layout.recordLimit {
      return try insertStored(index, key, value, isOverflowing: false, weight)
    }
    let reference = try writeOverflow(value)
    try withUnsafeBytes(of: reference) { (bytes) throws(TreeError) in
      try insertStored(
        index, key, Bytes(bytes.baseAddress!, LeafPage.overflowReferenceSize),
        isOverflowing: true, weight)
    }
  }

  func insertStored(
    _ index: Int, _ key: Bytes, _ stored: Bytes, isOverflowing: Bool, _ weight: UInt64
  ) throws(TreeError) {
    if leaf.hasRoom(key.count, stored.count) {
      leaf.insert(
        index, key, stored, isOverflowing: isOverflowing, weight: weight,
        scratch: context.scratch)
      account(1, weight)
    } else {
      try split(index, key, stored, isOverflowing: isOverflowing, weight)
    }
  }

  @inline(__always)
  private func replace(
    _ index: Int, _ key: Bytes, _ value: Bytes, _ weight: UInt64
  ) throws(TreeError) {
    let leaf = leaf
    if layout.isWeighted { try replaceWeight(index, weight) }
    let fits =
      layout.hasFixedLeaves
      || (!leaf.isOverflowing(index) && leaf.value(index).count == value.count
        && leaf.recordSize(key.count, value.count) <= layout.recordLimit)
    if fits { return leaf.overwrite(index, value) }
    // The record is of another size: a removal, and an insertion in its place.
    try freeOverflow(index..<index + 1)
    leaf.remove(index..<index + 1)
    account(-1, 0 &- weight)
    try insert(index, key, value, weight)
  }

  /// - Returns: whether the key is there.
  func setWeight(_ weight: UInt64, of key: Bytes) throws(TreeError) -> Bool {
    try check(key, weight)
    guard record.root != 0 else { return false }
    let (index, isThere) = try seek(key)
    guard isThere else { return false }
    guard layout.isWeighted else { return true }
    try makeWritable()
    try replaceWeight(index, weight)
    return true
  }

  private func replaceWeight(_ index: Int, _ weight: UInt64) throws(TreeError) {
    let leaf = leaf
    let old = leaf.weight(index)
    try checkSum(weight, instead: old)
    leaf.setWeight(index, weight)
    account(0, weight &- old)
  }
}
