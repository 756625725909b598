import CairnCore
import Synchronization
import Testing

@testable import CairnTree

/// Cursors beside a model that knows only keys: where one is, is looked up again each time.
@Suite struct CursorTests {
  private struct Model {
    enum Place {
      case start, end
      case entry([UInt8])
      case before([UInt8])
      case behind([UInt8])
    }
    var tree = TreeModel()
    var place = Place.start

    var rank: Int {
      switch place {
      case .start: 0
      case .end: tree.entries.count
      case .entry(let key), .before(let key): tree.rank(key)
      case .behind(let key): tree.rank(key) + (tree.contains(key) ? 1 : 0)
      }
    }
    var entry: TreeEntry? {
      guard case .entry(let key) = place, tree.contains(key) else { return nil }
      return tree.entries[tree.rank(key)]
    }
    mutating func move(toRank rank: Int) {
      if rank < 0 {
        place = .start
      } else if rank >= tree.entries.count {
        place = .end
      } else {
        place = .entry(tree.entries[rank].key)
      }
    }
    mutating func advance(by distance: Int) {
      if distance == 0 { return }
      move(toRank: (distance > 0 && entry == nil ? rank - 1 : rank) + distance)
    }
  }

  private func key(_ random: inout SeededRandom) -> [UInt8] {
    (0..<1 + random.next() % 3).map { _ in UInt8(random.next() % 12) }
  }

  private func step<Tree: OrderedTree>(
    _ cursor: TreeCursor<Tree>, _ model: inout Model, _ random: inout SeededRandom
  ) throws {
    let key = key(&random)
    switch random.next() % 12 {
    case 0...2:
      #expect(
        try cursor.next()
          == {
            model.advance(by: 1); return model.entry != nil
          }())
    case 3, 4:
      #expect(
        try cursor.previous()
          == {
            model.advance(by: -1); return model.entry != nil
          }())
    case 5:
      let distance = Int(random.next() % 200) - 100
      try cursor.advance(by: distance)
      model.advance(by: distance)
    case 6:
      let rank = Int(random.next() % 300) - 20
      try cursor.move(toRank: rank)
      model.move(toRank: rank)
    case 7:
      #expect(try cursor.move(to: key.span.bytes) == model.tree.contains(key))
      model.place = model.tree.contains(key) ? .entry(key) : .before(key)
    case 8:
      try cursor.move(before: key.span.bytes)
      model.place = .before(key)
    case 9:
      try cursor.move(behind: key.span.bytes)
      model.place = .behind(key)
    case 10:
      let weight = random.next() % 2000
      try cursor.move(toWeight: weight)
      model.move(toRank: model.tree.rank(atWeight: weight) ?? .max)
    default:
      if random.next() % 2 == 0 {
        try cursor.moveToStart()
        model.place = .start
      } else {
        try cursor.moveToEnd()
        model.place = .end
      }
    }
  }

  private func check<Tree: OrderedTree>(_ cursor: TreeCursor<Tree>, _ model: Model) throws {
    #expect(try cursor.rank == model.rank)
    #expect(try cursor.entry == model.entry)
    #expect(try cursor.isAtEntry == (model.entry != nil))
    #expect(try cursor.weight == model.entry?.weight)
    #expect(try cursor.weightBefore == model.tree.weight(before: model.rank))
    #expect(
      try cursor.withEntry { TreeEntry(key: Array($0), value: Array($1)).value }
        == model.entry?.value)
  }

  @Test(arguments: runsLongTests ? UInt64(1)...20 : 1...3)
  func movesAreThoseOfAModel(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    let store = try TreeStore(on: MemoryStorage(), TreeStoreOptions(pageSize: 4096, cacheBytes: 0))
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions(isWeighted: true))
    var model = Model()
    // Two cursors of the writer's, of which one is moved and both are looked at.
    let cursors = [tree.makeCursor(), tree.makeCursor()]
    var models = [model, model]
    for turn in 0..<900 {
      let change = key(&random)
      let value = random.bytes(Int(random.next() % 150))
      if random.next() % 3 == 0 {
        try tree.remove(change.span.bytes)
        model.tree.remove(change)
      } else {
        let weight = random.next() % 20
        try tree.put(change.span.bytes, value.span.bytes, weight: weight)
        model.tree.put(TreeEntry(key: change, value: value, weight: weight))
      }
      for index in cursors.indices {
        // A place that was lost is kept as the place in front of it, whatever comes back.
        if case .entry(let key) = models[index].place, !model.tree.contains(key), turn % 3 == 0 {
          models[index].place = .before(key)
        }
        models[index].tree = model.tree
        // Looking at it is what makes it notice; not each time, so that changes add up.
        if turn % 3 == 0 { try check(cursors[index], models[index]) }
      }
      guard turn % 3 == 0 else { continue }
      for _ in 0..<3 { try step(cursors[turn / 3 % 2], &models[turn / 3 % 2], &random) }
      for index in cursors.indices { try check(cursors[index], models[index]) }
    }
    try writing.commit()
    #expect(throws: TreeError.self) { try cursors[0].next() }

    let reader = try store.beginReading()
    let cursor = try reader.tree("t").makeCursor()
    models[0].tree = model.tree
    models[0].place = .start
    for _ in 0..<600 {
      try step(cursor, &models[0], &random)
      try check(cursor, models[0])
    }
    // It keeps its snapshot while others write.
    let again = try store.beginWriting()
    try again.drop("t")
    try again.commit(.checkpoint)
    for _ in 0..<100 {
      try step(cursor, &models[0], &random)
      try check(cursor, models[0])
    }
  }

  private func numbers(_ count: UInt64) throws -> TreeStore {
    let store = try TreeStore(on: MemoryStorage(), TreeStoreOptions(cacheBytes: 0))
    let writing = try store.beginWriting()
    let tree = try writing.tree("n", creating: TreeOptions(for: UInt64.self, UInt64.self))
      .typed(UInt64.self, UInt64.self)
    for number in 0..<count { try tree.put(number, ~number) }
    try writing.commit(.checkpoint)
    return store
  }

  @Test func aLoopMayRemoveWhatItVisits() throws {
    let store = try numbers(3000)
    let writing = try store.beginWriting()
    let tree = try writing.tree("n").typed(UInt64.self, UInt64.self)
    let cursor = tree.makeCursor()
    var visited: [UInt64] = []
    while let (key, _) = try cursor.nextEntry() {
      visited.append(key)
      if key % 3 != 0 { try tree.remove(key) }
    }
    #expect(visited == Array(0..<3000))
    #expect(
      try tree.entries(in: 0..<3000).map(\.key) == stride(from: 0, to: 3000, by: 3).map(\.self))
    #expect(try tree.sequence(ranks: 0..<2000).reversed().map { try $0.get().key }.count == 1000)
  }

  @Test func aStepReadsNoMoreThanItsLeaf() throws {
    let store = try numbers(50_000)
    let cursor = try store.beginReading().tree("n").makeCursor()
    try cursor.move(toRank: 700)
    let before = store.core.cache.counters.pagesRead.load(ordering: .relaxed)
    var found = 0
    for _ in 0..<20_000 {
      try cursor.next()
      if try cursor.withEntry({ key, _ in key.byteCount }) == 8 { found += 1 }
    }
    let pages = store.core.cache.counters.pagesRead.load(ordering: .relaxed) - before
    // A leaf holds 509 entries, so there are 40 of them; the inner page may be read again.
    #expect(pages <= 100)
    #expect(found == 20_000)
  }

  @Test func sequencesEndWithTheFailure() throws {
    let store = try numbers(5000)
    let bytes = try #require((store.core.storage as? MemoryStorage)?.bytes)
    var damaged = bytes
    damaged.withUnsafeMutableBytes { bytes in
      let leaves = (2..<bytes.count / 8192).map { Page(bytes.baseAddress! + $0 * 8192) }
        .filter { $0.kind == PageKind.leaf.rawValue && $0.tree == 1 }
      #expect(leaves.count > 5)
      // Some leaf behind the first.
      leaves[3].set16(100, ~leaves[3].u16(100))
    }
    let tree = try TreeStore(on: MemoryStorage(damaged)).beginReading().tree("n")
    let elements = Array(tree.sequence(ranks: 0..<5000))
    let failures = elements.filter { (try? $0.get()) == nil }
    #expect(failures.count == 1 && elements.count < 5000 && elements.count > 500)
    #expect(throws: TreeError.self) { try elements[elements.count - 1].get() }
    #expect(try tree.sequence(ranks: -5..<3).map { try $0.get().key[7] } == [0, 1, 2])
    #expect(Array(tree.sequence(ranks: 5000..<6000)).isEmpty)
  }

  @Test func sequencesMayBeSentToOtherThreads() async throws {
    let store = try numbers(5000)
    let sequence = try store.beginReading().tree("n").typed(UInt64.self, UInt64.self)
      .sequence(keys: 1000..<4000)
    async let forwards = sequence.reduce(into: 0) { $0 += Int(try $1.get().key) }
    async let backwards = sequence.reversed().reduce(into: 0) { $0 += Int(try $1.get().key) }
    #expect(try await forwards == (1000..<4000).reduce(0, +))
    #expect(try await backwards == (1000..<4000).reduce(0, +))
  }
}
