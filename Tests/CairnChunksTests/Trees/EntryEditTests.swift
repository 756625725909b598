import Testing

@testable import CairnChunks

/// Edited trees against trees built from what the same edits make of an array.
@Suite struct EntryEditTests {
  /// What edits make of sorted entries.
  private static func apply(
    _ edits: [EntryEdit], to entries: [Entry], others: [EntryTree: [Entry]] = [:]
  ) -> [Entry] {
    var result = entries
    for edit in edits {
      let isBefore = { (entry: Entry) in entry.key.lexicographicallyPrecedes(edit.key) }
      let isBehind = { (entry: Entry) in
        edit.end.map { !entry.key.lexicographicallyPrecedes($0) } ?? false
      }
      var middle: [Entry] = []
      switch edit {
      case .set(let entry): middle = [entry]
      case .replaceRange(_, _, let tree):
        middle = others[tree]!.filter { !isBefore($0) && !isBehind($0) }
      case .remove, .removeRange: break
      }
      result = result.filter(isBefore) + middle + result.filter(isBehind)
    }
    return result
  }

  /// Edits of random places, in order and apart from one another.
  private static func randomEdits(
    _ model: EntryModel, _ random: inout SeededRandom, count: Int, others: [EntryTree]
  ) -> [EntryEdit] {
    var edits: [EntryEdit] = []
    var keys: Set<[UInt8]> = []
    for _ in 0..<count {
      var key: [UInt8]
      if model.entries.isEmpty || random.next() % 4 == 0 {
        key = Array("folder \(random.next() % 20)/".utf8) + random.bytes(3)
      } else {
        key = model.entries[Int(random.next() % UInt64(model.entries.count))].key
        if random.next() % 3 == 0 { key.append(UInt8(random.next() & 255)) }
      }
      if random.next() % 50 == 0 { key = [] }
      if random.next() % 50 == 0 { key = [0xFF, 0xFF] }
      keys.insert(key)
    }
    let sorted = keys.sorted { $0.lexicographicallyPrecedes($1) }
    var position = 0
    while position < sorted.count {
      let key = sorted[position]
      let next = position + 1 < sorted.count ? sorted[position + 1] : nil
      switch random.next() % 12 {
      case 0: edits.append(.removeRange(from: key, to: next))
      case 1:
        let other = others[Int(random.next() % UInt64(others.count))]
        edits.append(.replaceRange(from: key, to: next, with: other))
      case 2...5: edits.append(.remove(key))
      default:
        let value = random.bytes(Int(random.next() % 60))
        edits.append(.set(Entry(key: key, value: value, weight: random.next() % 100)))
      }
      position += 1
    }
    return edits
  }

  @Test(arguments: UInt64(0)..<40)
  func anEditedTreeIsTheOneBuiltFromItsEntries(seed: UInt64) async throws {
    var random = SeededRandom(seed)
    let size = [0, 1, 3, 30, 400, 1500][Int(seed % 6)]
    let model = EntryModel.random(count: size, seed: seed &* 31)
    let otherModel = EntryModel.random(count: Int(random.next() % 600), seed: seed &* 37)
    let session = try await Repository.createSmall().startSession(.test)
    let tree = try await session.store(sortedEntries: model.entries)
    let other = try await session.store(sortedEntries: otherModel.entries)
    let count = [1, 2, 5, 60][Int(seed / 6 % 4)]
    let edits = Self.randomEdits(model, &random, count: count, others: [other])
    let expected = Self.apply(edits, to: model.entries, others: [other: otherModel.entries])
    let built = try await session.store(sortedEntries: expected)
    let edited = try await session.withBlockingSession { try $0.edit(tree, edits) }
    #expect(edited == built, "seed \(seed), \(count) edits of \(size) entries")
  }

  /// A history: each tree is made of the one before, as an importer does, and read back at once.
  @Test func aThousandEditsInARow() async throws {
    let seed: UInt64 = 4711
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let (last, expected) = try await session.withBlockingSession { session in
      var random = SeededRandom(seed)
      var model = EntryModel.random(count: 300, seed: seed)
      var tree = try session.store(sortedEntries: model.entries)
      for step in 0..<1000 {
        let edits = Self.randomEdits(model, &random, count: 2, others: [tree])
        let expected = Self.apply(edits, to: model.entries, others: [tree: model.entries])
        tree = try session.edit(tree, edits)
        model = EntryModel(expected)
        if model.entries.count < 100 {
          model = EntryModel.random(count: 300, seed: seed &+ UInt64(step))
          tree = try session.store(sortedEntries: model.entries)
        }
        #expect(tree.count == UInt64(model.entries.count), "step \(step), seed \(seed)")
        guard step % 50 == 0, let wanted = model.entries.randomElement(using: &random) else {
          continue
        }
        #expect(try session.entry(wanted.key, in: tree) == wanted)
        #expect(try session.entry(wanted.key + [7, 7, 7], in: tree) == nil)
      }
      return (tree, model)
    }
    try await session.publish(name: "history", chunk: last.root)
    #expect(try await repository.reopened().entries(of: last) == expected.entries)
  }

  /// Nodes on the path to a change are read and written, and few beside them: a change may move the
  /// end of its node, and then the ends behind it until they fall on the same keys again.
  @Test(arguments: UInt64(0)..<20)
  func aChangeCostsItsPath(seed: UInt64) async throws {
    let model = EntryModel.random(count: 4000, seed: 98)
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let tree = try await session.store(sortedEntries: model.entries)
    try await session.flush()
    let known = session.statistics.newChunks
    var random = SeededRandom(seed)
    let place = Int(random.next() % 4000)
    let key = model.entries[place].key
    let edit: EntryEdit =
      switch seed % 3 {
      case 0: .set(Entry(key: key, value: random.bytes(30)))
      case 1: .remove(key)
      default: .set(Entry(key: key + [0], value: [1]))
      }
    let (after, read) = try await session.withBlockingSession { session in
      (try session.edit(tree, [edit]), session.chunks.lentChunks)
    }
    #expect(after != tree)
    let written = Int(session.statistics.newChunks - known)
    #expect(written <= 8 * (after.height + 1), "\(written) of \(known), seed \(seed)")
    #expect(read <= 10 * (after.height + 1), "\(read) of \(known), seed \(seed)")
  }

  @Test func removingARangeReadsNothingWithinIt() async throws {
    let model = EntryModel.random(count: 4000, seed: 99)
    let session = try await Repository.createSmall().startSession(.test)
    let tree = try await session.store(sortedEntries: model.entries)
    try await session.flush()
    let (lower, upper) = (model.entries[500].key, model.entries[3500].key)
    let (after, read) = try await session.withBlockingSession { session in
      (
        try session.edit(tree, [.removeRange(from: lower, to: upper)]), session.chunks.lentChunks
      )
    }
    let expected = Array(model.entries[..<500] + model.entries[3500...])
    #expect(try await session.store(sortedEntries: expected) == after)
    #expect(read <= 20 * (tree.height + 1), "\(read) nodes")
  }

  @Test func editsOutOfOrderAreRefused() async throws {
    let session = try await Repository.createSmall().startSession(.test)
    let tree = try await session.store(sortedEntries: EntryModel.random(count: 20, seed: 1).entries)
    let wrong: [[EntryEdit]] = [
      [.remove([2]), .remove([1])], [.remove([1]), .remove([1])],
      [.removeRange(from: [1], to: [5]), .remove([4])],
      [.removeRange(from: [1], to: nil), .set(Entry(key: [9], value: []))],
    ]
    for edits in wrong {
      let error = await #expect(throws: ChunkStoreError.self) {
        try await session.withBlockingSession { try $0.edit(tree, edits) }
      }
      #expect(error?.code == .invalid)
    }
    // The session is none the worse for it.
    try await session.publish(name: "after", chunk: tree.root)
  }

  @Test func linksOfEditedEntriesMustBeStored() async throws {
    let session = try await Repository.createSmall().startSession(.test)
    let tree = try await session.store(sortedEntries: [])
    let nowhere = ChunkID(String(repeating: "ab", count: 32))!
    let error = await #expect(throws: ChunkStoreError.self) {
      try await session.withBlockingSession {
        try $0.edit(tree, [.set(Entry(key: [1], value: [], links: [nowhere]))])
      }
    }
    #expect(error?.code == .invalid)
  }

  @Test func whatWasStoredIsReadAtOnce() async throws {
    let session = try await Repository.createSmall().startSession(.test)
    try await session.withBlockingSession { session in
      var random = SeededRandom(12)
      let bytes = random.bytes(50_000)
      let content = try session.store(bytes.span.bytes)
      #expect(try session.read(content) == bytes)
      let leaf = try session.store(Chunk(data: [1, 2, 3]))
      let node = try session.store(Chunk(links: [leaf], data: [4]))
      #expect(try session.chunk(node) == Chunk(links: [leaf], data: [4]))
      #expect(try session.chunk(leaf).data == [1, 2, 3])
    }
  }
}
