/// Pages of a growing file that were read lately: at most 128 KiB, none before the first is kept.
///
/// Each has one place, so finding it takes no search, and another one may have to go for it.
struct RecentPages {
  static let pageSize = 4 << 10
  private static let count = 32

  private struct Page {
    /// Where it begins in the file; -1 for none.
    var start = -1
    /// What there was of it when it was read: the last page grows.
    var byteCount = 0
  }

  private var pages: [Page] = []
  private var bytes: [UInt8] = []

  var memoryBytes: Int { bytes.capacity + pages.capacity * MemoryLayout<Page>.stride }

  private static func slot(of offset: Int) -> Int { offset / pageSize % count }

  /// Fills `buffer` with what the file has from `offset` on.
  ///
  /// - Returns: false if not all of that is here; `buffer` is as it was then.
  func copy(to buffer: UnsafeMutableRawBufferPointer, from offset: Int) -> Bool {
    guard !pages.isEmpty else { return false }
    let slot = Self.slot(of: offset)
    let start = offset % Self.pageSize
    guard pages[slot].start == offset - start, start + buffer.count <= pages[slot].byteCount else {
      return false
    }
    let position = slot * Self.pageSize + start
    bytes.withUnsafeBytes {
      buffer.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: $0[position..<position + buffer.count]))
    }
    return true
  }

  /// Keeps a page, or what there is of it.
  ///
  /// - Precondition: `start` is a multiple of ``pageSize``, and the page is not longer than that.
  mutating func keep(_ page: UnsafeRawBufferPointer, at start: Int) {
    precondition(start % Self.pageSize == 0 && page.count <= Self.pageSize, "a page")
    if pages.isEmpty {
      pages = Array(repeating: Page(), count: Self.count)
      bytes = Array(repeating: 0, count: Self.count * Self.pageSize)
    }
    let slot = Self.slot(of: start)
    // Who was slower may bring an older state of the last page.
    guard pages[slot].start != start || pages[slot].byteCount < page.count else { return }
    pages[slot] = Page(start: start, byteCount: page.count)
    bytes.withUnsafeMutableBytes {
      UnsafeMutableRawBufferPointer(rebasing: $0[(slot * Self.pageSize)...]).copyMemory(from: page)
    }
  }
}
