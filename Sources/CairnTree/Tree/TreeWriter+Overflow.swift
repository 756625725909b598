#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Values that are too long for a leaf, in chains of pages of their own.
extension TreeWriter {
  /// Writes a long value.
  ///
  /// - Returns: the reference to it: length and first page, as a leaf stores them.
  func writeOverflow(_ value: Bytes) throws(TreeError) -> (UInt64, UInt32) {
    let room = layout.pageSize - PageHeader.size
    // From the end on, since each page tells of the next.
    var next: UInt32 = 0
    var end = value.count
    while end > 0 {
      let start = (end - 1) / room * room
      let pinned = try context.make(.overflow, level: 0, of: record)
      memcpy(pinned.base + PageHeader.size, value.base + start, end - start)
      pinned.page.set32(36, next)
      pinned.page.deadBytes = end - start
      next = pinned.page.number
      cache.unpin(pinned)
      record.overflowPages &+= 1
      end = start
    }
    return (UInt64(value.count).littleEndian, next.littleEndian)
  }

  func freeOverflow(_ range: Range<Int>) throws(TreeError) {
    guard record.overflowPages > 0 else { return }
    let root = TreeRoot(
      cache: cache, record: record, layout: layout, transaction: context.transaction,
      pageCount: context.space.pageCount)
    var pages: [(UInt32, UInt64)] = []
    for index in range where leaf.isOverflowing(index) {
      try root.forEachOverflow(leaf.value(index), of: leaf.page) { page, _ in
        pages.append((page.number, page.transaction))
      }
    }
    for (number, birth) in pages { context.free(number, birth: birth) }
    record.overflowPages &-= UInt64(pages.count)
  }
}
