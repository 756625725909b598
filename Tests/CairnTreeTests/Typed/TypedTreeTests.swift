import CairnCore
import CairnTree
import Testing

/// A typed tree beside a sorted array of the same entries.
@Suite struct TypedTreeTests {
  private typealias Name = TreePair<String, Int32>
  private struct Row: Equatable {
    var key: Name
    var value: UInt8?
    var weight: UInt64
  }

  private func name(_ random: inout SeededRandom) -> Name {
    let letters = ["", "a", "a\0", "ab", "b", "é"]
    return Name(letters[Int(random.next() % 6)], Int32(random.next() % 40) - 20)
  }

  private func equal<A: Equatable, B: Equatable>(
    _ found: (key: A, value: B)?, _ expected: (key: A, value: B)?, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    if found?.key != expected?.key || found?.value != expected?.value {
      Issue.record(
        "\(what): \(String(describing: found)), not \(String(describing: expected))",
        sourceLocation: sourceLocation)
    }
  }

  /// All questions about some keys.
  private func check<Base: OrderedTree>(
    _ tree: TypedTree<Base, Name, UInt8?>, _ rows: [Row], _ random: inout SeededRandom
  ) throws {
    let entry = { (index: Int) -> (key: Name, value: UInt8?)? in
      rows.indices.contains(index) ? (rows[index].key, rows[index].value) : nil
    }
    let weight = { (range: Range<Int>) in rows[range].reduce(0) { $0 + $1.weight } }
    #expect(try tree.count == rows.count && tree.isEmpty == rows.isEmpty)
    #expect(try tree.totalWeight == weight(rows.indices))
    equal(try tree.first, entry(0), "first")
    equal(try tree.last, entry(rows.count - 1), "last")
    for _ in 0..<20 {
      let (a, b) = (name(&random), name(&random))
      let (low, high) = (min(a, b), max(a, b))
      let rank = rows.count { $0.key < low }
      let end = rows.count { $0.key < high }
      let isThere = rank < rows.count && rows[rank].key == low
      let behind = isThere ? rank + 1 : rank
      let behindHigh = end < rows.count && rows[end].key == high ? end + 1 : end
      #expect(try tree.contains(low) == isThere)
      #expect(try tree.value(for: low) == (isThere ? rows[rank].value : UInt8??.none))
      #expect(try tree.weight(of: low) == (isThere ? rows[rank].weight : nil))
      #expect(try tree.rank(of: low) == rank)
      #expect(try tree.rank(behind: low) == behind)
      #expect(try tree.weight(before: low) == weight(0..<rank))
      equal(try tree.ceiling(low), entry(rank), "ceiling")
      equal(try tree.floor(low), entry(behind - 1), "floor")
      equal(try tree.entry(after: low), entry(behind), "after")
      equal(try tree.entry(before: low), entry(rank - 1), "before")
      equal(try tree.entry(at: rank), entry(rank), "at")

      #expect(try tree.ranks(keys: low..<high) == rank..<end)
      #expect(try tree.ranks(keys: low...high) == rank..<behindHigh)
      #expect(try tree.ranks(keys: ..<high) == 0..<end)
      #expect(try tree.ranks(keys: ...high) == 0..<behindHigh)
      #expect(try tree.ranks(keys: low...) == rank..<rows.count)
      #expect(try tree.count(keys: low...high) == behindHigh - rank)
      #expect(try tree.weight(keys: low...high) == weight(rank..<behindHigh))
      #expect(try tree.weight(keys: low...) == weight(rank..<rows.count))
      #expect(try tree.weight(from: nil, to: high) == weight(0..<end))
      // The other way round there is nothing.
      #expect(try tree.count(from: high, to: low) == 0 && tree.weight(from: high, to: low) == 0)
      #expect(try tree.entries(keys: low..<high).map(\.key) == rows[rank..<end].map(\.key))
      let forwards = try tree.sequence(keys: low..<high)
      #expect(try forwards.map { try $0.get().key } == rows[rank..<end].map(\.key))
      #expect(
        try forwards.reversed().map { try $0.get().key } == rows[rank..<end].reversed().map(\.key))

      let cursor = tree.makeCursor()
      #expect(try cursor.move(to: low) == isThere)
      #expect(try cursor.rank == rank)
      equal(try cursor.entry, isThere ? entry(rank) : nil, "at the cursor")
      try cursor.move(before: low)
      equal(try cursor.nextEntry(), entry(rank), "behind the cursor")
      try cursor.move(behind: low)
      equal(try cursor.previousEntry(), entry(behind - 1), "before the cursor")
    }
    let total = weight(rows.indices)
    for at in [0, total / 2, total] {
      var sum: UInt64 = 0
      let index = rows.firstIndex { row in
        sum += row.weight
        return sum > at
      }
      #expect(try tree.rank(atWeight: at) == index)
      equal(try tree.entry(atWeight: at), index.flatMap { entry($0) }, "at weight")
    }
  }

  @Test(arguments: runsLongTests ? UInt64(1)...20 : 1...3)
  func answersAreThoseOfASortedArray(_ seed: UInt64) throws {
    var random = SeededRandom(seed)
    let store = try TreeStore(on: MemoryStorage(), TreeStoreOptions(pageSize: 4096, cacheBytes: 0))
    var rows: [Row] = []
    for _ in 0..<4 {
      let writing = try store.beginWriting()
      let tree = try writing.tree(
        "t", creating: TreeOptions(for: Name.self, UInt8?.self, isWeighted: true)
      ).typed(Name.self, UInt8?.self)
      for _ in 0..<120 {
        let key = name(&random)
        let value = random.next() % 3 == 0 ? nil : UInt8(truncatingIfNeeded: random.next())
        let weight = random.next() % 50
        let index = rows.firstIndex { $0.key >= key } ?? rows.count
        let isThere = index < rows.count && rows[index].key == key
        switch random.next() % 9 {
        case 0, 1, 2:
          #expect(try tree.put(key, value, weight: weight) == isThere)
          if isThere { rows.remove(at: index) }
          rows.insert(Row(key: key, value: value, weight: weight), at: index)
        case 3:
          #expect(try tree.insert(key, value, weight: weight) == !isThere)
          if !isThere { rows.insert(Row(key: key, value: value, weight: weight), at: index) }
        case 4:
          #expect(try tree.update(key, value, weight: weight) == isThere)
          if isThere { rows[index] = Row(key: key, value: value, weight: weight) }
        case 5:
          let expected: UInt8?? = isThere ? .some(rows[index].value) : .none
          #expect(try tree.exchange(key, expecting: expected, for: .some(value)))
          if isThere {
            rows[index].value = value
          } else {
            rows.insert(Row(key: key, value: value, weight: 0), at: index)
          }
          #expect(try !tree.exchange(key, expecting: .some(value.map { ~$0 } ?? 1), for: .none))
        case 6:
          #expect(try tree.setWeight(weight, of: key) == isThere)
          if isThere { rows[index].weight = weight }
        case 7:
          #expect(try tree.remove(key) == isThere)
          if isThere { rows.remove(at: index) }
        default:
          let high = Name(key.first, key.second + 3)
          let gone = rows.count { $0.key >= key && $0.key <= high }
          #expect(try tree.remove(keys: key...high) == gone)
          rows.removeSubrange(index..<index + gone)
        }
      }
      if rows.count > 10 {
        try tree.remove(ranks: 3..<5)
        rows.removeSubrange(3..<5)
      }
      try check(tree, rows, &random)
      try writing.commit()
      try check(
        store.beginReading().tree("t").typed(Name.self, UInt8?.self), rows, &random)
    }
    #expect(rows.count > 20)
    #expect(try store.verify().problems == [])
  }

  @Test func bytesOfAnotherTypeAreAnError() throws {
    let store = try TreeStore(on: MemoryStorage())
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions())
    try tree.put(([0xFF] as [UInt8]).span.bytes, ([1, 2] as [UInt8]).span.bytes)
    func expectInvalid(_ body: () throws -> Void) {
      #expect((#expect(throws: TreeError.self) { try body() })?.code == .invalid)
    }
    let texts = tree.typed(String.self, [UInt8].self)
    expectInvalid { _ = try texts.first }
    expectInvalid { try texts.forEach(in: 0..<1) { _, _ in true } }
    expectInvalid { _ = try texts.sequence(ranks: 0..<1).map { try $0.get() } }
    expectInvalid { _ = try texts.makeCursor().nextEntry() }
    expectInvalid { _ = try tree.typed([UInt8].self, UInt32.self).value(for: [0xFF]) }
    #expect(try tree.typed([UInt8].self, UInt16.self).value(for: [0xFF]) == 0x0102)
  }

  @Test func widthsAreFixedWhereTheyCanBe() {
    #expect(TreeOptions(for: UInt64.self, UInt16?.self) == TreeOptions(keyWidth: 8, valueWidth: 3))
    #expect(TreeOptions(for: TreeTime.self, String.self) == TreeOptions(keyWidth: 8))
    #expect(TreeOptions(for: String.self, UInt8.self) == TreeOptions())
    #expect(
      TreeOptions(for: TreeDigest<32>.self, TreeDigest<500>.self) == TreeOptions(keyWidth: 32))
  }
}
