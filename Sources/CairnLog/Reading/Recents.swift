/// Values that were used lately: as many as said at most, some fewer if their keys fall together.
///
/// Each key has a few places that it can be in, among which the value that came first gives way.
struct Recents<Value> {
  private var entries: [(key: UInt64, value: Value)?]
  private let shift: UInt64

  private static var placesPerKey: Int { 4 }

  /// - Parameter limit: a power of two, and at least 8.
  init(limit: Int) {
    precondition(limit >= 2 * Self.placesPerKey && limit & (limit - 1) == 0)
    entries = Array(repeating: nil, count: limit)
    shift = UInt64(64 - (limit / Self.placesPerKey).trailingZeroBitCount)
  }

  /// Where the places of a key begin (Fibonacci hashing).
  @inline(__always)
  private func first(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> shift) * Self.placesPerKey
  }

  @inline(__always)
  subscript(key: UInt64) -> Value? {
    let first = first(key)
    for place in first..<first + Self.placesPerKey {
      if let entry = entries[place], entry.key == key { return entry.value }
    }
    return nil
  }

  /// - Precondition: there is no value for the key.
  mutating func insert(_ value: Value, for key: UInt64) {
    let first = first(key)
    for place in (first + 1..<first + Self.placesPerKey).reversed() {
      entries[place] = entries[place - 1]
    }
    entries[first] = (key, value)
  }
}
