/// Search in rows of keys and sums.
///
/// Not binary: each step looks at seven places at once and goes on in one of eight parts. The places
/// do not depend on one another, so the processor fetches them together, and a page that is in none
/// of its caches costs as many waits as there are steps: three, where halving would take nine.
enum KeySearch {
  /// The number of keys in a row of big-endian 8-byte keys that precede `key`.
  @inline(__always)
  static func lowerBound(_ keys: UnsafeRawPointer, _ count: Int, _ key: UInt64) -> Int {
    position(count) { load(keys, $0) < key }
  }

  /// The number of items for which `precedes` says yes; they come first.
  @inline(__always)
  private static func position(_ count: Int, _ precedes: (Int) -> Bool) -> Int {
    var base = 0
    var length = count
    while length >= 16 {
      let part = length >> 3
      // Each is one less than the beginning of the next part. No branches: they would be
      // mispredicted half of the time.
      var parts = precedes(base + part - 1) ? 1 : 0
      parts += precedes(base + 2 * part - 1) ? 1 : 0
      parts += precedes(base + 3 * part - 1) ? 1 : 0
      parts += precedes(base + 4 * part - 1) ? 1 : 0
      parts += precedes(base + 5 * part - 1) ? 1 : 0
      parts += precedes(base + 6 * part - 1) ? 1 : 0
      parts += precedes(base + 7 * part - 1) ? 1 : 0
      base += parts * part
      // The last item of a part but the last one is known not to precede.
      length = parts == 7 ? length - 7 * part : part - 1
    }
    var before = 0
    for index in base..<base + length { before += precedes(index) ? 1 : 0 }
    return base + before
  }

  @inline(__always)
  static func upperBound(_ keys: UnsafeRawPointer, _ count: Int, _ key: UInt64) -> Int {
    key == .max ? count : lowerBound(keys, count, key + 1)
  }

  @inline(__always)
  static func load(_ keys: UnsafeRawPointer, _ index: Int) -> UInt64 {
    UInt64(bigEndian: keys.loadUnaligned(fromByteOffset: index << 3, as: UInt64.self))
  }

  /// The number of values in an ascending row of little-endian sums that are at most `target`.
  @inline(__always)
  static func sumsUpTo(_ target: UInt64, _ sums: UnsafeRawPointer, _ count: Int) -> Int {
    position(count) { sum(sums, $0) <= target }
  }

  @inline(__always)
  static func sum(_ sums: UnsafeRawPointer, _ index: Int) -> UInt64 {
    UInt64(littleEndian: sums.loadUnaligned(fromByteOffset: index << 3, as: UInt64.self))
  }

  /// The number of items from `from` on and below `to` for which `precedes` says yes, plus `from`;
  /// they come first. By halving, for items that are costly to compare.
  @inline(__always)
  static func partition(_ from: Int, _ to: Int, _ precedes: (Int) -> Bool) -> Int {
    var low = from
    var high = to
    while low < high {
      let middle = (low + high) >> 1
      if precedes(middle) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
