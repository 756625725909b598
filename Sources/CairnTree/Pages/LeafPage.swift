#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A leaf: entries in ascending order of their keys.
///
/// With fixed widths: from byte 48 on room for `leafCapacity` keys, then for as many values, then,
/// in a weighted tree, for as many weights. Else: from byte 48 on for each entry 2 bytes, the offset
/// of its record; records grow from the end of the page down:
///
///     0  2  the length of the key
///     2  2  the length of the value, or 0xFFFF for one in overflow pages
///     4  8  the weight, in a weighted tree only
///        -  the key
///        -  the value; of one in overflow pages, its length (8 bytes) and first page (4 bytes)
struct LeafPage {
  let page: Page
  let layout: Layout

  static let overflowMark = 0xFFFF
  static let overflowReferenceSize = 12

  @inline(__always)
  init(_ base: UnsafeMutableRawPointer, _ layout: Layout) {
    page = Page(base)
    self.layout = layout
  }

  @inline(__always) var base: UnsafeMutableRawPointer { page.base }
  @inline(__always) var count: Int { page.count }
  @inline(__always) var recordHeaderSize: Int { layout.isWeighted ? 12 : 4 }

  @inline(__always) func record(_ index: Int) -> Int { page.u16(PageHeader.size + 2 * index) }

  @inline(__always)
  func key(_ index: Int) -> Bytes {
    if layout.hasFixedLeaves {
      return Bytes(base + PageHeader.size + index * layout.keyWidth, layout.keyWidth)
    }
    let record = record(index)
    return Bytes(base + record + recordHeaderSize, page.u16(record))
  }

  /// Whether the value is in overflow pages.
  @inline(__always)
  func isOverflowing(_ index: Int) -> Bool {
    !layout.hasFixedLeaves && page.u16(record(index) + 2) == Self.overflowMark
  }

  /// The value, or the reference to one in overflow pages.
  @inline(__always)
  func value(_ index: Int) -> Bytes {
    if layout.hasFixedLeaves {
      return Bytes(base + layout.valuesOffset + index * layout.valueWidth, layout.valueWidth)
    }
    let record = record(index)
    let length = page.u16(record + 2)
    return Bytes(
      base + record + recordHeaderSize + page.u16(record),
      length == Self.overflowMark ? Self.overflowReferenceSize : length)
  }

  @inline(__always)
  private func weightOffset(_ index: Int) -> Int {
    layout.hasFixedLeaves ? layout.weightsOffset + 8 * index : record(index) + 4
  }

  /// - Precondition: the tree is weighted.
  @inline(__always)
  func weight(_ index: Int) -> UInt64 { page.u64(weightOffset(index)) }

  @inline(__always)
  func setWeight(_ index: Int, _ weight: UInt64) { page.set64(weightOffset(index), weight) }

  /// The sum of the weights in front of an entry.
  func weightBefore(_ index: Int) -> UInt64 {
    guard layout.isWeighted else { return 0 }
    var sum: UInt64 = 0
    for i in 0..<index { sum &+= weight(i) }
    return sum
  }

  /// The number of keys that precede `key`.
  @inline(__always)
  func lowerBound(_ key: Bytes) -> Int {
    if layout.hasFixedLeaves, layout.keyWidth == 8 {
      return KeySearch.lowerBound(base + PageHeader.size, count, KeySearch.load(key.base, 0))
    }
    return KeySearch.partition(0, count) { self.key($0).precedes(key) }
  }

  /// Where `key` is or belongs, and whether it is there.
  @inline(__always)
  func search(_ key: Bytes) -> (index: Int, isThere: Bool) {
    let index = lowerBound(key)
    if layout.hasFixedLeaves, layout.keyWidth == 8 {
      let found = index < count && page.u64(PageHeader.size + 8 * index) == Page.word(key)
      return (index, found)
    }
    return (index, index < count && self.key(index).equals(key))
  }

  // MARK: Room

  /// The bytes that an entry takes without fixed widths, given what is stored for its value.
  @inline(__always)
  func recordSize(_ keyLength: Int, _ storedLength: Int) -> Int {
    recordHeaderSize + keyLength + storedLength
  }

  @inline(__always) private var gap: Int { page.heapStart - PageHeader.size - 2 * count }

  /// The bytes in use, slots included.
  var usedBytes: Int {
    if layout.hasFixedLeaves {
      return count * (layout.keyWidth + layout.valueWidth + (layout.isWeighted ? 8 : 0))
    }
    return layout.pageSize - page.heapStart - page.deadBytes + 2 * count
  }

  var capacityBytes: Int { layout.pageSize - PageHeader.size }

  func hasRoom(_ keyLength: Int, _ storedLength: Int) -> Bool {
    if layout.hasFixedLeaves { return count < layout.leafCapacity }
    return capacityBytes - usedBytes >= recordSize(keyLength, storedLength) + 2
  }

  // MARK: Changes

  /// Inserts an entry.
  ///
  /// - Precondition: there is room, and the index is where the key belongs.
  @inline(__always)
  func insert(
    _ index: Int, _ key: Bytes, _ value: Bytes, isOverflowing: Bool, weight: UInt64,
    scratch: UnsafeMutableRawPointer
  ) {
    let count = count
    if layout.hasFixedLeaves {
      let (keyWidth, valueWidth) = (layout.keyWidth, layout.valueWidth)
      let keyPlace = base + PageHeader.size + index * keyWidth
      let valuePlace = base + layout.valuesOffset + index * valueWidth
      if index < count {
        memmove(keyPlace + keyWidth, keyPlace, (count - index) * keyWidth)
        memmove(valuePlace + valueWidth, valuePlace, (count - index) * valueWidth)
        if layout.isWeighted {
          let place = base + layout.weightsOffset + index * 8
          memmove(place + 8, place, (count - index) * 8)
        }
      }
      if keyWidth == 8 {
        keyPlace.copyMemory(from: key.base, byteCount: 8)
      } else {
        memcpy(keyPlace, key.base, keyWidth)
      }
      if valueWidth == 8 {
        valuePlace.copyMemory(from: value.base, byteCount: 8)
      } else {
        memcpy(valuePlace, value.base, valueWidth)
      }
      page.count = count + 1
      if layout.isWeighted { setWeight(index, weight) }
      return
    }
    insertRecord(
      index, key, value, isOverflowing: isOverflowing, weight: weight, scratch: scratch)
  }

  @inline(never)
  private func insertRecord(
    _ index: Int, _ key: Bytes, _ value: Bytes, isOverflowing: Bool, weight: UInt64,
    scratch: UnsafeMutableRawPointer
  ) {
    let size = recordSize(key.count, value.count)
    if gap < size + 2 { closeGaps(scratch) }
    let record = page.heapStart - size
    page.heapStart = record
    page.set16(record, key.count)
    page.set16(record + 2, isOverflowing ? Self.overflowMark : value.count)
    if layout.isWeighted { page.set64(record + 4, weight) }
    let keyPlace = base + record + recordHeaderSize
    memcpy(keyPlace, key.base, key.count)
    memcpy(keyPlace + key.count, value.base, value.count)
    let slot = base + PageHeader.size + 2 * index
    memmove(slot + 2, slot, 2 * (count - index))
    page.set16(PageHeader.size + 2 * index, record)
    page.count = count + 1
  }

  /// Removes entries. What overflows is the caller's to free.
  func remove(_ range: Range<Int>) {
    let count = count
    let behind = count - range.upperBound
    func close(_ offset: Int, _ width: Int) {
      let place = base + offset + range.lowerBound * width
      memmove(place, place + range.count * width, behind * width)
      // What is unused is zero, so that equal trees are equal files.
      memset(place + behind * width, 0, range.count * width)
    }
    if layout.hasFixedLeaves {
      close(PageHeader.size, layout.keyWidth)
      close(layout.valuesOffset, layout.valueWidth)
      if layout.isWeighted { close(layout.weightsOffset, 8) }
    } else {
      var dead = 0
      for index in range { dead += recordSize(key(index).count, value(index).count) }
      page.deadBytes += dead
      close(PageHeader.size, 2)
    }
    page.count = count - range.count
  }

  /// Replaces a value by one of the same stored length.
  @inline(__always)
  func overwrite(_ index: Int, _ value: Bytes) {
    UnsafeMutableRawPointer(mutating: self.value(index).base)
      .copyMemory(from: value.base, byteCount: value.count)
  }

  /// Moves the records together.
  private func closeGaps(_ scratch: UnsafeMutableRawPointer) {
    memcpy(scratch, base, layout.pageSize)
    let old = LeafPage(scratch, layout)
    clear()
    append(old, 0..<old.count)
  }

  /// Removes all entries.
  func clear() {
    page.count = 0
    page.heapStart = layout.pageSize
    page.deadBytes = 0
    memset(base + PageHeader.size, 0, layout.pageSize - PageHeader.size)
  }

  /// Appends entries of another leaf, for which there is room, the records without gaps.
  func append(_ other: LeafPage, _ range: Range<Int>) {
    let count = count
    if layout.hasFixedLeaves {
      func copy(_ offset: Int, _ width: Int) {
        memcpy(
          base + offset + count * width, other.base + offset + range.lowerBound * width,
          range.count * width)
      }
      copy(PageHeader.size, layout.keyWidth)
      copy(layout.valuesOffset, layout.valueWidth)
      if layout.isWeighted { copy(layout.weightsOffset, 8) }
    } else {
      var heap = page.heapStart
      for (position, index) in range.enumerated() {
        let size = other.recordSize(other.key(index).count, other.value(index).count)
        heap -= size
        memcpy(base + heap, other.base + other.record(index), size)
        page.set16(PageHeader.size + 2 * (count + position), heap)
      }
      page.heapStart = heap
    }
    page.count = count + range.count
  }

  /// What an entry takes, slot included.
  func size(of index: Int) -> Int {
    layout.hasFixedLeaves
      ? layout.keyWidth + layout.valueWidth + (layout.isWeighted ? 8 : 0)
      : 2 + recordSize(key(index).count, value(index).count)
  }
}
