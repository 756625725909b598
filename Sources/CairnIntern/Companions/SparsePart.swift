/// What a ``SparseArray`` holds of an aligned range of indices.
@usableFromInline
enum SparsePart<Element: BitwiseCopyable>: BitwiseCopyable {
  case nothing
  /// The few values that were set.
  case group(SparseGroup<Element>)
  /// All values of the range; or, of more than a block has, its parts.
  case block(UnsafeMutableRawPointer)

  @inlinable static var valueBits: UInt64 { 10 }
  @inlinable static var partBits: UInt64 { 4 }

  @inlinable static var valuesPerBlock: Int { 1 << Int(valueBits) }
  @inlinable static var partsPerBlock: Int { 1 << Int(partBits) }
  /// The most values of a group: beyond a quarter, a block takes no more than four times its values.
  @inlinable static var groupLimit: Int { valuesPerBlock / 4 }

  /// The levels of parts above the values up to an index.
  @inlinable
  static func height(reaching index: UInt64) -> UInt64 {
    let bits = UInt64(UInt64.bitWidth - index.leadingZeroBitCount)
    return bits <= valueBits ? 0 : (bits - valueBits + partBits - 1) / partBits
  }

  @inlinable
  static func shift(_ level: UInt64) -> UInt64 { valueBits + partBits * (level - 1) }

  /// The place of an index among the parts of a block.
  @inlinable
  static func slot(_ index: UInt64, _ level: UInt64) -> Int {
    Int(index >> shift(level) & (1 << partBits - 1))
  }

  /// The place of an index in a block of values.
  @inlinable
  static func valueSlot(_ index: UInt64) -> Int { Int(index & (1 << valueBits - 1)) }

  @inlinable
  static func values(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Element> {
    block.assumingMemoryBound(to: Element.self)
  }

  @inlinable
  static func parts(_ block: UnsafeMutableRawPointer) -> UnsafeMutablePointer<SparsePart> {
    block.assumingMemoryBound(to: SparsePart.self)
  }
}

/// The values of a few indices, in their order. Whoever made a group frees it.
@usableFromInline
struct SparseGroup<Element: BitwiseCopyable>: BitwiseCopyable {
  // The number of entries and the room for them, four bytes each, then the indices, then the values.
  @usableFromInline let start: UnsafeMutableRawPointer

  /// - Precondition: the capacity is not 0.
  init(capacity: Int) {
    start = .allocate(
      byteCount: Self.byteCount(capacity), alignment: max(8, MemoryLayout<Element>.alignment))
    start.storeBytes(of: 0, as: UInt32.self)
    start.storeBytes(of: UInt32(capacity), toByteOffset: 4, as: UInt32.self)
    (start + 8).bindMemory(to: UInt64.self, capacity: capacity)
    (start + Self.valuesOffset(capacity)).bindMemory(to: Element.self, capacity: capacity)
  }

  @inlinable
  var count: Int {
    get { Int(start.load(as: UInt32.self)) }
    nonmutating set { start.storeBytes(of: UInt32(newValue), as: UInt32.self) }
  }

  @inlinable var capacity: Int { Int(start.load(fromByteOffset: 4, as: UInt32.self)) }

  var byteCount: Int { Self.byteCount(capacity) }

  private static func byteCount(_ capacity: Int) -> Int {
    valuesOffset(capacity) + capacity * MemoryLayout<Element>.stride
  }

  @inlinable
  static func valuesOffset(_ capacity: Int) -> Int {
    let alignment = MemoryLayout<Element>.alignment
    return (8 + capacity * 8 + alignment - 1) / alignment * alignment
  }

  @inlinable
  var indices: UnsafeMutablePointer<UInt64> { (start + 8).assumingMemoryBound(to: UInt64.self) }

  @inlinable
  var values: UnsafeMutablePointer<Element> {
    (start + Self.valuesOffset(capacity)).assumingMemoryBound(to: Element.self)
  }

  /// The place of the first entry that is not before an index.
  @inlinable
  func place(of index: UInt64) -> Int {
    let indices = indices
    var low = 0
    var high = count
    // Most come in ascending order.
    if high > 0, indices[high - 1] < index { return high }
    while low < high {
      let middle = (low + high) / 2
      if indices[middle] < index { low = middle + 1 } else { high = middle }
    }
    return low
  }

  @inlinable
  func value(at index: UInt64) -> Element? {
    let place = place(of: index)
    return place < count && indices[place] == index ? values[place] : nil
  }

  /// - Precondition: there is room, and `place` is that of the index, which has no entry.
  @inlinable
  func insert(_ value: Element, at index: UInt64, _ place: Int) {
    let count = count
    let (indices, values) = (indices, values)
    (indices + place + 1).update(from: indices + place, count: count - place)
    (values + place + 1).update(from: values + place, count: count - place)
    indices[place] = index
    values[place] = value
    self.count = count + 1
  }

  /// - Precondition: there is room, and the entries come behind those that are here.
  func append(_ other: SparseGroup, _ entries: Range<Int>) {
    let count = count
    (indices + count).update(from: other.indices + entries.lowerBound, count: entries.count)
    (values + count).update(from: other.values + entries.lowerBound, count: entries.count)
    self.count = count + entries.count
  }
}
