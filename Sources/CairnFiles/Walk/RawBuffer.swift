#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A growing stack of trivial values.
///
/// Unlike `Array` it grows by `realloc`, which for large blocks remaps pages instead of copying
/// them, so that a directory of a million names never has its names in memory twice.
struct RawBuffer<Element: BitwiseCopyable>: ~Copyable {
  private(set) var start: UnsafeMutablePointer<Element>
  private(set) var count = 0
  private var capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    start = Self.resize(nil, to: capacity)
  }

  deinit {
    free(start)
  }

  private static func resize(
    _ old: UnsafeMutablePointer<Element>?, to capacity: Int
  ) -> UnsafeMutablePointer<Element> {
    guard let new = realloc(old, capacity * MemoryLayout<Element>.stride) else {
      fatalError("out of memory")
    }
    return new.assumingMemoryBound(to: Element.self)
  }

  /// Makes room for `extra` more elements.
  @inline(__always)
  mutating func reserve(_ extra: Int) {
    if count + extra > capacity { grow(extra) }
  }

  @inline(never)
  private mutating func grow(_ extra: Int) {
    capacity = max(capacity * 2, count + extra)
    start = Self.resize(start, to: capacity)
  }

  @inline(__always)
  mutating func append(_ element: Element) {
    reserve(1)
    start[count] = element
    count += 1
  }

  @inline(__always)
  mutating func append(_ elements: UnsafePointer<Element>, count added: Int) {
    reserve(added)
    (start + count).update(from: elements, count: added)
    count += added
  }

  /// Forgets the elements from `newCount` on.
  @inline(__always)
  mutating func truncate(to newCount: Int) {
    count = newCount
  }
}
