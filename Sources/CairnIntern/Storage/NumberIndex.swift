/// Leads from the numbers of strings to their symbols, where strings are numbered: a quarter of a
/// byte per string.
///
/// Every sixteenth symbol is kept; from there one goes through the records.
struct NumberIndex: Sendable {
  private static let step = 16
  private var symbols: [UInt32] = []

  var byteCount: Int { symbols.capacity * MemoryLayout<UInt32>.stride }

  /// Takes the symbol of the string with the next number.
  @inline(__always)
  mutating func add(_ symbol: UInt32, numbered number: Int) {
    if number % Self.step == 0 { symbols.append(symbol) }
  }

  /// Takes the symbols of all records.
  init(_ records: Records) {
    var number = 0
    var cursor = RecordCursor(records)
    while let (symbol, _) = cursor.next() {
      add(symbol, numbered: number)
      number += 1
    }
  }

  init() {}

  mutating func removeAll(keepingCapacity: Bool) {
    symbols.removeAll(keepingCapacity: keepingCapacity)
  }

  /// The symbol of a number that was added, or `nil` where damaged records do not lead there.
  func symbol(numbered number: Int, in records: Records) -> UInt32? {
    guard number >= 0, number / Self.step < symbols.count else { return nil }
    var cursor = RecordCursor(records, from: symbols[number / Self.step])
    for _ in 0..<number % Self.step {
      guard cursor.next() != nil else { return nil }
    }
    return cursor.next()?.symbol
  }
}
