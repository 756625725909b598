import CairnChunks
import CairnTargetKit
import Testing

@Suite struct MirroringTargetTests {
  private let name = BlobName(named: "a/blob")
  private let down: FaultyTarget.Rule = { _ in TargetFault(.before) }
  private let up: FaultyTarget.Rule = { _ in nil }
  private let memories = [MemoryTarget(), MemoryTarget(), MemoryTarget()]
  private let faulty: [FaultyTarget]

  init() {
    faulty = memories.map { FaultyTarget($0) { _ in nil } }
  }

  private func code(_ body: () async throws -> Void) async -> ChunkStoreError.Code? {
    await #expect(throws: ChunkStoreError.self) { try await body() }?.code
  }

  @Test func byDefaultEveryMirrorIsNeededToWriteAndOneToRead() async throws {
    let target = MirroringTarget(faulty)
    try await target.put(name, BlobSource([1]))
    for memory in memories { #expect(memory.findSize(of: name) == 1) }
    faulty[0].setRule(down)
    faulty[1].setRule(down)
    #expect(try await target.get(name, range: nil) == [1])
    #expect(try await target.size(of: name) == 1)
    #expect(try await target.list("", after: nil, limit: 10).count == 1)
    let other = BlobName(named: "other")
    #expect(await code { _ = try await target.get(other, range: nil) } == .missing)
    #expect(await code { try await target.put(other, BlobSource([2])) } == .temporary)
    #expect(await code { try await target.delete(name) } == .temporary)
    faulty[2].setRule(down)
    #expect(await code { _ = try await target.get(name, range: nil) } == .temporary)
    #expect(await code { _ = try await target.size(of: name) } == .temporary)
    #expect(await code { _ = try await target.list("", after: nil, limit: 10) } == .temporary)
  }

  @Test(arguments: 0..<3)
  func ofThreeMirrorsOneMayBeAway(away: Int) async throws {
    let target = MirroringTarget(faulty, minimumCopies: 2)
    let before = BlobName(named: "before")
    try await target.put(before, BlobSource([1]))
    faulty[away].setRule(down)
    try await target.put(name, BlobSource([2]))
    #expect(try await target.get(name, range: nil) == [2])
    #expect(try await target.list("", after: nil, limit: 10).map(\.name) == [name, before])
    #expect(memories[away].findSize(of: name) == nil)
    // Nothing is deleted that would come back.
    #expect(await code { try await target.delete(before) } == .temporary)

    // It comes back, and another goes.
    faulty[away].setRule(up)
    faulty[(away + 1) % 3].setRule(down)
    #expect(try await target.get(name, range: nil) == [2])
    #expect(try await target.list("", after: nil, limit: 10).map(\.name) == [name, before])
    // With two away, what only these hold would be missed.
    faulty[(away + 2) % 3].setRule(down)
    #expect(await code { _ = try await target.list("", after: nil, limit: 10) } == .temporary)
    #expect(await code { _ = try await target.get(name, range: nil) } == .temporary)
  }

  @Test func whatAMirrorLacksIsToldAndMended() async throws {
    let target = MirroringTarget(memories)
    for number in 1000..<3100 {
      let name = BlobName(named: "packs/\(number)")
      for mirror in memories.indices where (number + mirror) % 700 != 0 {
        try memories[mirror].store(name, BlobSource([UInt8(number % 251)]))
      }
    }
    try memories[2].store(name, BlobSource([1]))
    var found: [String] = []
    try await target.forEachDifference { found.append("\($0.blob.name) \($0.lacking)") }
    #expect(
      found == [
        "a/blob [0, 1]", "packs/1398 [2]", "packs/1399 [1]", "packs/1400 [0]", "packs/2098 [2]",
        "packs/2099 [1]", "packs/2100 [0]", "packs/2798 [2]", "packs/2799 [1]", "packs/2800 [0]",
      ])
    #expect(try await target.mend("packs/") == 9)
    #expect(try await target.mend() == 1)
    #expect(try await target.mend() == 0)
    #expect(try memories[0].load(name, range: nil) == [1])
  }

  @Test func mirrorsThatDisagreeAreNotMixed() async throws {
    let target = MirroringTarget(memories)
    try memories[0].store(name, BlobSource([1]))
    try memories[1].store(name, BlobSource([2, 2]))
    #expect(await code { try await target.put(name, BlobSource([2, 2])) } == .conflict)
    #expect(await code { try await target.put(name, BlobSource([1])) } == .conflict)
    #expect(await code { _ = try await target.mend() } == .conflict)
    #expect(try await target.get(name, range: nil) == [1])
  }

  @Test func everyMirrorThatFailedIsNamed() async throws {
    let faulty = ["first", "second", "third"].map {
      FaultyTarget(MemoryTarget(name: $0)) { _ in nil }
    }
    let target = MirroringTarget(faulty, minimumCopies: 2)
    try await target.put(name, BlobSource([1]))
    faulty[0].setRule { _ in TargetFault(.before, .targetFailed) }
    faulty[1].setRule { _ in TargetFault(.before, retryAfter: .seconds(5)) }
    for call in [
      { try await target.put(BlobName(named: "other"), BlobSource([2])) },
      { _ = try await target.get(BlobName(named: "other"), range: nil) },
      { _ = try await target.size(of: BlobName(named: "other")) },
      { _ = try await target.list("", after: nil, limit: 10) },
      { try await target.delete(name) }, { try await target.forEachDifference { _ in } },
    ] as [() async throws -> Void] {
      let error = try #require(
        await #expect(throws: ChunkStoreError.self) { try await call() })
      #expect(error.code == .targetFailed && error.retryAfter == .seconds(5))
      #expect(error.message.contains("2 of 3 mirrors failed"), "\(error)")
      #expect(error.message.contains("first: ") && error.message.contains("second: "), "\(error)")
      #expect(!error.message.contains("third"), "\(error)")
    }
  }

  @Test func aTemporaryErrorDoesNotHideALastingOne() async throws {
    faulty[0].setRule(down)
    faulty[1].setRule { _ in TargetFault(.before, .targetFailed) }
    let target = MirroringTarget(faulty)
    #expect(await code { try await target.delete(name) } == .targetFailed)
  }
}
