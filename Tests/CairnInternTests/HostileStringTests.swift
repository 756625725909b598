import Testing

@testable import CairnIntern

@Suite struct HostileStringTests {
  /// With a key of zeroes, a first word of zero makes every hash zero.
  private static let colliding = (0..<3000).map { number in
    [UInt8](repeating: 0, count: 8) + (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
  }

  @Test func equalHashesAreToldApart() throws {
    let hash = ByteHash(0, 0, 0, 0)
    var arena = try NameArena(ArenaOptions(), hash: hash)
    let strings = Self.colliding
    let hashes = strings.map { string in
      string.withUnsafeBytes { bytes in bytes.baseAddress.map { hash($0, bytes.count) } }
    }
    #expect(Set(hashes).count == 1)
    let symbols = try strings.map { (bytes) throws in try arena.intern(bytes) }
    #expect(arena.count == strings.count)
    for (string, symbol) in zip(strings, symbols) {
      #expect(arena.symbol(for: string.span) == symbol)
    }
    #expect(arena.symbol(for: [UInt8](repeating: 0, count: 7).span) == nil)
  }

  /// The same strings under the keys that arenas really have: none of the flood is left.
  @Test func aFloodForOneKeyIsNoneForAnother() {
    for _ in 0..<20 {
      let hash = ByteHash()
      let hashes = Self.colliding.map { string in
        string.withUnsafeBytes { bytes in bytes.baseAddress.map { hash($0, bytes.count) } }
      }
      #expect(Set(hashes).count == Self.colliding.count)
    }
  }

  /// Patterns that weak mixing is known to fold: single bits, counters, complements, shifts.
  @Test func patternsSpreadEvenly() {
    let seed = UInt64.random(in: .min ... .max)
    print("seed \(seed)")
    let hash = ByteHash(seed: seed)
    var patterns: [[UInt8]] = []
    for length in [8, 12, 16, 24, 40] {
      for bit in 0..<length * 8 {
        var bytes = [UInt8](repeating: 0, count: length)
        bytes[bit / 8] = 1 << UInt8(bit % 8)
        patterns.append(bytes)
        patterns.append(bytes.map { ~$0 })
      }
    }
    for number in 0..<20_000 {
      patterns.append((0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) })
      patterns.append(Array("\(number)".utf8))
    }
    let hashes = patterns.map { bytes in
      bytes.withUnsafeBytes { $0.baseAddress.map { hash($0, bytes.count) } ?? 0 }
    }
    #expect(Set(hashes).count == Set(patterns).count)
    // Each bit of the hash is set about half of the time: five standard deviations.
    for bit in 0..<64 {
      let set = hashes.count { $0 >> UInt64(bit) & 1 == 1 }
      let deviation = abs(Double(set) - Double(hashes.count) / 2)
      #expect(deviation < 5 * Double(hashes.count).squareRoot() / 2)
    }
  }
}
