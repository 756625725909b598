import CairnCore

/// Checks bytes from a storage before they are trusted: afterwards every offset in the page is
/// inside it. Order, counts and references are what the tree and `verify` look at.
enum PageCheck {
  /// - Returns: what is wrong, or `nil`.
  static func problem(_ base: UnsafeMutableRawPointer, _ number: UInt32, _ pageSize: Int) -> String?
  {
    let page = Page(base)
    guard page.checksum == BlockChecksum.of(base, pageSize) else {
      return "its checksum does not match"
    }
    guard page.number == number else { return "it says that it is page \(page.number)" }
    switch PageKind(rawValue: page.kind) {
    case .leaf:
      guard page.level == 0, let layout = Layout(word: page.layoutWord, pageSize: pageSize) else {
        return "its header is none of a leaf"
      }
      return hasSoundOffsets(LeafPage(base, layout)) ? nil : "its records leave the page"
    case .inner:
      guard page.level > 0, let layout = Layout(word: page.layoutWord, pageSize: pageSize) else {
        return "its header is none of an inner page"
      }
      return hasSoundOffsets(InnerPage(base, layout)) ? nil : "its keys leave the page"
    case .overflow, .spaceMap:
      let payload = page.deadBytes
      return payload <= pageSize - PageHeader.size ? nil : "its content leaves the page"
    case nil:
      return "it is of an unknown kind"
    }
  }

  private static func hasSoundOffsets(_ leaf: LeafPage) -> Bool {
    let (layout, page, count) = (leaf.layout, leaf.page, leaf.count)
    if layout.hasFixedLeaves { return count <= layout.leafCapacity }
    let slotsEnd = PageHeader.size + 2 * count
    let heapStart = page.heapStart
    guard slotsEnd <= heapStart, heapStart <= layout.pageSize else { return false }
    guard page.deadBytes <= layout.pageSize - heapStart else { return false }
    let header = leaf.recordHeaderSize
    var used = 0
    for index in 0..<count {
      let record = leaf.record(index)
      guard record >= heapStart, record + header <= layout.pageSize else { return false }
      let keyLength = page.u16(record)
      guard keyLength <= Layout.maximumKeyLength,
        layout.keyWidth < 0 || keyLength == layout.keyWidth
      else { return false }
      let size = header + keyLength + leaf.value(index).count
      guard record + size <= layout.pageSize, size <= layout.largestRecord else { return false }
      used += size
    }
    return used + page.deadBytes == layout.pageSize - heapStart
  }

  private static func hasSoundOffsets(_ inner: InnerPage) -> Bool {
    let (layout, page, count) = (inner.layout, inner.page, inner.count)
    guard count > 0 else { return false }
    let width = layout.childOverhead + max(0, layout.keyWidth)
    guard PageHeader.size + count * width <= layout.pageSize else { return false }
    if layout.hasFixedKeys { return true }
    let slots = PageHeader.size + count * (layout.childOverhead - 4)
    let slotsEnd = slots + 4 * count
    for index in 0..<count {
      let (offset, length) = (page.u16(slots + 4 * index), page.u16(slots + 4 * index + 2))
      // A page of 64 KiB has no 16-bit offset for its end, where only the empty key is.
      if length == 0 { continue }
      guard length <= Layout.maximumKeyLength, offset >= slotsEnd,
        offset + length <= layout.pageSize
      else { return false }
    }
    return true
  }
}
