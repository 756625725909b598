import CairnTree
import Testing

@testable import CairnLog

@Suite struct SearchBackwardTests {
  @Test(arguments: 0..<10 as Range<UInt64>)
  func whatIsFoundForwardIsFoundBackward(seed: UInt64) throws {
    var pair = LogPair(seed: seed, isDeep: seed % 2 == 0)
    let log = try Log(
      entries: MemoryStorage(), index: MemoryStorage(),
      LogOptions(flushInterval: nil, flushCount: 50))
    for _ in 0..<500 { try pair.change(log) }
    try log.flush()
    let snapshot = try log.snapshot()
    let model = pair.model
    let outline = model.outline().map(\.id)
    let severe = outline.filter { model.ownSeverity($0) >= .warning }
    var found: [Int] = []
    var place: EntryID?
    while let next = try snapshot.previousEntry(before: place, severity: .warning) {
      found.append(Int(next.number))
      place = next
    }
    #expect(found == severe.reversed(), "seed \(seed)")
    // From any entry, also one that is not severe.
    for (index, id) in outline.enumerated() where index % 7 == 0 {
      let expected = outline[..<index].last { model.ownSeverity($0) >= .warning }
      let found = try snapshot.previousEntry(before: EntryID(UInt32(id)), severity: .warning)
      #expect(found.map { Int($0.number) } == expected, "seed \(seed), before \(id)")
    }

    var random = SeededRandom(seed)
    for _ in 0..<40 {
      let bounds = [random.next(), random.next()].map { EntryID(UInt32($0 % 600)) }.sorted()
      let ids = bounds[0]..<bounds[1]
      let matches = model.entries.indices.filter { id in
        let entry = model.entries[id]
        // The first text and the last one count.
        return ids.contains(EntryID(UInt32(id)))
          && [entry.texts.first, entry.text].contains { $0?.contains("e1") ?? false }
      }
      let first = try snapshot.firstEntry(in: ids, containing: "e1")
      let last = try snapshot.lastEntry(in: ids, containing: "e1")
      #expect(first.map { Int($0.number) } == matches.first, "seed \(seed), \(ids)")
      #expect(last.map { Int($0.number) } == matches.last, "seed \(seed), \(ids)")
    }
  }
}
