import Testing

@testable import CairnIntern

@Suite struct MemoryTests {
  /// The promise of the lean growth, at every moment from some ten thousand strings on.
  @Test func staysBelowEightBytesPerString() throws {
    var arena = try NameArena()
    var sum = 0.0
    var samples = 0
    for (index, name) in names(200_000).enumerated() {
      _ = try arena.intern(name)
      guard index >= 40_000, index % 64 == 0 else { continue }
      let memory = arena.memory
      sum += memory.overheadPerString
      samples += 1
      guard memory.overheadPerString <= 8 else {
        Issue.record("\(memory.overheadPerString) bytes at \(index + 1) strings")
        return
      }
    }
    #expect(sum / Double(samples) < 7.5)
  }

  @Test func reportAddsUp() throws {
    var arena = try NameArena()
    #expect(arena.memory == ArenaMemory(strings: 0))
    _ = try arena.intern("four")
    _ = try arena.intern([UInt8](repeating: 1, count: 200))
    let memory = arena.memory
    #expect(memory.strings == 2)
    #expect(memory.text == 204)
    #expect(memory.heads == 1 + 2)
    #expect(memory.table > 0)
    #expect(memory.blocks - memory.spare == memory.text + memory.heads)
    #expect(memory.mapped == 0)
  }
}

extension ArenaMemory {
  fileprivate init(strings: Int) {
    self.init(strings: strings, text: 0, heads: 0, table: 0, blocks: 0, spare: 0, mapped: 0)
  }
}
