import Synchronization

/// What the cache has done since the store was opened.
final class CacheCounters: @unchecked Sendable {
  // Sendable: all that changes is atomic.
  let misses = Atomic<UInt64>(0)
  let pagesRead = Atomic<UInt64>(0)
  let pagesWritten = Atomic<UInt64>(0)

  /// Counts of hits, each in a line of the processor's cache of its own: threads that look at
  /// different pages would be slowed down by a counter that they share.
  private let hitCounts: UnsafeMutablePointer<Atomic<UInt64>>
  private static let lines = 64
  private static let wordsPerLine = 8

  init() {
    let count = Self.lines * Self.wordsPerLine
    hitCounts = UnsafeMutableRawPointer.allocate(byteCount: 8 * count, alignment: 64)
      .bindMemory(to: Atomic<UInt64>.self, capacity: count)
    for i in 0..<count { (hitCounts + i).initialize(to: Atomic(0)) }
  }

  deinit {
    hitCounts.deinitialize(count: Self.lines * Self.wordsPerLine)
    hitCounts.deallocate()
  }

  /// Counts a page that was there when it was asked for.
  ///
  /// Not in one step, which would take as long as finding the page: of two threads that count
  /// at the same moment, one may be forgotten.
  ///
  /// - Parameter firstSlot: of the page's set, of eight slots.
  @inline(__always)
  func addHit(_ firstSlot: Int) {
    let word = firstSlot & (Self.lines * Self.wordsPerLine - 1)
    hitCounts[word].store(hitCounts[word].load(ordering: .relaxed) &+ 1, ordering: .relaxed)
  }

  var hits: UInt64 {
    var sum: UInt64 = 0
    for line in 0..<Self.lines {
      sum &+= hitCounts[line * Self.wordsPerLine].load(ordering: .relaxed)
    }
    return sum
  }
}
