import CairnCore
import Dispatch
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
