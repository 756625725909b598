import CairnCore
import CairnTree
import Foundation
import Testing

/// Encodings keep the order, and give back what was encoded.
@Suite struct KeyCodingTests {
  private func encoded(_ value: some TreeValue) -> [UInt8] { value.withEncoded { Array($0) } }

  private func decoded<Value: TreeValue>(_ type: Value.Type, _ bytes: [UInt8]) -> Value? {
    Value(encoded: bytes.span.bytes)
  }

  private func takePart<Key: TreeKey>(
    _ type: Key.Type, from bytes: [UInt8], at offset: inout Int
  ) -> Key? {
    Key(part: bytes.span.bytes, at: &offset)
  }

  /// Compares every two of some keys, and each with what its encodings give back.
  private func check<Key: TreeKey & Equatable>(
    _ keys: [Key], sourceLocation: SourceLocation = #_sourceLocation,
    _ precedes: (Key, Key) -> Bool
  ) {
    let encodings = keys.map { encoded($0) }
    let parts = keys.map { key -> [UInt8] in
      var bytes: [UInt8] = [7]
      key.appendPart(to: &bytes)
      return bytes
    }
    for (index, key) in keys.enumerated() {
      let bytes = encodings[index]
      var offset = 1
      let part = takePart(Key.self, from: parts[index] + [255, 0], at: &offset)
      guard Key(encoded: bytes.span.bytes) == key, part == key, offset == parts[index].count,
        Key.encodedWidth == nil || Key.encodedWidth == bytes.count
      else {
        Issue.record("\(key) does not come back", sourceLocation: sourceLocation)
        return
      }
      // Cut short, a part is none; at least nothing is read behind its end.
      for count in 1..<parts[index].count {
        var offset = 1
        _ = takePart(Key.self, from: Array(parts[index][..<count]), at: &offset)
        #expect(offset <= count)
      }
      for other in keys.indices {
        let isLess = precedes(key, keys[other])
        // What follows a part must make no difference to parts that are not equal.
        let (first, second) = (parts[index] + [255], parts[other] + [0])
        guard bytes.lexicographicallyPrecedes(encodings[other]) == isLess,
          parts[index].lexicographicallyPrecedes(parts[other]) == isLess,
          key == keys[other] || first.lexicographicallyPrecedes(second) == isLess
        else {
          Issue.record("\(key) and \(keys[other]) are in disorder", sourceLocation: sourceLocation)
          return
        }
      }
    }
  }

  private func checkIntegers<Number: FixedWidthInteger & TreeKey>(_ type: Number.Type) {
    var random = SeededRandom(UInt64(Number.bitWidth) << 1 | (Number.isSigned ? 1 : 0))
    let edges: [Number] = [.min, .min + 1, 0, 1, .max / 2, .max - 1, .max]
    check(edges + (0..<40).map { _ in Number.random(in: .min ... .max, using: &random) }, <)
    #expect(decoded(Number.self, []) == nil)
    #expect(decoded(Number.self, [UInt8](repeating: 0, count: 17)) == nil)
  }

  @Test func integers() {
    checkIntegers(UInt8.self)
    checkIntegers(UInt16.self)
    checkIntegers(UInt32.self)
    checkIntegers(UInt64.self)
    checkIntegers(UInt128.self)
    checkIntegers(UInt.self)
    checkIntegers(Int8.self)
    checkIntegers(Int16.self)
    checkIntegers(Int32.self)
    checkIntegers(Int64.self)
    checkIntegers(Int128.self)
    checkIntegers(Int.self)
    #expect(encoded(Int16(-2)) == [0x7F, 0xFE])
    #expect(encoded(UInt32(0x0102_0304)) == [1, 2, 3, 4])
  }

  @Test func floatingPointNumbersAreInTotalOrder() {
    let doubles: [Double] = [
      -.infinity, -1e300, -1, -.leastNonzeroMagnitude, -0.0, 0, .leastNonzeroMagnitude, 0.1, 1,
      1e300,
      .infinity,
    ]
    check(doubles.map { Bits(double: $0) }) {
      $0 != $1 && $0.double.isTotallyOrdered(belowOrEqualTo: $1.double)
    }
    let floats = doubles.map { encoded(Float($0)) }
    #expect(floats == floats.sorted { $0.lexicographicallyPrecedes($1) })
    #expect(
      doubles.map { encoded(Float($0)) }.compactMap { decoded(Float.self, $0) }
        == doubles.map { Float($0) })
    #expect(decoded(Double.self, encoded(-0.0))?.sign == .minus)
    #expect(encoded(Double.infinity).lexicographicallyPrecedes(encoded(Double.nan)))
    #expect(decoded(Double.self, encoded(Double.nan))?.isNaN == true)
  }

  /// A key whose equality is that of the bits.
  private struct Bits: TreeKey, Equatable {
    var double: Double
    static let encodedWidth: Int? = 8
    init(double: Double) { self.double = double }
    init?(encoded: RawSpan) {
      guard let double = Double(encoded: encoded) else { return nil }
      self.init(double: double)
    }
    func withEncoded<Result, Failure: Error>(
      _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result { try double.withEncoded(body) }
    static func == (a: Bits, b: Bits) -> Bool { a.double.bitPattern == b.double.bitPattern }
  }

  private static let texts = [
    "", "\0", "\0\0", "\0\u{1}", "\u{1}", "a", "a\0", "a\0\0", "a\0b", "aa", "ab", "b", "z", "ä",
    "€",
    "𝄞", "\u{10FFFF}",
  ]

  @Test func stringsAreInTheOrderOfTheirScalars() {
    check(Self.texts) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    check(Self.texts.map { Array($0.utf8) } + [[255], [255, 255], [0, 255], [254]]) {
      $0.lexicographicallyPrecedes($1)
    }
    #expect(decoded(String.self, [0xFF]) == nil)
    // A long one is no small string of the runtime's.
    let long = String(repeating: "Donaudampfschiff ", count: 50)
    #expect(decoded(String.self, encoded(long)) == long)
  }

  @Test func timesAndDurations() throws {
    let nanoseconds: [Int64] = [.min, -1_000_000_001, -1, 0, 1, 999_999_999, 1_000_000_000, .max]
    check(nanoseconds.map { TreeTime(nanoseconds: $0) }, <)
    check(
      [.seconds(-5), .nanoseconds(-1), .zero, .nanoseconds(1), .seconds(1 << 40)] as [Duration], <)
    #expect(TreeTime(seconds: 5, nanoseconds: 7)?.nanoseconds == 5_000_000_007)
    #expect(TreeTime(seconds: .max, nanoseconds: 0) == nil)
    let formatter = ISO8601DateFormatter()
    var random = SeededRandom(5)
    for number in nanoseconds + (0..<300).map({ _ in Int64(bitPattern: random.next()) }) {
      let seconds = Int64((Double(number) / 1e9).rounded(.down))
      guard TreeTime(seconds: seconds, nanoseconds: 0) != nil else { continue }
      let text = TreeTime(nanoseconds: seconds * 1_000_000_000).description
      let date = formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
      #expect(text == date.dropLast() + ".000000000Z")
    }
    #expect(TreeTime(nanoseconds: -1).description == "1969-12-31T23:59:59.999999999Z")
  }

  @Test func digests() throws {
    var random = SeededRandom(6)
    let digests = (0..<30).compactMap { _ in TreeDigest<20>(random.bytes(20).span.bytes) }
    #expect(digests.count == 30)
    check(digests, <)
    #expect(Set(digests + digests).count == 30)
    let digest = try #require(TreeDigest<3>("00fFa1"))
    #expect(digest.description == "00ffa1" && encoded(digest) == [0, 255, 0xA1])
    for text in ["", "00ffa", "00ffa1b2", "00ffg1", "00ffé"] { #expect(TreeDigest<3>(text) == nil) }
    let short: [UInt8] = [1, 2]
    #expect(decoded(TreeDigest<3>.self, short) == nil)
    let coded = try JSONEncoder().encode([digest])
    #expect(String(decoding: coded, as: UTF8.self) == #"["00ffa1"]"#)
    #expect(try JSONDecoder().decode([TreeDigest<3>].self, from: coded) == [digest])
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([TreeDigest<4>].self, from: coded)
    }
  }

  private enum Kind: UInt8, TreeKey, CaseIterable {
    case one = 1
    case two = 2
    case nine = 9
  }

  private enum Name: String, TreeKey, CaseIterable { case a, ab, b }

  @Test func whatOthersRepresent() {
    check([false, true]) { !$0 && $1 }
    check(Kind.allCases) { $0.rawValue < $1.rawValue }
    check(Name.allCases) { $0.rawValue < $1.rawValue }
    #expect(decoded(Kind.self, [3]) == nil)
    #expect(decoded(Bool.self, [2]) == nil)
  }

  @Test func optionalsComeAfterNothing() {
    let numbers: [Int16?] = [nil, -5, 0, 5]
    check(numbers) { $0 == nil ? $1 != nil : $1 != nil && $0! < $1! }
    let texts: [String?] = [nil] + Self.texts
    check(texts) {
      $0 == nil ? $1 != nil : $1 != nil && $0!.utf8.lexicographicallyPrecedes($1!.utf8)
    }
    check([nil, .some(nil), 3] as [UInt8??]) { a, b in
      let rank = { (value: UInt8??) in value == .none ? 0 : value == .some(nil) ? 1 : 2 }
      return rank(a) < rank(b)
    }
    for bytes in [[], [0], [2, 0, 0], [1], [0, 1, 0, 0]] as [[UInt8]] {
      #expect(decoded(Int16?.self, bytes) == nil)
    }
  }

  @Test func pairsAreOrderedPartByPart() {
    let numbers: [Int8] = [-3, 0, 3]
    check(numbers.flatMap { a in numbers.map { TreePair(a, UInt32(bitPattern: Int32($0))) } }, <)
    let texts = ["", "\0", "\0\u{1}", "a", "a\0", "ab", "b"]
    check(texts.flatMap { a in texts.map { TreePair(a, $0) } }, <)
    check(texts.flatMap { a in numbers.map { TreePair(a, TreePair($0, a)) } }, <)
    check(texts.flatMap { a in numbers.map { TreePair(TreePair(a, $0), true) } }) {
      $0.first < $1.first
    }
    #expect(TreePair<UInt8, UInt16>.encodedWidth == 3)
    #expect(TreePair<UInt8, String>.encodedWidth == nil)
    #expect(encoded(TreePair("a\0", "b\0")) == Array("a\0".utf8) + [255, 0, 0] + Array("b\0".utf8))
    #expect(decoded(TreePair<String, UInt8>.self, [97, 0, 1, 5]) == nil)
    #expect(decoded(TreePair<String, UInt8>.self, [97]) == nil)
  }
}
