import CairnChunks
import CairnCrypto
import CairnParity
import Testing

/// A repository on a disk that rots.
@Suite struct RepositoryTests {
  private let disk = MemoryTarget()
  private let identity: X25519Identity
  private let content: [UInt8]
  private let seed = SeededRandom.newSeed

  init() async throws {
    identity = try X25519Identity.generate()
    var random = SeededRandom(seed)
    content = random.bytes(5 << 20)
    let target = try await ParityTarget.keepParity(on: disk)
    let layout = try #require(
      RepositoryLayout(
        chunker: .standard, blockSize: 64 << 10, packSize: 1 << 20, nodeSize: 4 << 10))
    let repository = try await Repository.create(
      on: target, for: [identity.recipient], layout: layout)
    let session = try await repository.startSession()
    try await session.publish(name: "content", content: try await session.store(content))
    try await session.end()
  }

  private func verify(on target: any Target) async throws -> VerifyReport {
    try await Repository.open(on: target, with: [identity]).verify(VerifyOptions(.data))
  }

  private func read(on target: any Target) async throws -> [UInt8] {
    let repository = try await Repository.open(on: target, with: [identity])
    let stored = try #require(try await repository.root("content").content)
    return try await repository.read(stored, in: 0..<stored.byteCount)
  }

  /// In every pack 64 KiB of zeros somewhere, and in every other blob a flipped bit.
  ///
  /// - Returns: the number of packs.
  private func rotEverything() async throws -> Int {
    var random = SeededRandom(seed ^ 1)
    var packs = 0
    for name in try await disk.names() where !name.hasPrefix("parity/") {
      guard ParityTarget.repositoryPrefixes.contains(where: { name.hasPrefix($0) }) else {
        continue
      }
      let isPack = name.hasPrefix("packs/")
      packs += isPack ? 1 : 0
      try await disk.rot(name) { bytes in
        let place = Int.random(in: bytes.indices, using: &random)
        guard isPack else { return bytes[place] ^= 8 }
        for offset in place..<min(place + (64 << 10), bytes.count) { bytes[offset] = 0 }
      }
    }
    return packs
  }

  @Test func scrubMakesARottenRepositorySoundAgain() async throws {
    let sound = try await disk.contents()
    let packs = try await rotEverything()
    #expect(packs > 4, "seed \(seed)")
    let target = try #require(try await ParityTarget.open(on: disk))
    await #expect(throws: ChunkStoreError.self) { _ = try await verify(on: target) }
    let report = try await target.scrub(mending: true)
    #expect(report.isSound && report.blobs(.mended).count > packs, "seed \(seed)")
    #expect(report.unprotected == 0)
    #expect(try await disk.contents() == sound, "seed \(seed)")
    #expect(try await verify(on: target).isSound, "seed \(seed)")
    #expect(try await read(on: target) == content, "seed \(seed)")
  }

  @Test func rottenRepositoryIsReadThroughItsParity() async throws {
    _ = try await rotEverything()
    let rotten = try await disk.contents()
    let target = try #require(try await ParityTarget.open(on: disk))
    #expect(try await verify(on: target.mended).isSound, "seed \(seed)")
    #expect(try await read(on: target.mended) == content, "seed \(seed)")
    #expect(try await disk.contents() == rotten)
  }

  /// The mended view as a copy: chunks of damaged packs are written to new ones, as from any copy.
  @Test func repairTakesTheMendedViewAsACopy() async throws {
    var random = SeededRandom(seed ^ 2)
    for name in try await disk.names("packs/") {
      try await disk.rot(name) { bytes in
        let start = Int.random(in: bytes.indices, using: &random)
        for place in start..<min(start + 5000, bytes.count) { bytes[place] = 0xFF }
      }
    }
    let target = try #require(try await ParityTarget.open(on: disk))
    let repository = try await Repository.open(on: target, with: [identity])
    let options = RepairOptions(copies: [target.mended])
    let plan = try await repository.planRepair(
      after: try await repository.verify(VerifyOptions(.data)), options)
    #expect(!plan.packs.isEmpty && plan.lostChunks == 0, "seed \(seed)")
    #expect(try await repository.repair(plan, options).lostChunks == 0, "seed \(seed)")
    #expect(try await read(on: target) == content, "seed \(seed)")
  }

  /// Whoever knows nothing of parity leaves it alone, and prunes blobs without it.
  @Test func repositoryOpensWithoutParity() async throws {
    #expect(try await read(on: disk) == content)
    #expect(try await verify(on: disk).isSound)
    #expect(try await Repository.verifyNames(on: disk).isSound)
    let repository = try await Repository.open(on: disk, with: [identity])
    for root in try await repository.roots() { try await repository.forget([root]) }
    let sidecars = try await disk.names("parity/")
    let collected = try await repository.collectGarbage()
    #expect(collected.deletedPacks > 4)
    #expect(try await disk.names("parity/") == sidecars)
    let target = try #require(try await ParityTarget.open(on: disk))
    #expect(try await target.scrub().isSound)
    #expect(try await target.protect().removedSidecars > 4)
    #expect(try await target.scrub().unprotected == 0)
    #expect(try await verify(on: target).isSound)
  }

  @Test func whatWasStoredWithoutParityGetsIt() async throws {
    let plain = MemoryTarget()
    let repository = try await Repository.create(on: plain, for: [identity.recipient])
    let session = try await repository.startSession()
    try await session.publish(name: "content", content: try await session.store(content))
    try await session.end()
    let before = try await plain.contents()
    let target = try await ParityTarget.keepParity(on: plain)
    let report = try await target.protect()
    #expect(report.damaged.isEmpty && report.protected > 4)
    #expect(try await target.contents() == before)
    #expect(try await target.scrub().unprotected == 0)
  }
}
