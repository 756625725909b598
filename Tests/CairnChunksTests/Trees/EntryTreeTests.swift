import CairnCore
import Testing

@testable import CairnChunks

/// Sorted trees compared with a sorted array.
@Suite struct EntryTreeTests {
  private struct Stored: Sendable {
    let repository: Repository
    let tree: EntryTree
    let model: EntryModel
  }

  /// Stores entries, some with links to chunks that there are.
  private func store(_ count: Int, seed: UInt64) async throws -> Stored {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    var links: [ChunkID] = []
    for number in UInt8(0)..<5 { links.append(try await session.store(Chunk(data: [number]))) }
    let ids = links
    let model = EntryModel.random(count: count, seed: seed).with { entries in
      for number in entries.indices {
        entries[number].links = Array(ids.prefix(number % 7 == 0 ? number % 6 : 0))
      }
    }
    let tree = try await session.store(sortedEntries: model.entries)
    _ = try await session.publish(name: "a", chunk: tree.root)
    return Stored(repository: try await repository.reopened(), tree: tree, model: model)
  }

  /// What a cursor says of where it is.
  private struct Place: Equatable, Sendable {
    var rank: UInt64
    var weightBefore: UInt64
    var entry: Entry?

    init(_ cursor: EntryCursor) {
      rank = cursor.rank
      weightBefore = cursor.weightBefore
      entry = cursor.isValid ? cursor.entry : nil
    }

    init(_ model: EntryModel, _ rank: Int) {
      self.rank = UInt64(rank)
      weightBefore = model.weights[rank]
      entry = rank < model.entries.count ? model.entries[rank] : nil
    }
  }

  private static let sizes = [0, 1, 2, 3, 20, 1500]

  @Test(arguments: sizes)
  func allEntriesComeInOrder(count: Int) async throws {
    let stored = try await store(count, seed: 91)
    let (tree, model) = (stored.tree, stored.model)
    #expect(tree.count == UInt64(count) && tree.weight == model.weights.last)
    #expect((tree.height == 0) == (count < 20) && tree.height <= 6)
    let places = try await stored.repository.withCursor(tree) { (cursor) throws(ChunkStoreError) in
      var places: [Place] = []
      try cursor.seekToStart()
      while cursor.isValid {
        places.append(Place(cursor))
        try cursor.next()
      }
      places.append(Place(cursor))
      return places
    }
    #expect(places == (0...count).map { Place(model, $0) })
  }

  @Test(arguments: sizes)
  func everyRankIsFound(count: Int) async throws {
    let stored = try await store(count, seed: 92)
    let model = stored.model
    try await stored.repository.withCursor(stored.tree) { (cursor) throws(ChunkStoreError) in
      for rank in (0...count).shuffled() {
        try cursor.seek(toRank: UInt64(rank))
        guard Place(cursor) == Place(model, rank) else {
          Issue.record("rank \(rank) of \(count)")
          return
        }
      }
      try cursor.seek(toRank: .max)
      #expect(Place(cursor) == Place(model, count))
    }
  }

  @Test(arguments: sizes)
  func everyKeyIsFoundAndThoseBetween(count: Int) async throws {
    let stored = try await store(count, seed: 93)
    let model = stored.model
    var keys: [[UInt8]] = [[], [0], [0xFF, 0xFF], Array("folder 1".utf8)]
    for entry in model.entries {
      keys += [entry.key, entry.key + [0], Array(entry.key.dropLast()), entry.key + [0xFF]]
    }
    let wanted = keys.shuffled().prefix(2500)
    try await stored.repository.withCursor(stored.tree) { (cursor) throws(ChunkStoreError) in
      for key in wanted {
        try cursor.seek(toKey: key)
        guard Place(cursor) == Place(model, model.rank(of: key)) else {
          Issue.record("key \(key) among \(count)")
          return
        }
      }
    }
  }

  @Test(arguments: sizes)
  func everyWeightIsFound(count: Int) async throws {
    let stored = try await store(count, seed: 94)
    let model = stored.model
    try await stored.repository.withCursor(stored.tree) { (cursor) throws(ChunkStoreError) in
      for sum in Set(model.weights).shuffled().prefix(500) {
        for weight in [sum, sum &- 1, sum + 1] {
          try cursor.seek(toWeight: weight)
          guard Place(cursor) == Place(model, model.rank(ofWeight: weight)) else {
            Issue.record("weight \(weight) among \(count)")
            return
          }
        }
      }
    }
  }

  @Test func readingGoesOnFromAnyPlace() async throws {
    let stored = try await store(1500, seed: 95)
    let model = stored.model
    try await stored.repository.withCursor(stored.tree) { (cursor) throws(ChunkStoreError) in
      for start in stride(from: 0, to: 1500, by: 37) {
        try cursor.seek(toKey: model.entries[start].key)
        for rank in start..<min(start + 50, 1500) {
          guard Place(cursor) == Place(model, rank) else {
            Issue.record("from \(start) to \(rank)")
            return
          }
          try cursor.next()
        }
      }
    }
  }

  @Test func howEntriesArriveMakesNoDifference() async throws {
    let model = EntryModel.random(count: 1500, seed: 96)
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let whole = try await session.store(sortedEntries: model.entries)
    let (stream, continuation) = AsyncStream.makeStream(of: Entry.self)
    for entry in model.entries { continuation.yield(entry) }
    continuation.finish()
    let known = session.statistics.newChunks
    #expect(try await session.store(entries: stream) == whole)
    #expect(session.statistics.newChunks == known)
  }

  /// A changed value changes its leaf and the nodes above it. It may also move the end of its leaf,
  /// and then the ends behind it until they fall on the same keys again, which each does with a
  /// chance of more than a half: eight nodes on each of the levels are far more than that.
  @Test(arguments: UInt64(0)..<20)
  func oneChangedEntrySharesTheRest(seed: UInt64) async throws {
    let model = EntryModel.random(count: 2000, seed: 97)
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let before = try await session.store(sortedEntries: model.entries)
    let known = session.statistics.newChunks
    var random = SeededRandom(seed)
    let place = Int(random.next() % 2000)
    let changed = model.with { entries in
      switch seed % 3 {
      case 0: entries[place].value = random.bytes(30)
      case 1: entries.remove(at: place)
      default: entries.insert(Entry(key: entries[place].key + [0], value: [1]), at: place + 1)
      }
    }
    let after = try await session.store(sortedEntries: changed.entries)
    #expect(after != before)
    let fresh = session.statistics.newChunks - known
    #expect(fresh <= 8 * (after.height + 1), "\(fresh) of \(known)")
    #expect(try await repositoryEntries(session, after) == changed.entries)
  }

  private func repositoryEntries(
    _ session: WriteSession, _ tree: EntryTree
  ) async throws -> [Entry] {
    try await session.flush()
    return try await session.repository.entries(of: tree)
  }

  @Test func nodesHaveTheSizeTheyAreMeantToHave() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let entries = (0..<5000).map { Entry("\(1_000_000 + $0)", "a value of some bytes") }
    _ = try await session.store(sortedEntries: entries)
    let leafBytes = entries.reduce(0) { $0 + $1.key.count + $1.value.count }
    let average = leafBytes / Int(session.statistics.newChunks)
    // Of 256, within a quarter and four times of it, and in the middle on average.
    #expect((150...400).contains(average), "\(average)")
  }

  @Test func whatNoTreeCanHoldIsRefused() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let longest = [UInt8](repeating: 1, count: EntryTree.maximumKeyLength)
    let tree = try await session.store(
      sortedEntries: [Entry(key: [], value: []), Entry(key: longest, value: [], weight: .max)])
    #expect(try await repositoryEntries(session, tree).count == 2)
    for entries in [
      [Entry(key: longest + [1], value: [])],
      [Entry("a", "", weight: .max), Entry("b", "", weight: 1)],
      [Entry(key: [1], value: [UInt8](repeating: 1, count: Chunk.maximumSize))],
    ] {
      let error = try await storeError { _ = try await session.store(sortedEntries: entries) }
      #expect(error.code == .invalid)
    }
    #expect(try await session.store(sortedEntries: []).count == 0)
  }
}
