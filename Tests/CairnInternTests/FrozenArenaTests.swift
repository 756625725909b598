import CairnCore
import SystemPackage
import Testing

@testable import CairnIntern

typealias FrozenNames = FrozenStringArena<Names>

@Suite struct FrozenArenaTests {
  @Test func opensWithTheSameSymbols() async throws {
    for options: ArenaOptions in [
      ArenaOptions(), ArenaOptions(granule: .eight), ArenaOptions(isNumbered: true),
    ] {
      try await withTemporaryDirectory { directory in
        let path = directory.appending("names")
        var arena = try NameArena(options)
        let names = names(20_000)
        let symbols = try names.map { (name) throws in try arena.intern(name) }
        try arena.freeze(to: path)
        for check in [FrozenCheck.everything, .header] {
          let frozen = try FrozenNames(opening: path, checking: check)
          #expect(frozen.count == names.count)
          #expect(frozen.isSearchable)
          for (index, (name, symbol)) in zip(names, symbols).enumerated() {
            guard frozen.string(of: symbol) == name, frozen.symbol(for: name) == symbol else {
              Issue.record("\(name) is not found")
              return
            }
            if options.isNumbered { #expect(frozen.number(of: symbol) == index) }
          }
          #expect(frozen.symbol(for: "none of them") == nil)
          #expect(frozen.contains(symbols[7]))
          if options.granule == .one {
            let inside = try #require(NameArena.Symbol(rawValue: symbols[7].rawValue + 1))
            #expect(!frozen.contains(inside))
          }
          var order: [NameArena.Symbol] = []
          frozen.forEach { symbol, _ in order.append(symbol) }
          #expect(order == symbols)
        }
      }
    }
  }

  @Test func holdsNothingAsWell() async throws {
    try await withTemporaryDirectory { directory in
      let arena = try NameArena()
      try arena.freeze(to: directory.appending("names"))
      let frozen = try FrozenNames(opening: directory.appending("names"))
      #expect(frozen.count == 0)
      #expect(frozen.isSearchable)
      #expect(frozen.symbol(for: "") == nil)
      var extended = try NameArena(extending: frozen)
      #expect(try extended.intern("first").rawValue == 0)
    }
  }

  @Test func overheadIsSmallerThanInMemory() async throws {
    try await withTemporaryDirectory { directory in
      var arena = try NameArena()
      for name in names(100_000) { _ = try arena.intern(name) }
      try arena.freeze(to: directory.appending("names"))
      let frozen = try FrozenNames(opening: directory.appending("names"))
      let overhead = Double(frozen.byteCount - arena.memory.text) / 100_000
      #expect(overhead < 6.9)
    }
  }

  @Test func resolvesWithoutATable() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("names")
      var arena = try NameArena()
      let symbol = try arena.intern("archived")
      try arena.freeze(to: path, withTable: false)
      let frozen = try FrozenNames(opening: path)
      #expect(!frozen.isSearchable)
      #expect(frozen.string(of: symbol) == "archived")
      #expect(frozen.byteCount == FrozenHeader.size + 9)
      do throws(InternError) {
        _ = try NameArena(extending: frozen)
        Issue.record("nothing was thrown")
      } catch {
        #expect(error.code == .notSearchable)
      }
    }
  }

  @Test func isExtendedAndFrozenAgain() async throws {
    for options: ArenaOptions in [ArenaOptions(), ArenaOptions(granule: .four, isNumbered: true)] {
      try await withTemporaryDirectory { directory in
        let names = names(30_000)
        var first = try NameArena(options)
        let old = try names[..<10_000].map { (name) throws in try first.intern(name) }
        try first.freeze(to: directory.appending("first"))
        let frozen = try FrozenNames(opening: directory.appending("first"))

        var second = try NameArena(extending: frozen, ArenaOptions())
        #expect(second.count == 10_000)
        for (name, symbol) in zip(names, old) { #expect(try second.intern(name) == symbol) }
        #expect(second.count == 10_000)
        #expect(second.memory.strings == 0)
        #expect(second.memory.mapped == frozen.byteCount)
        let new = try names[10_000...].map { (name) throws in try second.intern(name) }
        #expect(second.contents() == names.map { Array($0.utf8) })
        for (name, symbol) in zip(names, old + new) {
          #expect(second.symbol(for: name) == symbol)
          #expect(second.string(of: symbol) == name)
        }
        try second.freeze(to: directory.appending("second"))
        let all = try FrozenNames(opening: directory.appending("second"))
        #expect(all.count == 30_000)
        for (name, symbol) in zip(names, old + new) { #expect(all.symbol(for: name) == symbol) }

        // What was added goes, what is frozen stays.
        for keepsCapacity in [true, false] {
          second.removeAll(keepingCapacity: keepsCapacity)
          #expect(second.count == 10_000)
          #expect(second.symbol(for: names[10_000]) == nil)
          #expect(second.symbol(for: names[9_999]) == old[9_999])
          #expect(try second.intern(names[10_000]) == new[0])
        }
      }
    }
  }

  @Test func seedDecidesTheBytes() throws {
    func frozen(_ seed: UInt64?) throws -> [UInt8] {
      var arena = try NameArena(ArenaOptions(seed: seed))
      for name in names(100) { _ = try arena.intern(name) }
      var writer = MemoryWriter()
      try arena.freeze(to: &writer)
      return writer.bytes
    }
    #expect(try frozen(1) == frozen(1))
    #expect(try frozen(1) != frozen(2))
    #expect(try frozen(nil) != frozen(nil))
  }

  /// What was forgotten must not show between the strings of a file.
  @Test func forgottenStringsStayOutOfTheFile() throws {
    var arena = try NameArena(ArenaOptions(granule: .eight))
    _ = try arena.intern([UInt8](repeating: UInt8(ascii: "s"), count: 100))
    arena.removeAll(keepingCapacity: true)
    for name in ["a", "b", "c"] { _ = try arena.intern(name) }
    var writer = MemoryWriter()
    try arena.freeze(to: &writer, withTable: false)
    #expect(writer.bytes.count == FrozenHeader.size + 18)
    #expect(!writer.bytes.dropFirst(FrozenHeader.size).contains(UInt8(ascii: "s")))
  }

  @Test func checksumFollowsItsSpecification() {
    func sum(_ text: String) -> UInt64 {
      Array(text.utf8).withUnsafeBytes { XXH64.checksum(of: $0) }
    }
    #expect(sum("") == 0xEF46_DB37_51D8_E999)
    #expect(sum("a") == 0xD24E_C4F1_A98C_6E5B)
    #expect(sum("abc") == 0x44BC_2CF5_AD77_0999)
    #expect(
      sum("Nobody inspects the spammish repetition") == 0xFBCE_A83C_8A37_8BF1)
  }
}
