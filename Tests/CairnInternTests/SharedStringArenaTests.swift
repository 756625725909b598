import CairnCore
import Dispatch
import SystemPackage
import Testing

@testable import CairnIntern

@Suite struct SharedStringArenaTests {
  @Test func behavesLikeTheOther() throws {
    let shared = try SharedStringArena<Names>(ArenaOptions(isNumbered: true))
    var single = try NameArena(ArenaOptions(isNumbered: true))
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    for _ in 0..<10_000 {
      let bytes = random.someBytes()
      #expect(shared.symbol(for: bytes.span.bytes) == single.symbol(for: bytes.span))
      let symbol = try shared.intern(bytes.span.bytes)
      #expect(try single.intern(bytes) == symbol)
      #expect(shared.number(of: symbol) == single.number(of: symbol))
      #expect(shared.contains(symbol))
    }
    #expect(shared.count == single.count)
    #expect(shared.memory.text == single.memory.text)
    #expect(shared.memory.heads == single.memory.heads)
  }

  /// All threads add the same strings, each in an order of its own, and look up what others add.
  @Test func threadsAgreeOnSymbols() throws {
    let arena = try SharedStringArena<Names>(ArenaOptions(growth: .lean))
    let names = names(8000)
    let threads = 4
    let results = Monitor<[[String: Symbol<Names>]]>([])
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      var found: [String: Symbol<Names>] = [:]
      for index in 0..<names.count {
        let name = names[(index * (2 * thread + 1) + thread * 999) % names.count]
        guard let symbol = try? arena.intern(name) else { continue }
        if arena.string(of: symbol) != name { Issue.record("\(name) is another string") }
        if arena.symbol(for: name) != symbol { Issue.record("\(name) is not found") }
        found[name] = symbol
      }
      results.withLock { [found] in $0.append(found) }
    }
    let all = results.withLock { $0 }
    #expect(all.count == threads)
    for found in all {
      for (name, symbol) in found { #expect(arena.symbol(for: name) == symbol) }
    }
    var distinct: Set<String> = []
    for found in all { distinct.formUnion(found.keys) }
    #expect(arena.count == distinct.count)
    var listed: Set<String> = []
    arena.forEach { symbol, _ in listed.insert(arena.string(of: symbol)) }
    #expect(listed == distinct)
  }

  /// Readers find everything that was there before they started, through every growth.
  @Test func readersNeverMissWhatIsThere() throws {
    let arena = try SharedStringArena<Names>()
    let names = names(20_000)
    let known = try names[..<1000].map { (name) throws in try arena.intern(name) }
    DispatchQueue.concurrentPerform(iterations: 3) { thread in
      if thread == 0 {
        for name in names[1000...] { _ = try? arena.intern(name) }
      } else {
        for round in 0..<20 {
          for (index, symbol) in known.enumerated() where index % 3 == round % 3 {
            if arena.symbol(for: names[index]) != symbol { Issue.record("\(index) was missed") }
          }
        }
      }
    }
    #expect(arena.count == names.count)
  }

  @Test func freezesLikeTheOther() throws {
    let options = ArenaOptions(seed: 3)
    let shared = try SharedStringArena<Names>(options)
    var single = try NameArena(options)
    for name in names(1000) {
      _ = try shared.intern(name)
      _ = try single.intern(name)
    }
    var first = MemoryWriter()
    try shared.freeze(to: &first)
    var second = MemoryWriter()
    try single.freeze(to: &second)
    #expect(first.bytes == second.bytes)
  }

  @Test func takesManyAsTheOther() throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    let strings = (0..<5000).map { _ in random.someBytes() }
    let text = strings.flatMap { $0 }
    var ends: [Int] = []
    for string in strings { ends.append((ends.last ?? 0) + string.count) }
    let shared = try SharedStringArena<Names>(ArenaOptions(isNumbered: true))
    var single = try NameArena(ArenaOptions(isNumbered: true))
    var symbols: [Symbol<Names>] = []
    try shared.internMany(text.span.bytes, endingAt: ends.span, into: &symbols)
    #expect(symbols == (try strings.map { (bytes) throws in try single.intern(bytes) }))
    var pieces: [Symbol<Names>] = []
    try shared.internMany("a/b//a".utf8.span.bytes, separatedBy: UInt8(ascii: "/"), into: &pieces)
    #expect(pieces.map { shared.string(of: $0) } == ["a", "b", "", "a"])
    #expect(try shared.internMany(["a", "b"]) == Array(pieces[..<2]))
    for number in 0..<shared.count {
      let symbol = try #require(shared.symbol(numbered: number))
      #expect(shared.number(of: symbol) == number)
    }
    #expect(shared.symbol(numbered: shared.count) == nil)
  }

  @Test func threadsAddBatches() throws {
    let arena = try SharedStringArena<Names>()
    let names = names(6000)
    let text = Array(names.joined(separator: "\n").utf8)
    let results = Monitor<[[Symbol<Names>]]>([])
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      var symbols: [Symbol<Names>] = []
      do {
        try arena.internMany(
          text.span.bytes, separatedBy: UInt8(ascii: "\n"), into: &symbols)
      } catch {
        Issue.record("\(error)")
      }
      results.withLock { [symbols] in $0.append(symbols) }
    }
    let all = results.withLock { $0 }
    #expect(arena.count == names.count)
    for symbols in all { #expect(symbols.map { arena.string(of: $0) } == names) }
  }

  @Test func mergesWithAMap() throws {
    enum Others {}
    let arena = try SharedStringArena<Names>()
    var other = try StringArena<Others>()
    let names = names(3000)
    for name in names[..<2000] { _ = try arena.intern(name) }
    for name in names[1000...] { _ = try other.intern(name) }
    let map = try arena.merge(other)
    #expect(arena.count == 3000)
    #expect(map.count == 2000)
    for name in names[1000...] {
      let there = other.symbol(for: name)
      let here = map[try #require(there)]
      #expect(arena.symbol(for: name) == here)
    }
    var back = try StringArena<Others>()
    #expect(try back.merge(arena).count == 3000)
    #expect(back.count == 3000)
  }

  @Test func freezesToAPath() async throws {
    try await withTemporaryDirectory { folder in
      let arena = try SharedStringArena<Names>(ArenaOptions(isNumbered: true))
      let names = names(300)
      let symbols = try arena.internMany(names)
      try arena.freeze(to: folder.appending("shared"))
      let frozen = try FrozenStringArena<Names>(opening: folder.appending("shared"))
      #expect(symbols.map { frozen.string(of: $0) } == names)
      #expect(names.indices.map { frozen.symbol(numbered: $0) } == symbols)
      #expect(frozen.symbol(numbered: 300) == nil)
      #expect(frozen.symbol(numbered: -1) == nil)
    }
  }

  @Test func limitIsAnError() throws {
    let arena = try SharedStringArena<Names>(ArenaOptions(byteLimit: 10, longestString: 8))
    #expect(try arena.intern("12345678").rawValue == 0)
    do throws(InternError) {
      _ = try arena.intern("1")
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.code == .full)
    }
    do throws(InternError) {
      _ = try arena.intern("123456789")
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.code == .stringTooLong)
    }
    #expect(arena.count == 1)
  }
}
