/// Changes to be made together, in any order: collected in memory, then sorted and made in one go.
///
/// Random insertions are several times faster this way than one by one: each page of the tree that
/// they concern is looked for once, and copied once, for all of them. Beside its key and value, a change
/// takes 80 bytes until it is made. What a batch has allocated it keeps, so one that is used again
/// allocates nothing.
///
///     var batch = TreeBatch()
///     for event in events { batch.put(event.id.span.bytes, event.text.span.bytes) }
///     try tree.apply(&batch)
public struct TreeBatch: Sendable {
  struct Change: Sendable {
    /// The first bytes of the key, as a big-endian number, with zeros behind a shorter one.
    var prefix: UInt64
    var weight: UInt64
    /// Where the key is, and the value behind it.
    var start: Int
    /// The length of the value, or -1 for a removal.
    var valueLength: Int
    var keyLength: Int32
    /// The place in the order in which the changes were added. Stable sorting would do without, but
    /// for the few keys that are longer than their prefix.
    var number: Int32
  }

  private(set) var changes: [Change] = []
  private(set) var bytes: [UInt8] = []
  private var spare: [Change] = []

  public init() {}

  /// The most changes that a batch takes.
  public static let capacity = Int(Int32.max)

  /// The number of changes, several of one key included.
  public var count: Int { changes.count }
  public var isEmpty: Bool { changes.isEmpty }

  public mutating func reserveCapacity(_ count: Int) {
    changes.reserveCapacity(count)
    spare.reserveCapacity(count)
  }

  /// Forgets all changes, but not the memory for them.
  public mutating func removeAll() {
    changes.removeAll(keepingCapacity: true)
    bytes.removeAll(keepingCapacity: true)
  }

  /// Stores an entry, in the place of the one with that key if there is one. Of several changes of
  /// one key, the one that was added last counts.
  ///
  /// Whether the tree can hold such a key and value is told when the batch is applied.
  ///
  /// - Precondition: there are less than ``capacity`` changes, and the key is not longer than that.
  public mutating func put(_ key: RawSpan, _ value: RawSpan, weight: UInt64 = 0) {
    add(key, weight, valueLength: value.byteCount)
    value.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  /// Removes the entry with that key if there is one.
  ///
  /// - Precondition: as for ``put(_:_:weight:)-(RawSpan,_,_)``.
  public mutating func remove(_ key: RawSpan) {
    add(key, 0, valueLength: -1)
  }

  @inline(__always)
  private mutating func add(_ key: RawSpan, _ weight: UInt64, valueLength: Int) {
    changes.append(
      Change(
        prefix: Self.prefix(key), weight: weight, start: bytes.count, valueLength: valueLength,
        keyLength: Int32(key.byteCount), number: Int32(changes.count)))
    key.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  @inline(__always)
  private static func prefix(_ key: RawSpan) -> UInt64 {
    if key.byteCount >= 8 { return UInt64(bigEndian: key.unsafeLoadUnaligned(as: UInt64.self)) }
    var prefix: UInt64 = 0
    for index in 0..<key.byteCount {
      prefix |=
        UInt64(key.unsafeLoad(fromByteOffset: index, as: UInt8.self)) << UInt64(56 - 8 * index)
    }
    return prefix
  }

  // MARK: Order

  /// Sorts the changes by their keys, and those of one key in the order in which they were added.
  mutating func sort() {
    sortPrefixes()
    sortEqualPrefixes()
  }

  /// Byte by byte from the last to the first, as punched cards were: a pass over the changes for each
  /// byte in which they differ, and no comparisons.
  private mutating func sortPrefixes() {
    guard let first = changes.first?.prefix else { return }
    var differing: UInt64 = 0
    var isSorted = true
    var previous = first
    for change in changes {
      differing |= change.prefix ^ first
      isSorted = isSorted && previous <= change.prefix
      previous = change.prefix
    }
    if isSorted { return }
    if changes.count < 256 {
      changes.sort { ($0.prefix, $0.number) < ($1.prefix, $1.number) }
      return
    }
    spare.removeAll(keepingCapacity: true)
    spare.append(contentsOf: changes)
    for shift in stride(from: UInt64(0), to: 64, by: 8) where differing >> shift & 255 != 0 {
      var places = [Int](repeating: 0, count: 256)
      for change in changes { places[Int(change.prefix >> shift & 255)] += 1 }
      var sum = 0
      for byte in 0..<256 { (places[byte], sum) = (sum, sum + places[byte]) }
      for change in changes {
        let byte = Int(change.prefix >> shift & 255)
        spare[places[byte]] = change
        places[byte] += 1
      }
      swap(&changes, &spare)
    }
  }

  /// Sorts those whose first eight bytes are the same by what is behind.
  private mutating func sortEqualPrefixes() {
    var start = 0
    while start < changes.count {
      var end = start + 1
      var isLong = changes[start].keyLength != 8
      while end < changes.count, changes[end].prefix == changes[start].prefix {
        isLong = isLong || changes[end].keyLength != 8
        end += 1
      }
      if isLong, end - start > 1 {
        bytes.withUnsafeBytes { bytes in
          changes[start..<end].sort { Self.precedes($0, $1, bytes) }
        }
      }
      start = end
    }
  }

  private static func precedes(
    _ first: Change, _ second: Change, _ bytes: UnsafeRawBufferPointer
  ) -> Bool {
    // Keys of no bytes may have no address.
    guard let base = bytes.baseAddress else { return first.number < second.number }
    let key = Bytes(base + first.start, Int(first.keyLength))
    let other = Bytes(base + second.start, Int(second.keyLength))
    return key.precedes(other) || (key.equals(other) && first.number < second.number)
  }
}

extension WritableTree {
  /// Makes the changes of a batch, which is empty afterwards.
  ///
  /// - Returns: how many entries were changed in which way.
  /// - Throws: ``TreeError``: `.invalid` as for ``put(_:_:weight:)``. The changes of smaller keys are
  ///   made then, and the transaction goes on; the batch has been sorted, but is whole.
  @discardableResult
  public func apply(_ batch: inout TreeBatch) throws(TreeError) -> TreeChangeCounts {
    batch.sort()
    let counts = try make(batch)
    batch.removeAll()
    return counts
  }

  private func make(_ batch: borrowing TreeBatch) throws(TreeError) -> TreeChangeCounts {
    let changes = batch.changes
    let bytes = batch.bytes
    return try change { () throws(TreeError) in
      try bytes.span.bytes.lend { (bytes) throws(TreeError) in try make(changes, bytes) }
    }
  }

  private func make(
    _ changes: [TreeBatch.Change], _ bytes: Bytes
  ) throws(TreeError) -> TreeChangeCounts {
    var counts = TreeChangeCounts()
    for index in changes.indices {
      let change = changes[index]
      let key = Bytes(bytes.base + change.start, Int(change.keyLength))
      if index + 1 < changes.count, changes[index + 1].prefix == change.prefix {
        let next = changes[index + 1]
        if key.equals(Bytes(bytes.base + next.start, Int(next.keyLength))) { continue }
      }
      if change.valueLength < 0 {
        if try writer.remove(key) { counts.removed += 1 }
        continue
      }
      let value = Bytes(key.base + key.count, change.valueLength)
      if try writer.put(key, value, weight: change.weight, .insertOrUpdate) {
        counts.updated += 1
      } else {
        counts.inserted += 1
      }
    }
    return counts
  }
}

extension TreeBatch {
  /// Stores an entry, as ``put(_:_:weight:)`` does, with a key and a value of these types.
  @inlinable
  public mutating func put<Key: TreeKey, Value: TreeValue>(
    _ key: Key, _ value: Value, weight: UInt64 = 0
  ) {
    key.withEncoded { key in
      value.withEncoded { value in put(key, value, weight: weight) }
    }
  }

  /// Removes the entry with that key if there is one.
  @inlinable
  public mutating func remove<Key: TreeKey>(_ key: Key) {
    key.withEncoded { key in remove(key) }
  }
}

extension TypedTree where Base == WritableTree {
  /// Stores entries, in the place of those with the same keys: all are collected in memory and
  /// sorted first. Of several with one key the last one counts.
  ///
  /// - Returns: how many were inserted and how many updated.
  /// - Throws: as ``WritableTree/apply(_:)``.
  @inlinable
  @discardableResult
  public func putMany(
    _ entries: some Sequence<(Key, Value)>
  ) throws(TreeError) -> TreeChangeCounts {
    var batch = TreeBatch()
    batch.reserveCapacity(entries.underestimatedCount)
    for (key, value) in entries { batch.put(key, value) }
    return try base.apply(&batch)
  }
}
