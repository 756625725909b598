import CairnIntern

/// The space of the symbols in these tests.
enum Names {}

typealias NameArena = StringArena<Names>

extension SeededRandom {
  /// Strings that repeat, of lengths around the steps that matter: words, varints.
  mutating func someBytes() -> [UInt8] {
    let lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 127, 128, 129, 300]
    let length = lengths.randomElement(using: &self) ?? 0
    // Few letters, so that short strings come again.
    return (0..<length).map { _ in UInt8.random(in: 0..<3, using: &self) &* 127 }
  }

  static func seedOfTheDay() -> UInt64 {
    let seed = UInt64.random(in: .min ... .max)
    print("seed \(seed)")
    return seed
  }
}

extension StringArena {
  /// All strings, in the order in which they were added.
  borrowing func contents() -> [[UInt8]] {
    var all: [[UInt8]] = []
    forEach { _, bytes in all.append(bytes.withUnsafeBytes { Array($0) }) }
    return all
  }

  borrowing func array(of symbol: Symbol) -> [UInt8] {
    bytes(of: symbol).withUnsafeBytes { Array($0) }
  }
}

/// `count` distinct strings of 1 to 12 letters, as names of files are.
func names(_ count: Int) -> [String] {
  (0..<count).map { "\(String($0 &* 2_654_435_761 % 99_991, radix: 36))-\($0)" }
}
