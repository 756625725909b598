import Testing

@testable import CairnTree

@Suite struct CacheTests {
  /// A tree of two levels, on the storage alone.
  private func storageWithTree() throws -> MemoryStorage {
    let storage = MemoryStorage()
    let store = try TreeStore(on: storage, TreeStoreOptions(pageSize: 4096))
    let writing = try store.beginWriting()
    let tree = try writing.tree("a", creating: TreeOptions(for: UInt64.self, UInt64.self))
    try tree.typed(UInt64.self, UInt64.self).load((0..<5000).map { (UInt64($0), UInt64($0)) })
    try writing.commit(.checkpoint)
    return storage
  }

  @Test func hitsAndMissesAreCounted() throws {
    let store = try TreeStore(on: try storageWithTree())
    let tree = try store.beginReading().tree("a").typed(UInt64.self, UInt64.self)
    let opened = try store.statistics()
    #expect(try tree.value(for: 17) == 17)
    let first = try store.statistics()
    #expect(first.cacheMisses - opened.cacheMisses == 2)
    #expect(first.cacheHits == opened.cacheHits)
    #expect(try tree.value(for: 18) == 18)
    let second = try store.statistics()
    #expect(second.cacheMisses == first.cacheMisses)
    #expect(second.cacheHits - first.cacheHits == 2)
    // Another leaf under the same root.
    #expect(try tree.value(for: 4999) == 4999)
    let third = try store.statistics()
    #expect(third.cacheMisses - second.cacheMisses == 1)
    #expect(third.cacheHits - second.cacheHits == 1)
    #expect(third.pagesRead == third.cacheMisses)
  }

  /// Frames of every size are apart from one another, with large pages and without.
  @Test(arguments: [0, 1 << 20, 3 << 20, 9 << 20]) func pagesOfACacheDoNotOverlap(
    _ budget: Int
  ) throws {
    let cache = try PageCache(MemoryStorage(), pageSize: 4096, budget: budget)
    let count = max(PageCache.minimumSlots, budget / 4096)
    var pinned: [PinnedPage] = []
    for number in 0..<count {
      let page = try cache.pinNew(UInt32(number))
      #expect(page.slot >= 0)
      page.base.initializeMemory(as: UInt8.self, repeating: UInt8(number & 255), count: 4096)
      pinned.append(page)
    }
    var wrong = 0
    for (number, page) in pinned.enumerated() {
      let bytes = UnsafeRawBufferPointer(start: page.base, count: 4096)
      if bytes.first != UInt8(number & 255) || bytes.last != UInt8(number & 255) { wrong += 1 }
      cache.unpin(page)
    }
    #expect(wrong == 0)
  }

  @Test(arguments: [Int.max, Int.max / 2, 1 << 46])
  func moreMemoryThanThereIsIsAnError(byteCount: Int) {
    let error = #expect(throws: TreeError.self) {
      try TreeStore(on: MemoryStorage(), TreeStoreOptions(cacheBytes: byteCount))
    }
    #expect(error?.code == .invalid)
  }
}
