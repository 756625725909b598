/// Makes inputs that are almost sound: what a parser refuses at once teaches little.
struct Mutator {
  private(set) var random: Seeded

  init(seed: UInt64) { random = Seeded(seed) }

  mutating func number(in range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }

  mutating func isHeads() -> Bool { .random(using: &random) }

  mutating func pick<T>(_ choices: [T]) -> T { choices[number(in: 0...(choices.count - 1))] }

  /// Applies one to four mutations, at times none.
  mutating func mutate(_ bytes: [UInt8], splicing others: [[UInt8]]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<pick([0, 1, 1, 1, 1, 2, 2, 3, 4]) { mutateOnce(&bytes, splicing: others) }
    return bytes
  }

  private mutating func mutateOnce(_ bytes: inout [UInt8], splicing others: [[UInt8]]) {
    let mutation = pick(Mutation.allCases)
    switch mutation {
    case .flipBit:
      guard let place = place(in: bytes) else { return }
      bytes[place] ^= 1 << UInt8(number(in: 0...7))
    case .setByte:
      guard let place = place(in: bytes) else { return }
      bytes[place] = pick(Self.tellingBytes)
    case .insertBytes:
      let count = number(in: 1...4)
      let inserted = (0..<count).map { _ in pick(Self.tellingBytes) }
      bytes.insert(contentsOf: inserted, at: number(in: 0...bytes.count))
    case .truncate:
      bytes.removeLast(number(in: 0...bytes.count))
    case .removeRange:
      bytes.removeSubrange(range(in: bytes, atMost: 100))
    case .repeatRange:
      let range = range(in: bytes, atMost: 100)
      bytes.insert(contentsOf: bytes[range], at: range.upperBound)
    case .swapRanges:
      let (a, b) = (range(in: bytes, atMost: 100), range(in: bytes, atMost: 100))
      guard a.upperBound <= b.lowerBound else { return }
      bytes = Array(
        bytes[..<a.lowerBound] + bytes[b] + bytes[a.upperBound..<b.lowerBound] + bytes[a]
          + bytes[b.upperBound...])
    case .splice:
      let other = pick(others)
      bytes =
        bytes.prefix(number(in: 0...bytes.count)) + other.suffix(number(in: 0...other.count))
    case .editNumber:
      editNumber(&bytes)
    case .removeLine, .repeatLine, .swapLines, .joinLines, .endLineOtherwise:
      editLines(&bytes, mutation)
    }
  }

  private enum Mutation: CaseIterable {
    case flipBit, setByte, insertBytes, truncate, removeRange, repeatRange, swapRanges, splice
    case editNumber, removeLine, repeatLine, swapLines, joinLines, endLineOtherwise
  }

  /// What means something in a header or an armor, and the edges of what is a character.
  private static let tellingBytes: [UInt8] =
    Array(" \t\r\n=-+/>*AaZz09_".utf8) + [0, 0x1f, 0x7e, 0x7f, 0x80, 0xc2, 0xff]

  private mutating func place(in bytes: [UInt8]) -> Int? {
    bytes.isEmpty ? nil : number(in: 0...(bytes.count - 1))
  }

  private mutating func range(in bytes: [UInt8], atMost limit: Int) -> Range<Int> {
    let start = number(in: 0...bytes.count)
    return start..<(start + number(in: 0...min(limit, bytes.count - start)))
  }

  private mutating func editNumber(_ bytes: inout [UInt8]) {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    let places = bytes.indices.filter { digits.contains(bytes[$0]) }
    guard !places.isEmpty else { return }
    let start = pick(places)
    let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
    let number = pick(["0", "00", "01", "-1", "+1", "4294967296", "18446744073709551616", ""])
    bytes.replaceSubrange(start..<end, with: number.utf8)
  }

  private mutating func editLines(_ bytes: inout [UInt8], _ mutation: Mutation) {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let (a, b) = (number(in: 0...(lines.count - 1)), number(in: 0...(lines.count - 1)))
    switch mutation {
    case .removeLine: lines.remove(at: a)
    case .repeatLine: lines.insert(lines[a], at: b)
    case .swapLines: lines.swapAt(a, b)
    case .joinLines where a + 1 < lines.count:
      lines[a] += lines[a + 1]
      lines.remove(at: a + 1)
    case .endLineOtherwise: lines[a] += pick(["\r", "\r\r", " ", "\t", "\n", "="].map { $0.utf8 })
    default: return
    }
    bytes = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
  }
}
