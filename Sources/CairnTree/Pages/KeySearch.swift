/// Binary search in rows of keys.
enum KeySearch {
  /// The number of keys in a row of big-endian 8-byte keys that precede `key`.
  @inline(__always)
  static func lowerBound(_ keys: UnsafeRawPointer, _ count: Int, _ key: UInt64) -> Int {
    var base = 0
    var length = count
    // The condition becomes a conditional move: a branch would be mispredicted half of the time.
    while length > 1 {
      let half = length >> 1
      base = load(keys, base + half - 1) < key ? base + half : base
      length -= half
    }
    return length == 1 && load(keys, base) < key ? base + 1 : base
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
    var base = 0
    var length = count
    while length > 1 {
      let half = length >> 1
      base = sum(sums, base + half - 1) <= target ? base + half : base
      length -= half
    }
    return length == 1 && sum(sums, base) <= target ? base + 1 : base
  }

  @inline(__always)
  static func sum(_ sums: UnsafeRawPointer, _ index: Int) -> UInt64 {
    UInt64(littleEndian: sums.loadUnaligned(fromByteOffset: index << 3, as: UInt64.self))
  }

  /// The number of keys for which `precedes` says yes; they come first.
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
