#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// An inner page: n children and what is under them. From byte 48 on, without gaps:
///
///     8n  the number of entries under the children up to and with this one
///     8n  the sum of their weights, in a weighted tree only
///     4n  the children's page numbers
///     kn  with keys of fixed width: for each child a key that is at most its first key and larger
///         than all keys of the children before it; the first child's is zero and not looked at
///     4n  else: the offset of that key and its length, 2 bytes each; the keys are at the end of the
///         page without gaps; the first child's is empty
struct InnerPage {
  let page: Page
  let layout: Layout

  @inline(__always)
  init(_ base: UnsafeMutableRawPointer, _ layout: Layout) {
    page = Page(base)
    self.layout = layout
  }

  @inline(__always) var base: UnsafeMutableRawPointer { page.base }
  @inline(__always) var count: Int { page.count }

  @inline(__always) var sums: UnsafeMutableRawPointer { base + PageHeader.size }
  @inline(__always) var weightSums: UnsafeMutableRawPointer { sums + 8 * count }
  @inline(__always) private var childrenOffset: Int {
    PageHeader.size + (layout.isWeighted ? 16 : 8) * count
  }
  @inline(__always) private var keysOffset: Int { childrenOffset + 4 * count }

  @inline(__always) func child(_ index: Int) -> UInt32 { page.u32(childrenOffset + 4 * index) }
  @inline(__always) func setChild(_ index: Int, _ number: UInt32) {
    page.set32(childrenOffset + 4 * index, number)
  }

  @inline(__always)
  func key(_ index: Int) -> Bytes {
    if layout.hasFixedKeys {
      return Bytes(base + keysOffset + index * layout.keyWidth, layout.keyWidth)
    }
    let slot = keysOffset + 4 * index
    return Bytes(base + page.u16(slot), page.u16(slot + 2))
  }

  /// - Precondition: keys have a fixed width.
  func setKey(_ index: Int, _ key: Bytes) {
    (base + keysOffset + index * layout.keyWidth).copyMemory(
      from: key.base, byteCount: layout.keyWidth)
  }

  /// The number of entries in front of a child.
  @inline(__always)
  func countBefore(_ index: Int) -> UInt64 {
    index == 0 ? 0 : KeySearch.sum(sums, index - 1)
  }
  @inline(__always) func entryCount(_ index: Int) -> UInt64 {
    KeySearch.sum(sums, index) &- countBefore(index)
  }
  @inline(__always) var total: UInt64 { KeySearch.sum(sums, count - 1) }

  @inline(__always)
  func weightBefore(_ index: Int) -> UInt64 {
    index == 0 || !layout.isWeighted ? 0 : KeySearch.sum(weightSums, index - 1)
  }
  @inline(__always) func weight(_ index: Int) -> UInt64 {
    layout.isWeighted ? KeySearch.sum(weightSums, index) &- weightBefore(index) : 0
  }
  @inline(__always) var totalWeight: UInt64 {
    layout.isWeighted ? KeySearch.sum(weightSums, count - 1) : 0
  }

  /// The child under which `key` is or belongs.
  @inline(__always)
  func childIndex(_ key: Bytes) -> Int {
    if layout.keyWidth == 8 {
      return KeySearch.upperBound(
        base + keysOffset + 8, count - 1, KeySearch.load(key.base, 0))
    }
    return KeySearch.partition(1, count) { !key.precedes(self.key($0)) } - 1
  }

  /// The child that holds the entry of that rank; at most the last.
  @inline(__always)
  func childIndex(rank: UInt64) -> Int {
    min(KeySearch.sumsUpTo(rank, sums, count), count - 1)
  }

  /// The child that holds the entry at that weight; at most the last.
  @inline(__always)
  func childIndex(weight: UInt64) -> Int {
    min(KeySearch.sumsUpTo(weight, weightSums, count), count - 1)
  }

  /// Adds to the count and weight of a child.
  @inline(__always)
  func add(_ countChange: Int, _ weightChange: UInt64, to index: Int) {
    Self.add(UInt64(bitPattern: Int64(countChange)), sums, index, count)
    if layout.isWeighted, weightChange != 0 { Self.add(weightChange, weightSums, index, count) }
  }

  @inline(__always)
  private static func add(
    _ change: UInt64, _ sums: UnsafeMutableRawPointer, _ from: Int, _ count: Int
  ) {
    for i in from..<count {
      let sum = KeySearch.sum(sums, i) &+ change
      sums.storeBytes(of: sum.littleEndian, toByteOffset: 8 * i, as: UInt64.self)
    }
  }
}

/// What an inner page holds, as a list that can be changed and written again.
///
/// Changes to inner pages other than to counts are rare, a page's worth of insertions apart, so
/// they are made this way, which has no special cases.
struct InnerList {
  struct Child {
    var number: UInt32
    var count: UInt64
    var weight: UInt64
    /// Where the key is in `keyBytes`.
    var keyStart: Int
    var keyLength: Int
  }

  private(set) var children: [Child] = []
  private var keyBytes: [UInt8] = []
  let layout: Layout

  init(_ layout: Layout) { self.layout = layout }

  mutating func removeAll() {
    children.removeAll(keepingCapacity: true)
    keyBytes.removeAll(keepingCapacity: true)
  }

  private mutating func keep(_ key: Bytes) -> (Int, Int) {
    let start = keyBytes.count
    keyBytes.append(contentsOf: UnsafeRawBufferPointer(start: key.base, count: key.count))
    return (start, key.count)
  }

  /// Appends all children of a page.
  ///
  /// - Parameter firstKey: stands for the key of the first child.
  mutating func append(_ page: InnerPage, firstKey: Bytes? = nil) {
    for index in 0..<page.count {
      let (start, length) = keep(index == 0 ? firstKey ?? page.key(0) : page.key(index))
      children.append(
        Child(
          number: page.child(index), count: page.entryCount(index), weight: page.weight(index),
          keyStart: start, keyLength: length))
    }
  }

  mutating func append(_ number: UInt32, count: UInt64, weight: UInt64) {
    children.append(
      Child(number: number, count: count, weight: weight, keyStart: 0, keyLength: 0))
  }

  mutating func update(_ index: Int, count: UInt64, weight: UInt64) {
    children[index].count = count
    children[index].weight = weight
  }

  mutating func insert(_ index: Int, _ number: UInt32, count: UInt64, weight: UInt64, key: Bytes) {
    let (start, length) = keep(key)
    children.insert(
      Child(number: number, count: count, weight: weight, keyStart: start, keyLength: length),
      at: index)
  }

  mutating func remove(_ index: Int) {
    children.remove(at: index)
  }

  func withKey<Result>(_ index: Int, _ body: (Bytes) -> Result) -> Result {
    let child = children[index]
    return keyBytes.withUnsafeBytes { bytes in
      // The array may be empty, and have no address, when no key has a length.
      body(Bytes(bytes.baseAddress.map { $0 + child.keyStart } ?? emptyKey, child.keyLength))
    }
  }

  private func size(_ index: Int, isFirst: Bool) -> Int {
    let key = layout.hasFixedKeys ? layout.keyWidth : isFirst ? 0 : children[index].keyLength
    return layout.childOverhead + key
  }

  func byteCount(_ range: Range<Int>) -> Int {
    range.reduce(0) { $0 + size($1, isFirst: $1 == range.lowerBound) }
  }

  func fits(_ range: Range<Int>) -> Bool {
    byteCount(range) <= layout.pageSize - PageHeader.size
  }

  /// Where to cut into two pages: about in the middle, or, where the tree grows at its end, behind
  /// all but the last child, so that pages stay full.
  func cut(growsAtEnd: Bool) -> Int {
    if growsAtEnd, fits(0..<children.count - 1) { return children.count - 1 }
    let total = byteCount(0..<children.count)
    var sum = 0
    for index in children.indices {
      sum += size(index, isFirst: index == 0)
      if sum * 2 >= total { return max(1, min(index, children.count - 1)) }
    }
    return children.count - 1
  }

  /// Writes children to a page, whose header stays.
  func write(_ range: Range<Int>, to target: InnerPage) {
    let page = target.page
    let base = page.base
    memset(base + PageHeader.size, 0, layout.pageSize - PageHeader.size)
    page.count = range.count
    var (count, weight): (UInt64, UInt64) = (0, 0)
    var heap = layout.pageSize
    let keys = PageHeader.size + (layout.isWeighted ? 20 : 12) * range.count
    for (position, index) in range.enumerated() {
      let child = children[index]
      count &+= child.count
      weight &+= child.weight
      page.set64(PageHeader.size + 8 * position, count)
      if layout.isWeighted { page.set64(PageHeader.size + 8 * (range.count + position), weight) }
      target.setChild(position, child.number)
      let length = position == 0 ? 0 : child.keyLength
      let place: Int
      if layout.hasFixedKeys {
        place = keys + position * layout.keyWidth
      } else {
        heap -= length
        place = heap
        page.set16(keys + 4 * position, heap)
        page.set16(keys + 4 * position + 2, length)
      }
      if length > 0 {
        keyBytes.withUnsafeBytes { bytes in
          (base + place).copyMemory(from: bytes.baseAddress! + child.keyStart, byteCount: length)
        }
      }
    }
    page.heapStart = heap
  }
}

/// Something that a key of no bytes can point to. Never read, never freed.
nonisolated(unsafe) let emptyKey = UnsafeRawPointer(
  UnsafeMutableRawPointer.allocate(byteCount: 8, alignment: 8))
