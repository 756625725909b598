import CairnCore
import CairnCrypto
import Testing

@testable import CairnChunks

/// Packs that a collection deleted are not missed, and those that are lost are.
@Suite struct VerifyCollectionTests {
  private static let options = CollectionOptions(
    maximumUnused: 0, patience: .zero, closesSessionsAfter: nil, session: .test)

  private struct Stopped: Error {}

  /// A repository with a root, and packs that nothing needs.
  private struct Fixture {
    let target = MemoryTarget()
    let repository: Repository
    let kept: Content
    let bytes = SeededRandom.bytes(3000, seed: 702)

    init() async throws {
      repository = try await Repository.createSmall(on: target)
      let session = try await repository.startSession(.test)
      let garbage = try await session.store(SeededRandom.bytes(300_000, seed: 701))
      kept = try await session.store(bytes)
      let forgotten = try await session.publish(name: "garbage", content: garbage)
      try await session.publish(name: "kept", content: kept)
      try await session.end()
      try await repository.forget([forgotten])
    }

    func expectSound(sourceLocation: SourceLocation = #_sourceLocation) async throws {
      let fresh = try await Repository.open(on: target)
      #expect(try await fresh.readAll(kept) == bytes, sourceLocation: sourceLocation)
      let report = try await fresh.verify(VerifyOptions(.data))
      #expect(report.isSound, "\(report.problems)", sourceLocation: sourceLocation)
    }

    /// The packs that the index describes and that are not there.
    func gonePacks() async throws -> Int64 {
      try await Repository.open(on: target).verify().gonePacks
    }

    /// Merges the index as often as it takes to merge all of it.
    @Sendable func merge() async throws {
      let writer = try await Repository.open(on: target)
      for number in 0..<3 * IndexBlobSet.mergeCount {
        let session = try await writer.startSession(.test)
        let chunk = try await session.store(Chunk(data: Array("\(number)".utf8)))
        try await session.publish(name: "one", chunk: chunk)
        try await session.end()
      }
      #expect(try await target.names("index/").count < IndexBlobSet.mergeCount)
    }
  }

  /// The index is merged while a collection replaces it, and the collection dies when the packs are gone.
  @Test func aMergeBesideACollectionRaisesNoAlarm() async throws {
    let fixture = try await Fixture()
    let before = try await fixture.target.blobs(BlobFolder.packs).map(\.name)
    let target = InterruptedTarget(fixture.target, .beforeDeletion, in: "index/") {
      try await fixture.merge()
      for pack in before { try await fixture.target.delete(pack) }
      throw Stopped()
    }
    let collector = try await Repository.open(on: target)
    _ = try await storeError { _ = try await collector.collectGarbage(options: Self.options) }
    #expect(target.wasInterrupted)
    #expect(try await fixture.gonePacks() > 0)
    try await fixture.expectSound()
    // The next collection takes them out of the index.
    _ = try await fixture.repository.reopened().collectGarbage(options: Self.options)
    #expect(try await fixture.gonePacks() == 0)
    try await fixture.expectSound()
  }

  @Test func aCollectionMendsWhatWasMergedBesideIt() async throws {
    let fixture = try await Fixture()
    let target = InterruptedTarget(
      fixture.target, .beforeDeletion, in: "index/", fixture.merge)
    let collector = try await Repository.open(on: target)
    let report = try await collector.collectGarbage(options: Self.options)
    #expect(target.wasInterrupted && report.deletedPacks > 0)
    #expect(try await fixture.gonePacks() == 0)
    try await fixture.expectSound()
  }

  /// A session that takes packs for absent does not describe them once they are.
  @Test func aSessionMergesNothingOfWhatWasCondemned() async throws {
    let fixture = try await Fixture()
    let packs = try await fixture.target.blobs(BlobFolder.packs).map(\.name)
    let target = InterruptedTarget(fixture.target, .beforeDeletion, in: "index/") {
      throw Stopped()
    }
    let collector = try await Repository.open(on: target)
    _ = try await storeError { _ = try await collector.collectGarbage(options: Self.options) }
    let session = try await fixture.repository.reopened().startSession(.test)
    // What the collector would do next.
    for pack in packs { fixture.target.remove(pack) }
    #expect(try await fixture.gonePacks() > 0)
    for number in 0..<3 * IndexBlobSet.mergeCount {
      let chunk = try await session.store(Chunk(data: Array("\(number)".utf8)))
      try await session.publish(name: "one", chunk: chunk)
    }
    try await session.end()
    #expect(try await fixture.gonePacks() == 0)
    try await fixture.expectSound()
  }

  /// A writer cannot tell what is needed, but what collections deleted.
  @Test func aWriterRaisesNoAlarmForWhatWasCollected() async throws {
    let fixture = try await Fixture()
    let key = try X25519Identity.generate()
    try await fixture.repository.addKey(
      for: [key.recipient], label: "writer", capability: .writer)
    let before = try await RepositoryWriter.open(on: fixture.target, with: [key])
    #expect(try await before.verify().isSound)
    let packs = try await fixture.target.blobs(BlobFolder.packs).map(\.name)
    // Between two looks of a writer that verifies.
    let target = InterruptedTarget(fixture.target, .afterListing, in: "packs/") {
      _ = try await fixture.repository.reopened().collectGarbage(options: Self.options)
    }
    let beside = try await RepositoryWriter.open(on: target, with: [key])
    let report = try await beside.verify()
    #expect(target.wasInterrupted && report.isSound, "\(report.problems)")
    #expect(report.gonePacks == 0)
    // One that knows the index as it was.
    let after = try await before.verify()
    #expect(after.isSound && after.gonePacks == 0, "\(after.problems)")
    let left = try await fixture.target.blobs(BlobFolder.packs).map(\.name)
    #expect(Set(left) != Set(packs))
    // What is lost is told by both.
    let lost = try #require(left.first)
    fixture.target.remove(lost)
    for writer in [before, try await RepositoryWriter.open(on: fixture.target, with: [key])] {
      #expect(try await writer.verify().problems.map(\.blob) == [lost.description])
    }
  }

  /// The index was merged while a collection replaced it, and the collection died when the packs were
  /// gone: they were condemned, so a writer misses none of them.
  @Test func aWriterRaisesNoAlarmForWhatACollectionLeft() async throws {
    let fixture = try await Fixture()
    let key = try X25519Identity.generate()
    try await fixture.repository.addKey(
      for: [key.recipient], label: "writer", capability: .writer)
    let packs = try await fixture.target.blobs(BlobFolder.packs).map(\.name)
    let target = InterruptedTarget(fixture.target, .beforeDeletion, in: "index/") {
      try await fixture.merge()
      for pack in packs { try await fixture.target.delete(pack) }
      throw Stopped()
    }
    let collector = try await Repository.open(on: target)
    _ = try await storeError { _ = try await collector.collectGarbage(options: Self.options) }
    let gone = try await fixture.gonePacks()
    #expect(target.wasInterrupted && gone > 0)
    let writer = try await RepositoryWriter.open(on: fixture.target, with: [key])
    let report = try await writer.verify()
    #expect(report.isSound && report.gonePacks == gone, "\(report.problems)")
  }

  /// Who opened the repository before a collection knows packs that are gone.
  @Test func whoOpenedItBeforeIsNotAlarmed() async throws {
    let fixture = try await Fixture()
    let reader = try await Repository.open(on: fixture.target)
    #expect(try await reader.verify().isSound)
    _ = try await fixture.repository.collectGarbage(options: Self.options)
    let report = try await reader.verify(VerifyOptions(.data))
    #expect(report.isSound, "\(report.problems)")
    #expect(report.gonePacks > 0)
  }

  /// A collection and somebody who forgets go on while it is verified.
  @Test(arguments: ["index/", "packs/"]) func beside(folder: String) async throws {
    let fixture = try await Fixture()
    let target = InterruptedTarget(fixture.target, .afterListing, in: folder) {
      let repository = try await Repository.open(on: fixture.target)
      let session = try await repository.startSession(.test)
      let content = try await session.store(SeededRandom.bytes(100_000, seed: 703))
      let forgotten = try await session.publish(name: "garbage", content: content)
      try await session.end()
      try await repository.forget([forgotten])
      _ = try await repository.collectGarbage(options: Self.options)
    }
    let report = try await Repository.open(on: target).verify(VerifyOptions(.data))
    #expect(target.wasInterrupted)
    #expect(report.isSound, "\(report.problems)")
  }

  @Test func aRootThatIsForgottenMeanwhileIsNotMissed() async throws {
    let fixture = try await Fixture()
    let target = InterruptedTarget(fixture.target, .afterListing, in: "index/") {
      let repository = try await Repository.open(on: fixture.target)
      try await repository.forget(try await repository.roots())
      _ = try await repository.collectGarbage(options: Self.options)
    }
    let report = try await Repository.open(on: target).verify(VerifyOptions(.data))
    #expect(target.wasInterrupted)
    #expect(report.isSound, "\(report.problems)")
    #expect(try await fixture.target.names("packs/").isEmpty)
  }

  /// Of the packs that are gone, those are reported that are needed, with the root.
  @Test func whatIsNeededIsMissed() async throws {
    let fixture = try await Fixture()
    let index = fixture.repository.loadedIndex
    let place = try #require(try index.place(of: fixture.kept.root))
    let needed = try index.pack(place.block.pack).blob
    let packs = try await fixture.target.blobs(BlobFolder.packs).map(\.name)
    #expect(packs.count > 3)
    for pack in packs { fixture.target.remove(pack) }
    let alone = try await Repository.open(on: fixture.target).verify()
    // A node is lost with it, so nobody knows what else is needed.
    let hasLinks = place.hasLinks
    #expect(Set(alone.problems.map(\.blob)).contains(needed.description))
    #expect(alone.problems.first?.roots.count == 1)
    #expect(alone.problems.count == (hasLinks ? packs.count : 1))
    #expect(alone.gonePacks == (hasLinks ? 0 : Int64(packs.count) - 1))
  }
}
