import CairnCore
import Testing

@testable import CairnTree

/// Long random sequences of commands, each answer compared with a plain sorted array's.
@Suite struct ModelTests {
  struct Shape: Sendable, CustomStringConvertible {
    var options: TreeOptions
    var keyLengths: ClosedRange<Int>
    var valueLengths: ClosedRange<Int>
    /// How many different bytes keys are made of: few make many equal keys and long common prefixes.
    var alphabet: UInt64
    var description: String { "\(options), keys of \(keyLengths) bytes" }
  }

  static let shapes = [
    Shape(
      options: TreeOptions(keyWidth: 8, valueWidth: 8), keyLengths: 8...8, valueLengths: 8...8,
      alphabet: 5),
    Shape(
      options: TreeOptions(keyWidth: 3, valueWidth: 90, isWeighted: true), keyLengths: 3...3,
      valueLengths: 90...90, alphabet: 30),
    Shape(
      options: TreeOptions(keyWidth: 300, valueWidth: 0), keyLengths: 300...300,
      valueLengths: 0...0, alphabet: 2),
    Shape(
      options: TreeOptions(isWeighted: true), keyLengths: 0...40, valueLengths: 0...200,
      alphabet: 3),
    Shape(
      options: TreeOptions(), keyLengths: 900...1024, valueLengths: 0...3000, alphabet: 2),
    // Each key is a prefix of all longer ones, so separators are as long as keys.
    Shape(
      options: TreeOptions(), keyLengths: 0...1024, valueLengths: 0...50, alphabet: 1),
    Shape(
      options: TreeOptions(keyWidth: 4, isWeighted: true), keyLengths: 4...4,
      valueLengths: 0...12_000, alphabet: 8),
  ]

  private func bytes(
    _ lengths: ClosedRange<Int>, _ alphabet: UInt64, _ random: inout SeededRandom
  ) -> [UInt8] {
    (0..<Int.random(in: lengths, using: &random)).map { _ in UInt8(random.next() % alphabet) }
  }

  @Test(arguments: shapes, runsLongTests ? [UInt64(1), 2, 3, 4] : [1])
  func answersAreThoseOfAModel(_ shape: Shape, _ seed: UInt64) throws {
    var random = SeededRandom(seed)
    let storage = MemoryStorage()
    let options = TreeStoreOptions(pageSize: 4096, cacheBytes: 0)
    var store = try TreeStore(on: storage, options)
    var model = TreeModel()
    var readers: [(ReadTransaction, TreeModel)] = []
    for round in 0..<(runsLongTests ? 40 : 10) {
      let before = model
      let writing = try store.beginWriting()
      let tree = try writing.tree("a", creating: shape.options)
      // Grows at first, shrinks to nothing at last.
      let removes = round < 6 ? 20 : round < 10 ? 50 : 80
      for _ in 0..<90 {
        let key = bytes(shape.keyLengths, shape.alphabet, &random)
        if Int(random.next() % 100) < removes, !model.entries.isEmpty {
          let rank = Int(random.next() % UInt64(model.entries.count))
          switch random.next() % 8 {
          case 0:
            let ranks = rank..<min(model.entries.count, rank + Int(random.next() % 60))
            try tree.remove(ranks: ranks)
            model.remove(ranks: ranks)
          default:
            let key = model.entries[rank].key
            #expect(try tree.remove(key.span.bytes))
            model.remove(key)
          }
        } else {
          let value = bytes(shape.valueLengths, 256, &random)
          let weight = shape.options.isWeighted ? random.next() % 1000 : 0
          let isThere = model.contains(key)
          #expect(try tree.put(key.span.bytes, value.span.bytes, weight: weight) == isThere)
          model.put(TreeEntry(key: key, value: value, weight: weight))
        }
        if random.next() % 10 == 0 {
          try tree.check(bytes(shape.keyLengths, shape.alphabet, &random), model)
        }
      }
      try tree.checkAll(model)
      if random.next() % 4 == 0 {
        writing.rollBack()
        model = before
      } else {
        try writing.commit(random.next() % 2 == 0 ? .publish : .checkpoint)
      }
      #expect(try store.verify().problems == [])
      for (reader, old) in readers { try reader.treeIfExists("a")?.checkAll(old) }
      let reader = try store.beginReading()
      if let tree = try reader.treeIfExists("a") {
        try tree.checkAll(model)
        for _ in 0..<30 { try tree.check(bytes(shape.keyLengths, shape.alphabet, &random), model) }
        for _ in 0..<10 where shape.options.isWeighted {
          let weight = random.next() % (try tree.totalWeight + 10)
          #expect(try tree.rank(atWeight: weight) == model.rank(atWeight: weight))
        }
      }
      readers.append((reader, model))
      if readers.count > 3 { readers.removeFirst() }
      if round % 5 == 4 {
        readers = []
        try store.checkpoint()
        store = try TreeStore(on: storage, options)
      }
    }
  }

  @Test func everyRankOfADeepTreeIsRight() throws {
    // Keys on all levels.
    let store = try TreeStore(on: MemoryStorage(), TreeStoreOptions(pageSize: 4096))
    let writing = try store.beginWriting()
    let tree = try writing.tree("numbers", creating: TreeOptions(for: UInt64.self, UInt64.self))
      .typed(UInt64.self, UInt64.self)
    let count = 60_000
    var keys = (0..<UInt64(count)).map { $0 * 3 }
    var random = SeededRandom(7)
    keys.shuffle(using: &random)
    for key in keys { try tree.put(key, ~key) }
    try writing.commit()
    let numbers = try store.beginReading().tree("numbers").typed(UInt64.self, UInt64.self)
    #expect(try numbers.base.statistics().depth == 3)
    for rank in stride(from: 0, to: count, by: 37) {
      let key = UInt64(rank) * 3
      let entry = try #require(try numbers.entry(at: rank))
      guard entry == (key, ~key), try numbers.rank(of: key) == rank,
        try numbers.rank(of: key + 1) == rank + 1, try numbers.value(for: key) == ~key,
        try numbers.value(for: key + 1) == nil
      else {
        Issue.record("rank \(rank) is wrong")
        return
      }
    }
    #expect(try numbers.entry(at: count) == nil)
    #expect(try numbers.count(from: 300, to: 3000) == 900)
    #expect(try store.verify().problems == [])
  }
}
