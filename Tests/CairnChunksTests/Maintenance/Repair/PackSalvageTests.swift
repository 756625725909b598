import CairnCore
import CairnCrypto
import Foundation
import Testing

@testable import CairnChunks

/// What is salvaged of packs, against a model that knows their layout.
@Suite struct PackSalvageTests {
  private static let rounds =
    ProcessInfo.processInfo.environment["CAIRN_LONG_TESTS"] == "1" ? 2000 : 12

  private static let large = RepositoryLayout(
    chunker: RepositoryLayout.small.chunker, blockSize: 16 << 10, packSize: 1 << 20,
    nodeSize: 256)!

  /// Packs of a segment or two, and of some twenty.
  private func makePacks(
    _ layout: RepositoryLayout, on target: MemoryTarget
  ) async throws -> (Repository, [PackModel]) {
    let repository = try await Repository.create(
      on: target, for: [owner.recipient], layout: layout)
    let session = try await repository.startSession(.test)
    let text = (0..<40_000).flatMap { "line \($0) of a text that packs well\n".utf8 }
    let content = try await session.store(SeededRandom.bytes(1_500_000, seed: 611) + text)
    _ = try await session.publish(name: "a", content: content)
    try await session.end()
    var packs: [PackModel] = []
    for blob in try await target.blobs(BlobFolder.packs) {
      packs.append(try await PackModel(blob, in: repository))
    }
    return (repository, packs)
  }

  private func salvage(
    _ pack: PackModel, _ repository: Repository, _ targets: [any Target], isKnown: Bool
  ) throws -> [ChunkID] {
    let salvage = repository.makeSalvage(targets)
    let found = try salvage.salvage(
      pack.info.digest, known: isKnown ? pack.info : nil, table: isKnown ? pack.table : nil)
    guard let found else { return [] }
    var lent: [ChunkID] = []
    try salvage.forEachChunk(of: found) { (id, record) in lent.append(id) }
    #expect(lent == found.table.entries.map(\.id))
    return lent
  }

  @Test(arguments: [RepositoryLayout.small, large])
  func whatLiesInSoundSegmentsIsFound(layout: RepositoryLayout) async throws {
    let target = MemoryTarget()
    let (repository, packs) = try await makePacks(layout, on: target)
    let seed = UInt64.random(in: 0..<1 << 40)
    var random = SeededRandom(seed)
    var (found, lost) = (0, 0)
    for round in 0..<Self.rounds {
      let pack = packs[Int(random.next() % UInt64(packs.count))]
      let damage = PackDamage.random(in: pack.bytes.count, &random)
      let harmed = damage.applied(to: pack.bytes, &random)
      try target.replace(pack.info.blob, harmed)
      let survivors = pack.survivors(in: [harmed])
      // With the index, and without; what follows a pack is told from it by its size alone.
      let isKnown = damage.isExtension || random.next() % 2 == 0
      let ids = try salvage(pack, repository, [target], isKnown: isKnown)
      #expect(ids == survivors, "seed \(seed), round \(round), \(damage), known: \(isKnown)")
      found += survivors.count
      lost += pack.table.entries.count - survivors.count
      try target.replace(pack.info.blob, pack.bytes)
    }
    #expect(found > 0 && lost > 0, "seed \(seed)")
  }

  @Test func copiesMakeUpForOneAnother() async throws {
    let target = MemoryTarget()
    let (repository, packs) = try await makePacks(Self.large, on: target)
    let copy = try target.copy()
    let seed = UInt64.random(in: 0..<1 << 40)
    var random = SeededRandom(seed)
    var gained = 0
    for round in 0..<Self.rounds {
      let pack = packs[Int(random.next() % UInt64(packs.count))]
      var harmed: [[UInt8]?] = []
      var wholeSize = true
      for place in [target, copy] {
        let damage = PackDamage.random(in: pack.bytes.count, &random)
        if damage.isExtension { wholeSize = false }
        harmed.append(damage.applied(to: pack.bytes, &random))
        try place.replace(pack.info.blob, harmed[harmed.count - 1])
      }
      let survivors = pack.survivors(in: harmed)
      let isKnown = !wholeSize || random.next() % 2 == 0
      let ids = try salvage(pack, repository, [target, copy], isKnown: isKnown)
      #expect(ids == survivors, "seed \(seed), round \(round), known: \(isKnown)")
      gained += survivors.count - pack.survivors(in: [harmed[0]]).count
      for place in [target, copy] { try place.replace(pack.info.blob, pack.bytes) }
    }
    #expect(gained > 0, "seed \(seed)")
  }

  /// A chunk that holds what looks like blocks, where the table that would tell is lost.
  @Test func contentThatLooksLikeBlocksHidesNothing() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.create(
      on: target, for: [owner.recipient],
      layout: RepositoryLayout(
        chunker: RepositoryLayout.small.chunker, blockSize: 16 << 10, packSize: 1 << 20,
        nodeSize: 256)!,
      options: Repository.Options(compressor: NoCompression()))
    let session = try await repository.startSession(.test)
    // The record of one chunk that claims to go far beyond this one.
    var fake = BinaryWriter()
    fake.append(varint: 0)
    fake.append(varint: 400_000)
    let length = fake.count + 400_000
    let header = PackFormat.blockHeader(codec: 0, rawLength: length, storedLength: length)
    for number in 0..<40 {
      _ = try await session.store(
        Chunk(
          data: header + fake.bytes
            + SeededRandom.bytes(20_000, seed: 620 + UInt64(number))))
    }
    try await session.flush()
    let blob = try #require(try await target.blobs(BlobFolder.packs).first)
    let pack = try await PackModel(blob, in: repository)
    // The end is gone, and a segment in the middle.
    var harmed = Array(pack.bytes.dropLast(2))
    harmed[harmed.count / 2] ^= 1
    try target.replace(blob.name, harmed)
    let survivors = pack.survivors(in: [harmed])
    let found = try salvage(pack, repository, [target], isKnown: false)
    #expect(survivors.count > 20 && Set(found).isSuperset(of: survivors))
  }
}
