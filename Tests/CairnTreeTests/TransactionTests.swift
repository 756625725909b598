import CairnCore
import Testing

@testable import CairnTree

@Suite struct TransactionTests {
  private func put(_ store: TreeStore, _ range: Range<UInt64>, _ kind: CommitKind) throws {
    let writing = try store.beginWriting()
    let tree = try writing.tree("n", creating: TreeOptions(for: UInt64.self, UInt64.self))
      .typed(UInt64.self, UInt64.self)
    for number in range { try tree.put(number, number) }
    try writing.commit(kind)
  }

  private func count(_ store: TreeStore) throws -> Int {
    try store.beginReading().treeIfExists("n")?.count ?? 0
  }

  @Test func whatIsOnlyPublishedIsGoneWhenItIsOpenedAgain() throws {
    let storage = MemoryStorage()
    let store = try TreeStore(on: storage)
    try put(store, 0..<1000, .checkpoint)
    try put(store, 1000..<2000, .publish)
    #expect(try count(store) == 2000)
    #expect(try count(TreeStore(on: MemoryStorage(storage.bytes))) == 1000)
    try store.checkpoint()
    #expect(try count(TreeStore(on: MemoryStorage(storage.bytes))) == 2000)
  }

  @Test func theLastCheckpointCanBeTakenBackOnce() throws {
    let storage = MemoryStorage()
    let store = try TreeStore(on: storage)
    for step in UInt64(0)..<5 {
      try put(store, step * 1000..<(step + 1) * 1000, .checkpoint)
      // Changes every page of the tree, so that reused ones would be noticed.
      try put(store, 0..<(step + 1) * 1000, .publish)
      let copy = MemoryStorage(storage.bytes)
      try TreeStore.revert(copy)
      let reverted = try TreeStore(on: copy)
      #expect(try count(reverted) == Int(step) * 1000)
      #expect(try reverted.verify().problems == [])
      #expect(throws: TreeError.self) { try TreeStore.revert(copy) }
    }
  }

  @Test func freedPagesAreUsedAgain() throws {
    let storage = MemoryStorage()
    let store = try TreeStore(on: storage)
    try put(store, 0..<5000, .checkpoint)
    for _ in 0..<8 {
      try put(store, 0..<5000, .publish)
      try put(store, 0..<5000, .checkpoint)
    }
    // The tree as it is, in the last two checkpoints, and being written.
    #expect(storage.bytes.count < 5 * 5000 * 16 + 20 * 8192)
    #expect(try store.verify().problems == [])
  }

  @Test func treesAreListedDroppedAndKeptApart() throws {
    let store = try TreeStore(on: MemoryStorage())
    let writing = try store.beginWriting()
    for name in ["b", "a", "c"] {
      let tree = try writing.tree(name, creating: TreeOptions())
      for number in 0..<300 {
        try tree.put(Array("\(name)\(number)".utf8).span.bytes, Array(name.utf8).span.bytes)
      }
    }
    #expect(try writing.treeNames == ["a", "b", "c"])
    try writing.drop("b")
    #expect(try writing.treeNames == ["a", "c"])
    #expect(throws: TreeError.self) { try writing.tree("b") }
    try writing.commit(.checkpoint)
    let reader = try store.beginReading()
    #expect(try reader.treeNames == ["a", "c"])
    #expect(try reader.tree("c").first?.key == Array("c0".utf8))
    #expect(try store.verify().problems == [])
    let again = try store.beginWriting()
    #expect(throws: TreeError.self) { try again.tree("a", creating: TreeOptions(isWeighted: true)) }
    try again.drop("a")
    try again.drop("c")
    try again.commit(.checkpoint)
    #expect(try store.verify().problems == [])
  }

  @Test func aSecondWriterWaitsOrIsToldSo() throws {
    let store = try TreeStore(on: MemoryStorage())
    var first: WriteTransaction? = try store.beginWriting()
    #expect(try store.beginWritingIfFree() == nil)
    _ = try first?.tree("t", creating: TreeOptions())
    // Released without a commit: rolled back.
    first = nil
    let second = try #require(try store.beginWritingIfFree())
    #expect(try second.treeNames == [])
    try second.commit()
    #expect(throws: TreeError.self) { try second.commit() }
  }

  @Test func valuesAreExchangedOnlyIfTheyAreAsExpected() throws {
    let store = try TreeStore(on: MemoryStorage())
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions())
    let (key, one, two) = ([UInt8(1)], [UInt8(11)], [UInt8(22)])
    #expect(try !tree.exchange(key.span.bytes, expecting: one.span.bytes, for: two.span.bytes))
    #expect(try tree.exchange(key.span.bytes, expecting: nil, for: one.span.bytes))
    #expect(try !tree.exchange(key.span.bytes, expecting: nil, for: two.span.bytes))
    #expect(try tree.exchange(key.span.bytes, expecting: one.span.bytes, for: two.span.bytes))
    #expect(try tree.value(for: key.span.bytes) == two)
    #expect(try !tree.insert(key.span.bytes, one.span.bytes))
    #expect(try tree.exchange(key.span.bytes, expecting: two.span.bytes, for: nil))
    #expect(try tree.isEmpty)
    #expect(try !tree.update(key.span.bytes, one.span.bytes))
  }

  @Test func wrongKeysValuesAndWeightsAreRefusedAndChangeNothing() throws {
    let store = try TreeStore(on: MemoryStorage())
    let writing = try store.beginWriting()
    let narrow = try writing.tree("narrow", creating: TreeOptions(keyWidth: 2, valueWidth: 1))
    let weighted = try writing.tree("weighted", creating: TreeOptions(isWeighted: true))
    let (short, long, value) = ([UInt8(1)], [UInt8](repeating: 1, count: 1025), [UInt8(0)])
    #expect(throws: TreeError.self) { try narrow.put(short.span.bytes, value.span.bytes) }
    #expect(throws: TreeError.self) { try narrow.rank(of: long.span.bytes) }
    #expect(throws: TreeError.self) { try weighted.put(long.span.bytes, value.span.bytes) }
    try weighted.put(short.span.bytes, value.span.bytes, weight: .max)
    #expect(throws: TreeError.self) {
      try weighted.put(([2] as [UInt8]).span.bytes, value.span.bytes, weight: 1)
    }
    try weighted.put(short.span.bytes, value.span.bytes, weight: 5)
    #expect(try weighted.totalWeight == 5)
    #expect(try weighted.setWeight(7, of: short.span.bytes))
    try writing.commit()
    #expect(try store.beginReading().tree("weighted").totalWeight == 7)
  }

  @Test func readersOnOtherThreadsSeeWholeCommits() async throws {
    let storage = MemoryStorage()
    let store = try TreeStore(on: storage, TreeStoreOptions(pageSize: 4096, cacheBytes: 0))
    try put(store, 0..<1000, .checkpoint)
    let isOver = CancellationFlag()
    try await withThrowingTaskGroup { group in
      for task in UInt64(0)..<3 {
        group.addTask {
          var random = SeededRandom(task)
          while !isOver.isSet {
            let tree = try store.beginReading().tree("n").typed(UInt64.self, UInt64.self)
            let count = try tree.count
            #expect(count % 1000 == 0)
            for _ in 0..<50 {
              let rank = Int(random.next() % UInt64(count))
              let entry = try #require(try tree.entry(at: rank))
              #expect(entry.key == UInt64(rank))
            }
            #expect(try tree.entry(at: count) == nil)
            // There may be fewer threads than readers.
            await Task.yield()
          }
        }
      }
      group.addTask {
        defer { isOver.set() }
        for step in UInt64(1)..<15 {
          try put(store, step * 1000..<(step + 1) * 1000, step % 3 == 0 ? .checkpoint : .publish)
        }
      }
      try await group.waitForAll()
    }
    #expect(try store.verify().problems == [])
  }

  @Test func aCopyIsCompactAndEqual() throws {
    let storage = MemoryStorage()
    let store = try TreeStore(on: storage)
    let writing = try store.beginWriting()
    let options = TreeOptions(for: UInt64.self, UInt64.self)
    let tree = try writing.tree("n", creating: options).typed(UInt64.self, UInt64.self)
    let long = try writing.tree("long", creating: TreeOptions(isWeighted: true))
    var random = SeededRandom(9)
    for _ in 0..<5000 { try tree.put(random.next(), random.next()) }
    for length in 0..<40 {
      try long.put([UInt8(length)].span.bytes, random.bytes(length * 1000).span.bytes, weight: 3)
    }
    try writing.commit(.checkpoint)
    let target = MemoryStorage()
    try store.copy(to: target)
    let copy = try TreeStore(on: target)
    #expect(try copy.verify().problems == [])
    let (old, new) = (try store.beginReading(), try copy.beginReading())
    for name in ["n", "long"] {
      let (a, b) = (try old.tree(name), try new.tree(name))
      #expect(try a.entries(in: 0..<100_000) == b.entries(in: 0..<100_000))
      #expect(try a.totalWeight == b.totalWeight)
    }
    #expect(try new.tree("n").statistics().fill > 0.9)
    #expect(throws: TreeError.self) { try store.copy(to: target) }
  }
}
