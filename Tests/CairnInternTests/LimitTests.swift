import Testing

@testable import CairnIntern

@Suite struct LimitTests {
  /// A length byte and ten bytes make eleven.
  @Test(arguments: [-1, 0, 1]) func fillsUpToTheLastByte(spare: Int) throws {
    let strings = (0..<100).map { "string \(100 + $0)" }
    var arena = try NameArena(ArenaOptions(byteLimit: 1100 + spare))
    var added = 0
    var code: InternError.Code?
    for string in strings + ["one more"] {
      do throws(InternError) {
        _ = try arena.intern(string)
        added += 1
      } catch {
        code = error.code
        break
      }
    }
    #expect(added == (spare < 0 ? 99 : 100))
    #expect(code == .full)
    // What is there stays usable.
    for string in strings.prefix(added) { #expect(arena.symbol(for: string) != nil) }
    let before = arena.count
    #expect(try arena.intern(strings[0]).rawValue == 0)
    #expect(arena.count == before)
  }

  @Test func emptyStringsFillTheLimitToo() throws {
    var arena = try NameArena(ArenaOptions(byteLimit: 0))
    #expect(isFull(&arena, for: ""))
    var one = try NameArena(ArenaOptions(byteLimit: 1))
    #expect(!isFull(&one, for: ""))
    #expect(isFull(&one, for: "a"))
  }

  @Test func refusesStringsThatAreTooLong() throws {
    var arena = try NameArena(ArenaOptions(longestString: 5))
    _ = try arena.intern("12345")
    do throws(InternError) {
      _ = try arena.intern("123456")
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.code == .stringTooLong)
      #expect("\(error)" == "a string has 6 bytes, and the arena takes at most 5")
    }
  }

  @Test func longStringsGoAcrossBlocks() throws {
    var arena = try NameArena()
    let long = [UInt8](repeating: 9, count: 5_000_000)
    let first = try arena.intern([1, 2, 3])
    let second = try arena.intern(long)
    let third = try arena.intern([4])
    #expect(arena.array(of: second) == long)
    #expect(arena.array(of: first) == [1, 2, 3])
    #expect(arena.array(of: third) == [4])
  }

  /// The granule makes room between strings, and reach beyond 4 GiB, which is not filled here.
  @Test func granulesAlignStrings() throws {
    for (granule, size) in [(ArenaOptions.Granule.four, 4), (.eight, 8)] {
      var arena = try NameArena(ArenaOptions(granule: granule))
      let first = try arena.intern("abcde")
      let second = try arena.intern("")
      let third = try arena.intern("x")
      #expect(first.rawValue == 0)
      #expect(Int(second.rawValue) == 8 / size)
      #expect(Int(third.rawValue) == 8 / size + 1)
    }
  }

  /// Symbols reach fifteen times 256 MiB; with a granule of four bytes, four times as far.
  @Test(.enabled(if: runsLongTests), arguments: [-1, 0, 1])
  func fillsAllThatSymbolsReach(spare: Int) throws {
    var arena = try NameArena()
    // With a length of four bytes.
    var content = [UInt8](repeating: 7, count: 1 << 28 - 4)
    for index in 0..<14 {
      content[0] = UInt8(index)
      #expect(try Int(arena.intern(content).rawValue) == index << 28)
    }
    #expect(isFull(&arena, for: [UInt8](repeating: 9, count: 1 << 28 - 3)))
    let last = [UInt8](repeating: 8, count: 1 << 28 - 5 + spare)
    #expect(!isFull(&arena, for: last))
    #expect(isFull(&arena, for: "ab") == true)
    #expect(isFull(&arena, for: "") == (spare == 1))
    let found = arena.symbol(for: last.span)
    #expect(try #require(found).rawValue == 14 << 28)
  }

  @Test(.enabled(if: runsLongTests)) func granulesReachBeyondFourGibibytes() throws {
    var arena = try NameArena(ArenaOptions(granule: .four))
    var content = [UInt8](repeating: 7, count: 1 << 28 - 4)
    var symbols: [NameArena.Symbol] = []
    for index in 0..<18 {
      content[0] = UInt8(index)
      symbols.append(try arena.intern(content))
    }
    for (index, symbol) in symbols.enumerated() {
      #expect(Int(symbol.rawValue) == index << 26)
      let first = arena.bytes(of: symbol).unsafeLoad(as: UInt8.self)
      #expect(Int(first) == index)
    }
  }

  private func isFull(_ arena: inout NameArena, for bytes: [UInt8]) -> Bool {
    do throws(InternError) {
      _ = try arena.intern(bytes)
      return false
    } catch {
      return error.code == .full
    }
  }

  private func isFull(_ arena: inout NameArena, for string: String) -> Bool {
    do throws(InternError) {
      _ = try arena.intern(string)
      return false
    } catch {
      return error.code == .full
    }
  }
}
