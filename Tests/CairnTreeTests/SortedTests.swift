import CairnCore
import Testing

@testable import CairnTree

/// Entries that come sorted, or are sorted first.
@Suite struct SortedTests {
  struct Shape: Sendable, CustomStringConvertible {
    var options: TreeOptions
    var keyLengths: ClosedRange<Int>
    var valueLengths: ClosedRange<Int>
    var description: String { "\(options), keys of \(keyLengths) bytes" }
  }

  static let shapes = [
    Shape(
      options: TreeOptions(keyWidth: 8, valueWidth: 8), keyLengths: 8...8, valueLengths: 8...8),
    Shape(
      options: TreeOptions(keyWidth: 12, valueWidth: 3, isWeighted: true), keyLengths: 12...12,
      valueLengths: 3...3),
    Shape(options: TreeOptions(keyWidth: 4), keyLengths: 4...4, valueLengths: 0...30),
    Shape(
      options: TreeOptions(isWeighted: true), keyLengths: 0...20, valueLengths: 0...3000),
  ]

  /// Few different bytes, so that keys are equal, prefixes of others, or alike in their first eight.
  private func bytes(_ lengths: ClosedRange<Int>, _ random: inout SeededRandom) -> [UInt8] {
    (0..<Int.random(in: lengths, using: &random)).map { _ in UInt8(random.next() % 3) * 120 }
  }

  private func entry(_ shape: Shape, _ random: inout SeededRandom) -> TreeEntry {
    TreeEntry(
      key: bytes(shape.keyLengths, &random), value: bytes(shape.valueLengths, &random),
      weight: shape.options.isWeighted ? random.next() % 100 : 0)
  }

  private func sorted(
    _ count: Int, _ shape: Shape, _ random: inout SeededRandom
  ) -> [TreeEntry] {
    var model = TreeModel()
    for _ in 0..<count { model.put(entry(shape, &random)) }
    return model.entries
  }

  @Test(arguments: shapes) func aBatchDoesWhatItsChangesDoOneByOne(_ shape: Shape) throws {
    let seed: UInt64 = 11
    var random = SeededRandom(seed)
    let store = try TreeStore(
      on: MemoryStorage(), TreeStoreOptions(pageSize: 4096, cacheBytes: 0))
    var model = TreeModel()
    var batch = TreeBatch()
    for count in [1, 2, 100, 255, 256, 1000, 1000, 300] {
      let writing = try store.beginWriting()
      let tree = try writing.tree("a", creating: shape.options)
      var expected = TreeChangeCounts()
      let before = model
      var touched: [[UInt8]: Bool] = [:]
      for _ in 0..<count {
        let new = entry(shape, &random)
        touched[new.key] = true
        if random.next() % 3 == 0 {
          batch.remove(new.key.span.bytes)
          model.remove(new.key)
        } else {
          batch.put(new.key.span.bytes, new.value.span.bytes, weight: new.weight)
          model.put(new)
        }
      }
      for key in touched.keys {
        switch (before.contains(key), model.contains(key)) {
        case (false, true): expected.inserted += 1
        case (true, true): expected.updated += 1
        case (true, false): expected.removed += 1
        case (false, false): break
        }
      }
      #expect(batch.count == count)
      #expect(try tree.apply(&batch) == expected, "seed \(seed)")
      #expect(batch.isEmpty)
      try tree.checkAll(model)
      try writing.commit()
      #expect(try store.verify().problems == [])
    }
  }

  @Test(arguments: shapes) func mergingDoesWhatTheChangesDo(_ shape: Shape) throws {
    var random = SeededRandom(12)
    let store = try TreeStore(on: MemoryStorage(), TreeStoreOptions(pageSize: 4096))
    var model = TreeModel()
    for _ in 0..<6 {
      let writing = try store.beginWriting()
      let tree = try writing.tree("a", creating: shape.options)
      var expected = TreeChangeCounts()
      var changes: [TreeChange] = []
      for entry in sorted(700, shape, &random) {
        let isThere = model.contains(entry.key)
        if random.next() % 3 == 0 {
          changes.append(.remove(entry.key))
          model.remove(entry.key)
          expected.removed += isThere ? 1 : 0
        } else {
          changes.append(.put(entry))
          model.put(entry)
          if isThere { expected.updated += 1 } else { expected.inserted += 1 }
        }
      }
      #expect(try tree.merge(changes) == expected)
      try tree.checkAll(model)
      try writing.commit()
      #expect(try store.verify().problems == [])
    }
  }

  @Test(arguments: shapes) func loadingGivesFullPages(_ shape: Shape) throws {
    var random = SeededRandom(13)
    let store = try TreeStore(on: MemoryStorage(), TreeStoreOptions(pageSize: 4096))
    let entries = sorted(2000, shape, &random)
    let writing = try store.beginWriting()
    let tree = try writing.tree("a", creating: shape.options)
    try tree.load(entries)
    #expect(try tree.entries(in: 0..<5000) == entries)
    try writing.commit()
    #expect(try store.verify().problems == [])
    let statistics = try store.beginReading().tree("a").statistics()
    if statistics.leafPages > 4 { #expect(statistics.fill > 0.7) }
  }

  @Test func loadingAndMergingRefuseWhatIsNotSorted() throws {
    let store = try TreeStore(on: MemoryStorage())
    let writing = try store.beginWriting()
    let tree = try writing.tree("a", creating: TreeOptions())
    func entry(_ key: UInt8...) -> TreeEntry { TreeEntry(key: key, value: key) }
    func expectInvalid(_ body: () throws -> Void) {
      #expect {
        try body()
      } throws: {
        ($0 as? TreeError)?.code == .invalid
      }
    }
    expectInvalid { try tree.load([entry(1), entry(3), entry(2)]) }
    #expect(try tree.count == 2)
    expectInvalid { try tree.load([entry(9)]) }
    expectInvalid { try tree.append([3], [], weight: 0) }
    try tree.append([3, 0], [])
    expectInvalid { try tree.merge([.put(entry(5)), .remove([5])]) }
    expectInvalid { try tree.append([6], [], weight: 1) }
    // The transaction has gone on.
    #expect(try tree.entries(in: 0..<9).map(\.key) == [[1], [3], [3, 0], [5]])
    try writing.commit()
    #expect(try store.verify().problems == [])
  }

  @Test func aBatchWithAnInvalidEntryStaysWhole() throws {
    let store = try TreeStore(on: MemoryStorage())
    let writing = try store.beginWriting()
    let tree = try writing.tree("a", creating: TreeOptions(keyWidth: 1, valueWidth: 1))
    var batch = TreeBatch()
    batch.put(([7] as [UInt8]).span.bytes, ([7, 7] as [UInt8]).span.bytes)
    batch.put(([5] as [UInt8]).span.bytes, ([5] as [UInt8]).span.bytes)
    #expect(throws: TreeError.self) { try tree.apply(&batch) }
    #expect(batch.count == 2)
    #expect(try tree.count == 1)
    batch.remove(([7] as [UInt8]).span.bytes)
    #expect(try tree.apply(&batch) == TreeChangeCounts(updated: 1))
    try writing.commit()
  }

  @Test func typedTreesTakeManyEntries() throws {
    let store = try TreeStore(on: MemoryStorage())
    let writing = try store.beginWriting()
    let tree = try writing.tree("a", creating: TreeOptions(for: Int.self, UInt64.self))
      .typed(Int.self, UInt64.self)
    try tree.load((-500..<500).map { ($0, 1) })
    #expect(throws: TreeError.self) { try tree.append(3, 3) }
    let counts = try tree.putMany((0..<1000).reversed().map { ($0, UInt64($0)) })
    #expect(counts.inserted == 500 && counts.updated == 500)
    #expect(try tree.count == 1500)
    #expect(try tree.value(for: -500) == 1)
    for number in 0..<1000 { #expect(try tree.value(for: number) == UInt64(number)) }
    try writing.commit()
  }

  /// Full leaves hand entries to their neighbours before they are split.
  @Test(arguments: [false, true]) func randomInsertionsFillPages(_ isWeighted: Bool) throws {
    var random = SeededRandom(14)
    let store = try TreeStore(on: MemoryStorage(), TreeStoreOptions(pageSize: 4096))
    let options = TreeOptions(keyWidth: 8, valueWidth: 24, isWeighted: isWeighted)
    var keys: [UInt64] = []
    var total: UInt64 = 0
    for _ in 0..<4 {
      let writing = try store.beginWriting()
      let tree = try writing.tree("a", creating: options)
      for _ in 0..<5000 {
        let key = random.next()
        keys.append(key)
        let weight = isWeighted ? random.next() % 100 : 0
        total += weight
        try key.withEncoded { (key) throws(TreeError) in
          _ = try tree.put(key, random.bytes(24).span.bytes, weight: weight)
        }
      }
      try writing.commit()
      #expect(try store.verify().problems == [])
    }
    keys.sort()
    let tree = try store.beginReading().tree("a")
    #expect(try tree.totalWeight == total)
    #expect(try tree.statistics().fill > 0.75)
    for rank in stride(from: 0, to: keys.count, by: 31) {
      try keys[rank].withEncoded { (key) throws(TreeError) in
        #expect(try tree.rank(of: key) == rank)
      }
    }
  }
}

extension WritableTree {
  fileprivate func append(
    _ key: [UInt8], _ value: [UInt8], weight: UInt64 = 0
  ) throws(TreeError) {
    try append(key.span.bytes, value.span.bytes, weight: weight)
  }
}
