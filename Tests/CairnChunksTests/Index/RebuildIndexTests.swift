import CairnCore
import CairnCrypto
import Testing

@testable import CairnChunks

@Suite struct RebuildIndexTests {
  private func sample() async throws -> (target: MemoryTarget, ids: [ChunkID]) {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    var ids: [ChunkID] = []
    for seed in UInt64(0)..<5 {
      let session = try await repository.startSession(.test)
      ids.append(try await session.store(Chunk(data: SeededRandom.bytes(300, seed: 500 + seed))))
      try await session.publish(name: "one", chunk: ids[ids.count - 1])
    }
    return (target, ids)
  }

  private func expect(
    _ ids: [ChunkID], on target: any Target, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let repository = try await Repository.open(on: target)
    for id in ids {
      #expect(try await repository.chunk(id).data.count == 300, sourceLocation: sourceLocation)
    }
    #expect(try await repository.verify(VerifyOptions(.data)).isSound)
  }

  @Test(arguments: [true, false])
  func aLostOrDamagedIndexIsWrittenAnew(isLost: Bool) async throws {
    let (target, ids) = try await sample()
    let old = try await target.names("index/")
    for name in old {
      let blob = BlobName(named: name)
      let bytes = try target.load(blob, range: nil)
      target.remove(blob)
      if !isLost { try target.store(blob, BlobSource(Damage.flip(bytes.count * 4, of: bytes))) }
    }
    let report = try await Repository.open(on: target).rebuildIndex()
    #expect(report.packs == 5 && report.chunks == 5 && report.problems.isEmpty)
    #expect(Set(report.damaged) == (isLost ? [] : Set(old)))
    #expect(try await target.names("index/") == [try #require(report.written)])
    try await expect(ids, on: target)
  }

  @Test func whatIsKnownOfADamagedPackIsKept() async throws {
    let (target, ids) = try await sample()
    let pack = BlobName(named: try #require(try await target.names("packs/").first))
    var bytes = try target.load(pack, range: nil)
    bytes.removeLast(20)
    target.remove(pack)
    try target.store(pack, BlobSource(bytes))
    let repository = try await Repository.open(on: target)
    let report = try await repository.rebuildIndex()
    #expect(report.packs == 5 && report.packsDescribedByOldIndex == 1 && report.problems.isEmpty)
    for id in ids { #expect(try await repository.contains(id)) }

    // Without an index that describes it, nothing is known of it, and it is named.
    target.remove(BlobName(named: try #require(report.written)))
    let again = try await Repository.open(on: target).rebuildIndex()
    #expect(again.packs == 4 && again.problems.count == 1)
    #expect(again.problems.first?.contains("\(pack)") == true)
  }

  @Test func itCanBeStoppedBeforeEachStep() async throws {
    let (base, ids) = try await sample()
    let before = try await base.names("index/").count
    for removals in 0..<before {
      let target = AppendOnlyTarget(base: base, removals: removals)
      let old = try await base.names("index/").count
      let report = try await Repository.open(on: target).rebuildIndex()
      #expect(report.removed.count == min(removals, old))
      #expect(report.kept.count == old - report.removed.count)
      try await expect(ids, on: base)
    }
    #expect(try await Repository.open(on: base).rebuildIndex().kept.isEmpty)
    #expect(try await base.names("index/").count == 1)
    try await expect(ids, on: base)
  }

  @Test func aProgressReportEndsIt() async throws {
    struct Ending: Error {}
    let (target, ids) = try await sample()
    let repository = try await Repository.open(on: target)
    let error = try await storeError {
      _ = try await repository.rebuildIndex(
        progress: ProgressClosure { progress in if progress.completed == 3 { throw Ending() } })
    }
    #expect(error.code == .cancelled)
    try await expect(ids, on: target)
  }
}
