import CairnCore
import SystemPackage
import Testing

@testable import CairnIntern

@Suite struct StringArenaTests {
  @Test func numbersLeadBackToSymbols() async throws {
    try await withTemporaryDirectory { folder in
      var arena = try NameArena(ArenaOptions(isNumbered: true))
      let names = names(1000)
      let symbols = try arena.internMany(names[..<600])
      #expect((0..<600).map { arena.symbol(numbered: $0) } == symbols)
      #expect(arena.symbol(numbered: 600) == nil)
      #expect(arena.symbol(numbered: -1) == nil)
      try arena.freeze(to: folder.appending("numbered"))
      let frozen = try FrozenStringArena<Names>(opening: folder.appending("numbered"))
      var more = try StringArena(extending: frozen)
      let all = try more.internMany(names)
      #expect(names.indices.map { more.symbol(numbered: $0) } == all)
      #expect(all.map { more.number(of: $0) } == Array(names.indices))
      more.removeAll(keepingCapacity: true)
      #expect(more.symbol(numbered: 599) == symbols[599])
      #expect(more.symbol(numbered: 600) == nil)
    }
    let plain = try NameArena()
    #expect(plain.symbol(numbered: 0) == nil)
  }

  @Test func comparesInTheOrderOfBytes() throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    var arena = try NameArena()
    for _ in 0..<200 { _ = try arena.intern(random.someBytes()) }
    let symbols = arena.sortedSymbols()
    for (place, left) in symbols.enumerated() {
      let itself = arena.precedes(left, left)
      #expect(!itself)
      for right in symbols[(place + 1)...].prefix(20) {
        let forwards = arena.precedes(left, right)
        let backwards = arena.precedes(right, left)
        #expect(forwards && !backwards)
      }
    }
  }

  @Test func namesAStringOnce() throws {
    var arena = try NameArena()
    let first = try arena.intern("Makefile")
    let second = try arena.intern("README.md")
    #expect(try arena.intern("Makefile") == first)
    #expect(first != second)
    #expect(first < second)
    #expect(arena.count == 2)
    #expect(arena.string(of: first) == "Makefile")
    #expect(arena.string(of: second) == "README.md")
    #expect(arena.symbol(for: "Makefile") == first)
    #expect(arena.symbol(for: "makefile") == nil)
    #expect(arena.isEqual(first, "Makefile".utf8.span.bytes) == true)
    #expect(arena.isEqual(first, "Makefild".utf8.span.bytes) == false)
    #expect(arena.isEqual(first, "Make".utf8.span.bytes) == false)
  }

  @Test func takesStringsOfAllKinds() throws {
    var arena = try NameArena()
    let symbol = try arena.intern("größe")
    let bytes = Array("größe".utf8)
    #expect(try arena.intern("die größe".dropFirst(4)) == symbol)
    #expect(try arena.intern("größe".utf8) == symbol)
    #expect(try arena.intern("die größe".dropFirst(4).utf8) == symbol)
    #expect(try arena.intern("größe" as StaticString) == symbol)
    #expect(try arena.intern(bytes) == symbol)
    #expect(try arena.intern(bytes.span) == symbol)
    #expect(try arena.intern(bytes.span.bytes) == symbol)
    let again = try bytes.withUnsafeBytes { try arena.intern($0) }
    #expect(again == symbol)
    #expect(arena.symbol(for: "die größe".dropFirst(4)) == symbol)
    #expect(arena.symbol(for: bytes.span) == symbol)
    #expect(arena.count == 1)
    let span = arena.span(of: symbol)
    #expect(span.count == 7)
    #expect(span[0] == UInt8(ascii: "g"))
  }

  @Test func keepsBytesThatAreNoText() throws {
    var arena = try NameArena()
    let odd: [[UInt8]] = [[], [0], [0, 0], [0xFF, 0xFE], [0x61, 0, 0x62], [0x61]]
    let symbols = try odd.map { (bytes) throws in try arena.intern(bytes) }
    #expect(Set(symbols).count == odd.count)
    #expect(arena.contents() == odd)
    #expect(arena.string(of: symbols[3]) == "\u{FFFD}\u{FFFD}")
  }

  /// Each length at which something changes: words of the hash, the length's own size.
  @Test func keepsEveryLength() throws {
    var arena = try NameArena()
    let lengths = Array(0...300) + [16_383, 16_384, 16_385, 2_097_151, 2_097_152, 2_097_153]
    var symbols: [NameArena.Symbol] = []
    for length in lengths {
      symbols.append(try arena.intern([UInt8](repeating: 7, count: length)))
    }
    for (length, symbol) in zip(lengths, symbols) {
      #expect(arena.bytes(of: symbol).byteCount == length)
      #expect(try arena.intern([UInt8](repeating: 7, count: length)) == symbol)
    }
    #expect(arena.count == lengths.count)
  }

  /// Strings that differ in one byte, wherever that is.
  @Test func tellsStringsApartByEveryByte() throws {
    var arena = try NameArena()
    for length in [1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 20, 24, 25, 31, 32, 33, 48, 100] {
      let before = arena.count
      for position in 0..<length {
        var bytes = [UInt8](repeating: 1, count: length)
        bytes[position] = 2
        _ = try arena.intern(bytes)
      }
      #expect(arena.count - before == length)
    }
  }

  @Test func behavesLikeADictionary() throws {
    for layout: ArenaOptions in [
      ArenaOptions(), ArenaOptions(granule: .four, growth: .fast),
      ArenaOptions(granule: .eight, isNumbered: true), ArenaOptions(isNumbered: true),
    ] {
      var random = SeededRandom(SeededRandom.seedOfTheDay())
      var arena = try NameArena(layout)
      var model: [[UInt8]: NameArena.Symbol] = [:]
      var order: [[UInt8]] = []
      for _ in 0..<20_000 {
        let bytes = random.someBytes()
        #expect(arena.symbol(for: bytes.span) == model[bytes])
        if Bool.random(using: &random) { continue }
        let symbol = try arena.intern(bytes)
        if let known = model.updateValue(symbol, forKey: bytes) {
          #expect(known == symbol)
        } else {
          order.append(bytes)
          if layout.isNumbered { #expect(arena.number(of: symbol) == order.count - 1) }
        }
        #expect(arena.array(of: symbol) == bytes)
      }
      #expect(arena.count == model.count)
      #expect(arena.contents() == order)
      #expect(Set(model.values).count == model.count)
      for (bytes, symbol) in model { #expect(arena.array(of: symbol) == bytes) }
    }
  }

  @Test func growsThroughManySizes() throws {
    for growth in [ArenaOptions.Growth.lean, .fast] {
      var arena = try NameArena(ArenaOptions(growth: growth))
      let names = names(60_000)
      let symbols = try names.map { (name) throws in try arena.intern(name) }
      #expect(arena.count == names.count)
      for (name, symbol) in zip(names, symbols) {
        guard arena.symbol(for: name) == symbol else {
          Issue.record("\(name) was lost")
          return
        }
      }
      #expect(symbols == symbols.sorted())
    }
  }

  @Test func checksSymbolsFromOutside() throws {
    var arena = try NameArena()
    let known = try names(1000).map { (name) throws in try arena.intern(name) }
    let valid = Set(known)
    let reach = known[999].rawValue + 100
    for rawValue in 0..<reach {
      let symbol = try #require(NameArena.Symbol(rawValue: rawValue))
      #expect(arena.contains(symbol) == valid.contains(symbol))
    }
    #expect(try length(of: known[10], in: arena) == names(11)[10].utf8.count)
    let unknown = try #require(NameArena.Symbol(rawValue: known[10].rawValue + 1))
    do {
      _ = try length(of: unknown, in: arena)
      Issue.record("nothing was thrown")
    } catch let error as InternError {
      #expect(error.code == .unknownSymbol)
    }
    let last = try #require(NameArena.Symbol(rawValue: NameArena.Symbol.largestRawValue))
    #expect(arena.contains(last) == false)
  }

  private func length(of symbol: NameArena.Symbol, in arena: borrowing NameArena) throws -> Int {
    let bytes = try arena.bytes(checking: symbol)
    return bytes.byteCount
  }

  @Test func forgetsAndStartsAgain() throws {
    for keepsCapacity in [true, false] {
      var arena = try NameArena()
      for name in names(5000) { _ = try arena.intern(name) }
      let blocks = arena.memory.blocks
      arena.removeAll(keepingCapacity: keepsCapacity)
      #expect(arena.isEmpty == true)
      #expect(arena.memory.text == 0)
      #expect(arena.memory.blocks == (keepsCapacity ? blocks : 0))
      #expect((arena.memory.table > 0) == keepsCapacity)
      #expect(arena.symbol(for: names(1)[0]) == nil)
      #expect(arena.contents() == [])
      let other = (0..<5000).map { "other \($0)" }
      let symbols = try other.map { (name) throws in try arena.intern(name) }
      #expect(symbols[0].rawValue == 0)
      #expect(zip(other, symbols).allSatisfy { arena.string(of: $1) == $0 })
    }
  }

  @Test func writesToASink() throws {
    var arena = try NameArena()
    let symbol = try arena.intern("to a sink")
    var writer = MemoryWriter()
    try arena.write(symbol, to: &writer)
    #expect(writer.bytes == Array("to a sink".utf8))
  }
}
