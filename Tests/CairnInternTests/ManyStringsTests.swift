import Testing

@testable import CairnIntern

@Suite struct ManyStringsTests {
  @Test func separatedPiecesAreThoseOfASplit() throws {
    for text in ["", "/", "//", "a", "/usr/lib", "usr//lib/", "12345678/1234567/123456789", "ü/é"] {
      var arena = try NameArena()
      var symbols: [NameArena.Symbol] = []
      let utf8 = Array(text.utf8)
      try arena.internMany(
        utf8.span.bytes, separatedBy: UInt8(ascii: "/"), into: &symbols)
      let pieces = utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      #expect(symbols.map { arena.array(of: $0) } == pieces.map(Array.init))
    }
  }

  @Test func batchesGiveTheSymbolsOfSingleCalls() throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    var strings: [[UInt8]] = []
    for _ in 0..<20_000 { strings.append(random.someBytes()) }
    var ends: [Int] = []
    for string in strings { ends.append((ends.last ?? 0) + string.count) }
    let text = strings.flatMap { $0 }

    var single = try NameArena()
    let expected = try strings.map { (bytes) throws in try single.intern(bytes) }
    var batched = try NameArena()
    var symbols: [NameArena.Symbol] = []
    try batched.internMany(text.span.bytes, endingAt: ends.span, into: &symbols)
    #expect(symbols == expected)
    symbols.removeAll()
    try batched.internMany(text.span.bytes, endingAt: ends.span, into: &symbols)
    #expect(symbols == expected)
    #expect(batched.count == single.count)
  }

  @Test func takesSequencesOfStrings() throws {
    var arena = try NameArena()
    let names = names(5000)
    let symbols = try arena.internMany(names + names)
    #expect(symbols.count == 10_000)
    #expect(symbols[..<5000] == symbols[5000...])
    #expect(symbols[..<5000].map { arena.string(of: $0) } == names)
    #expect(try arena.internMany([]) == [])
  }

  @Test func givesTheSymbolsBeforeAnError() throws {
    var arena = try NameArena(ArenaOptions(longestString: 3))
    var symbols: [NameArena.Symbol] = []
    let text = Array((String(repeating: "abc/", count: 40) + "abcd/a").utf8)
    do throws(InternError) {
      try arena.internMany(text.span.bytes, separatedBy: UInt8(ascii: "/"), into: &symbols)
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.code == .stringTooLong)
    }
    #expect(symbols.count == 40)
    #expect(arena.count == 1)
  }

  @Test func mergesWithAMap() throws {
    enum Others {}
    var arena = try NameArena()
    var other = try StringArena<Others>()
    let names = names(4000)
    for name in names[..<2500] { _ = try arena.intern(name) }
    for name in names[1500...] { _ = try other.intern(name) }
    let map = try arena.merge(other)
    #expect(arena.count == 4000)
    #expect(map.count == 2500)
    for name in names[1500...] {
      let known = other.symbol(for: name)
      let there = try #require(known)
      let here = try #require(map[there])
      #expect(arena.string(of: here) == name)
    }
    let unknown = try #require(Symbol<Others>(rawValue: 1))
    #expect(map[unknown] == nil)
  }

  @Test func sortsByBytes() throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    var arena = try NameArena()
    for _ in 0..<5000 { _ = try arena.intern(random.someBytes()) }
    let sorted = arena.sortedSymbols().map { arena.array(of: $0) }
    #expect(sorted == arena.contents().sorted { $0.lexicographicallyPrecedes($1) })
  }
}
