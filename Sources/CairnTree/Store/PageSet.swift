/// A set of page numbers, one bit each.
struct PageSet: Sendable {
  private(set) var words: [UInt64] = []
  private(set) var count = 0
  /// No number of a word before this one is in the set.
  private var firstWord = 0

  init() {}

  func contains(_ number: UInt32) -> Bool {
    let word = Int(number >> 6)
    return word < words.count && words[word] >> UInt64(number & 63) & 1 == 1
  }

  /// - Returns: whether it was not there.
  @discardableResult
  mutating func insert(_ number: UInt32) -> Bool {
    let word = Int(number >> 6)
    if word >= words.count {
      words.append(contentsOf: repeatElement(0, count: word + 1 - words.count))
    }
    let bit: UInt64 = 1 << UInt64(number & 63)
    guard words[word] & bit == 0 else { return false }
    words[word] |= bit
    count += 1
    firstWord = min(firstWord, word)
    return true
  }

  @discardableResult
  mutating func remove(_ number: UInt32) -> Bool {
    guard contains(number) else { return false }
    words[Int(number >> 6)] &= ~(1 << UInt64(number & 63))
    count -= 1
    return true
  }

  /// Removes the smallest number.
  mutating func popFirst() -> UInt32? {
    guard count > 0 else { return nil }
    while words[firstWord] == 0 { firstWord += 1 }
    let bit = words[firstWord].trailingZeroBitCount
    words[firstWord] &= words[firstWord] - 1
    count -= 1
    return UInt32(firstWord << 6 + bit)
  }

  func forEach(_ body: (UInt32) -> Void) {
    for (index, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        body(UInt32(index << 6 + rest.trailingZeroBitCount))
        rest &= rest - 1
      }
    }
  }
}
