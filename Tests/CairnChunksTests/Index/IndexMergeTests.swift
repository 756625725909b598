import CairnCore
import CairnCrypto
import SystemPackage
import Testing

@testable import CairnChunks

@Suite struct IndexMergeTests {
  /// Publishes a few chunks that nobody has, each time.
  private func publish(
    _ count: Int, on repository: Repository, _ random: inout SeededRandom
  ) async throws -> [ChunkID] {
    var ids: [ChunkID] = []
    for _ in 0..<count {
      let session = try await repository.startSession(.test)
      ids.append(try await session.store(Chunk(data: random.bytes(100))))
      try await session.publish(name: "one", chunk: ids[ids.count - 1])
    }
    return ids
  }

  private func expect(
    _ ids: [ChunkID], on target: any Target, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let repository = try await Repository.open(on: target)
    for id in ids {
      #expect(try await repository.chunk(id).data.count == 100, sourceLocation: sourceLocation)
    }
    #expect(try await repository.verify(VerifyOptions(.data)).isSound)
  }

  @Test func manyBecomeFew() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    var random = SeededRandom(301)
    let ids = try await publish(50, on: repository, &random)
    #expect(try await target.names("index/").count < IndexBlobSet.mergeCount)
    #expect(try await target.names("packs/").count == 50)
    try await expect(ids, on: target)
  }

  @Test func whoMayNotRemovePassesOver() async throws {
    let base = MemoryTarget()
    let target = AppendOnlyTarget(base: base)
    let repository = try await Repository.createSmall(on: target)
    var random = SeededRandom(302)
    let ids = try await publish(30, on: repository, &random)
    let names = try await base.names("index/")
    #expect(names.count > 30)

    // Another one reads what is needed and no more.
    let counting = FaultyTarget(base)
    let other = try await Repository.open(on: counting)
    let before = counting.counts.gets
    try await other.refresh()
    #expect(counting.counts.gets - before < 2 * IndexBlobSet.mergeCount)
    for id in ids { #expect(try await other.contains(id)) }

    // And somebody who may remove does so with the next merge.
    let more = try await publish(8, on: other, &random)
    #expect(try await base.names("index/").count < 2 * IndexBlobSet.mergeCount)
    try await expect(ids + more, on: base)
  }

  /// The put of the merged blob, and each removal, fail or are the last thing that happens.
  @Test func aCrashBetweenStepsLosesNothing() async throws {
    for removals in 0..<IndexBlobSet.mergeCount + 2 {
      let base = MemoryTarget()
      let target = AppendOnlyTarget(base: base, removals: removals)
      var random = SeededRandom(303)
      var ids: [ChunkID] = []
      for _ in 0..<IndexBlobSet.mergeCount + 1 {
        ids += try await publish(1, on: try await existing(target), &random)
      }
      try await expect(ids, on: base)
      // Those who come later bring it to an end.
      ids += try await publish(IndexBlobSet.mergeCount * 2, on: try await existing(base), &random)
      #expect(try await base.names("index/").count < IndexBlobSet.mergeCount * 2)
      try await expect(ids, on: base)
    }
  }

  private func existing(_ target: any Target) async throws -> Repository {
    if try await target.size(of: .descriptor) == nil {
      return try await Repository.createSmall(on: target)
    }
    return try await Repository.open(on: target)
  }

  @Test func mergingByManyAtOnceLosesNothing() async throws {
    let target = MemoryTarget()
    _ = try await Repository.createSmall(on: target)
    let ids = try await withThrowingTaskGroup(of: [ChunkID].self) { group in
      for seed in 0..<4 {
        group.addTask {
          var random = SeededRandom(310 + UInt64(seed))
          return try await publish(20, on: try await Repository.open(on: target), &random)
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(ids.count == 80)
    #expect(try await target.names("index/").count < 4 * IndexBlobSet.mergeCount)
    try await expect(ids, on: target)
  }

  @Test func aReaderWhoseBlobsVanishLooksAgain() async throws {
    let base = MemoryTarget()
    var random = SeededRandom(304)
    let writer = try await Repository.createSmall(on: base)
    let ids = try await publish(IndexBlobSet.mergeCount - 1, on: writer, &random)
    let target = VanishingTarget(base: base)
    let reader = try await Repository.open(on: target)
    // It lists; then the last blob and a merge come; then it reads what is gone.
    let more = try await target.afterNextListing(
      { try await publish(1, on: writer, &random) }, during: { try await reader.refresh() })
    #expect(try await base.names("index/").count == 1)
    for id in ids + more { #expect(try await reader.contains(id)) }
  }

  @Test func aDamagedMergedBlobDoesNotHideWhatItReplaces() async throws {
    let base = MemoryTarget()
    let repository = try await Repository.createSmall(on: AppendOnlyTarget(base: base))
    var random = SeededRandom(305)
    let ids = try await publish(IndexBlobSet.mergeCount, on: repository, &random)
    let merged = try #require(
      try await base.list("index/", after: nil, limit: 100).max { $0.size < $1.size })
    let bytes = try base.load(merged.name, range: nil)
    let changed = ChangedTarget(
      base: base, changed: merged.name, bytes: Damage.flip(bytes.count * 8 - 100, of: bytes))
    let other = try await Repository.open(on: changed)
    var damage: [ChunkStoreError] = []
    try await other.refresh { damage.append($0) }
    #expect(damage.map(\.blob) == [merged.name])
    for id in ids { #expect(try other.loadedIndex.place(of: id) != nil) }
  }

  @Test func aLostPackIsStoredAgain() async throws {
    let target = MemoryTarget()
    var random = SeededRandom(306)
    let repository = try await Repository.createSmall(on: target)
    let ids = try await publish(2, on: repository, &random)
    let pack = try #require(try repository.loadedIndex.place(of: ids[0]))
    target.remove(try repository.loadedIndex.pack(pack.block.pack).blob)

    var again = SeededRandom(306)
    _ = try await publish(1, on: try await repository.reopened(), &again)
    try await expectReadable(ids, on: target)
  }

  private func expectReadable(_ ids: [ChunkID], on target: any Target) async throws {
    let repository = try await Repository.open(on: target)
    let session = try await repository.startSession(.test)
    try await session.flush()
    for id in ids { #expect(try await repository.chunk(id).data.count == 100) }
  }
}
