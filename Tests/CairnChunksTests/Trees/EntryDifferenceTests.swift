import CairnCore
import Testing

@testable import CairnChunks

@Suite struct EntryDifferenceTests {
  private struct Change: Equatable, Sendable {
    var kind: EntryDifference.Change
    var old: Entry?
    var new: Entry?
  }

  private func difference(
    _ repository: Repository, _ old: EntryTree, _ new: EntryTree
  ) async throws -> [Change] {
    try await repository.withCursor(old) { (oldCursor) throws(ChunkStoreError) in
      try repository.withReader { (reader) throws(ChunkStoreError) in
        var changes: [Change] = []
        let difference = EntryDifference(from: oldCursor, to: try EntryCursor(new, reader))
        try difference.forEach { kind, old, new in
          changes.append(
            Change(
              kind: kind, old: kind == .added ? nil : old.entry,
              new: kind == .removed ? nil : new.entry))
        }
        return changes
      }
    }
  }

  /// What two sorted arrays differ in.
  private func expected(_ old: EntryModel, _ new: EntryModel) -> [Change] {
    let before = Dictionary(uniqueKeysWithValues: old.entries.map { ($0.key, $0) })
    let after = Dictionary(uniqueKeysWithValues: new.entries.map { ($0.key, $0) })
    return Set(before.keys).union(after.keys)
      .sorted { $0.lexicographicallyPrecedes($1) }
      .compactMap { key in
        switch (before[key], after[key]) {
        case (let old?, nil): Change(kind: .removed, old: old)
        case (nil, let new?): Change(kind: .added, new: new)
        case (let old, let new): old == new ? nil : Change(kind: .changed, old: old, new: new)
        }
      }
  }

  /// Changes some entries in each of the ways there are.
  private func mutate(_ model: EntryModel, seed: UInt64) -> EntryModel {
    var random = SeededRandom(seed)
    let changes = [0, 1, 3, 50, 2000][Int(seed % 5)]
    return model.with { entries in
      for _ in 0..<changes where !entries.isEmpty {
        let place = Int(random.next() % UInt64(entries.count))
        switch random.next() % 4 {
        case 0: entries[place].value = random.bytes(10)
        case 1: entries[place].weight += 1
        case 2: entries.remove(at: place)
        default:
          let new = Entry(key: entries[place].key + [0, 1], value: random.bytes(5))
          if place + 1 == entries.count
            || new.key.lexicographicallyPrecedes(entries[place + 1].key)
          {
            entries.insert(new, at: place + 1)
          }
        }
      }
    }
  }

  @Test(arguments: UInt64(0)..<15, [0, 1, 30, 1000])
  func isThatOfTheModels(seed: UInt64, count: Int) async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let old = EntryModel.random(count: count, seed: seed)
    // Every third pair has nothing to do with each other.
    let new =
      seed % 3 == 2
      ? EntryModel.random(count: count / 2 + 1, seed: seed + 1000) : mutate(old, seed: seed)
    let oldTree = try await session.store(sortedEntries: old.entries)
    let newTree = try await session.store(sortedEntries: new.entries)
    try await session.flush()
    #expect(try await difference(repository, oldTree, newTree) == expected(old, new))
    #expect(try await difference(repository, newTree, oldTree) == expected(new, old))
    #expect(try await difference(repository, newTree, newTree).isEmpty)
  }

  @Test func aSmallDifferenceIsFoundInAFewNodes() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let old = EntryModel((0..<20_000).map { Entry("\(100_000 + $0)", "value \($0)") })
    let new = old.with { $0[12_345].value = [1] }
    let oldTree = try await session.store(sortedEntries: old.entries)
    let newTree = try await session.store(sortedEntries: new.entries)
    try await session.flush()
    let nodes = session.statistics.newChunks
    #expect(oldTree.height == newTree.height && nodes > 1000)
    let reader = ChunkReader(repository)
    var changes: [EntryDifference.Change] = []
    try EntryDifference(from: EntryCursor(oldTree, reader), to: EntryCursor(newTree, reader))
      .forEach { kind, _, _ in changes.append(kind) }
    #expect(changes == [.changed])
    // In each tree, at each node on the way to the change, one descent to where the common children
    // end and one behind the change.
    let path = oldTree.height + 1
    #expect(reader.lentChunks <= 2 * 2 * path * path, "\(reader.lentChunks) of \(nodes)")
  }
}
