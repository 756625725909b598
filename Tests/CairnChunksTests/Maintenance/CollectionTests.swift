import CairnCore
import Testing

@testable import CairnChunks

@Suite struct CollectionTests {
  /// Writes every partly used pack anew, and waits for nobody.
  private static let options = CollectionOptions(
    maximumUnused: 0, patience: .zero, closesSessionsAfter: nil, session: .test)

  private struct Stored {
    let root: Root
    let content: Content
    let bytes: [UInt8]
  }

  @discardableResult
  private func commit(
    _ bytes: [UInt8], as name: String, in repository: Repository
  ) async throws -> Stored {
    let session = try await repository.startSession(.test)
    let content = try await session.store(bytes)
    let root = try await session.publish(name: name, content: content)
    try await session.end()
    return Stored(root: root, content: content, bytes: bytes)
  }

  private func bytes(_ count: Int, _ seed: UInt64) -> [UInt8] {
    SeededRandom.bytes(count, seed: seed)
  }

  /// Everything that was committed is there and sound, by a fresh look.
  private func check(
    _ kept: [Stored], on target: any Target, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let repository = try await Repository.open(on: target)
    let ids = try await Set(repository.roots().map(\.id))
    #expect(ids.isSuperset(of: kept.map(\.root.id)), sourceLocation: sourceLocation)
    for stored in kept {
      #expect(
        try await repository.readAll(stored.content) == stored.bytes,
        sourceLocation: sourceLocation)
    }
    let report = try await repository.verify(VerifyOptions(.data))
    #expect(report.isSound, "\(report.problems)", sourceLocation: sourceLocation)
  }

  @Test(arguments: TargetKind.allCases)
  func whatNoRootNeedsGoes(kind: TargetKind) async throws {
    try await kind.withTarget { target in
      let repository = try await Repository.createSmall(on: target)
      let first = try await commit(bytes(200_000, 1), as: "first", in: repository)
      let second = try await commit(bytes(200_000, 2), as: "second", in: repository)
      let before = try await repository.planCollection(Self.options)
      #expect(before.deadPacks.isEmpty)
      #expect(before.compactedPacks.isEmpty)

      try await repository.forget([first.root])
      let plan = try await repository.planCollection(Self.options)
      #expect(plan.deadBytes > 100_000)
      let report = try await repository.collectGarbage(plan, options: Self.options)
      #expect(report.deletedPacks == Int64(plan.deadPacks.count + plan.compactedPacks.count))
      #expect(report.deletedBytes >= plan.deadBytes)
      #expect(report.replacedIndexBlobs > 0)
      try await check([second], on: target)
      // What was announced is cleared away, but by the collection's own session at most.
      #expect(try await target.names("condemned/").isEmpty)

      try await repository.forget([second.root])
      _ = try await repository.collectGarbage(options: Self.options)
      #expect(try await target.names("packs/").isEmpty)
      #expect(try await target.names("index/").isEmpty)
      #expect(try await target.names("sessions/").isEmpty)
    }
  }

  /// Packs that hold a little that is needed are written anew, and who opened the repository before
  /// finds it at its new place.
  @Test func partlyUsedPacksAreWrittenAnew() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let session = try await repository.startSession(.test)
    let large = try await session.store(bytes(300_000, 3))
    let small = try await session.store(bytes(3000, 4))
    let forgotten = try await session.publish(name: "large", content: large)
    let root = try await session.publish(name: "small", content: small)
    try await session.end()
    let kept = Stored(root: root, content: small, bytes: bytes(3000, 4))
    let reader = try await Repository.open(on: target)
    #expect(try await reader.readAll(small) == kept.bytes)

    try await repository.forget([forgotten])
    // With half of it unused allowed nothing is written anew.
    var options = Self.options
    options.maximumUnused = 1
    let lazy = try await repository.planCollection(options)
    #expect(lazy.compactedPacks.isEmpty)
    #expect(lazy.keptUnusedBytes > 0)
    let report = try await repository.collectGarbage(options: Self.options)
    #expect(report.compactedPacks > 0)
    try await check([kept], on: target)
    let plan = try await repository.planCollection(Self.options)
    #expect(plan.deadPacks.isEmpty)
    #expect(plan.bytes < 20_000)
    // These opened the repository before, and know only places that are gone.
    #expect(try await repository.readAll(small) == kept.bytes)
    #expect(try await reader.readAll(small) == kept.bytes)
  }

  /// What is stored anew since it lies in packs that are to go takes memory only until it is in the
  /// index, and is stored once.
  @Test func whatMovesIsKnownOnceItHasMoved() async throws {
    let repository = try await Repository.createSmall()
    try await commit(bytes(200_000, 30), as: "first", in: repository)
    let old = try await repository.listPacks()
    let session = try await repository.startSession(.test, avoiding: old)
    let content = try await session.store(bytes(200_000, 30))
    try await session.flush()
    let moved = session.statistics.newBytes
    #expect(moved >= 200_000)
    #expect(session.core.claimCount == 0)
    #expect(try await session.store(bytes(200_000, 30)) == content)
    #expect(session.statistics.newBytes == moved)
    try await session.end()
    let counts = try await repository.storedChunks()
    #expect(!counts.isEmpty && counts.values.allSatisfy { $0 == 2 })
  }

  /// A chunk that several of the packs hold which are to go is kept once, whichever counts as its place.
  @Test(arguments: [UInt64](0..<4))
  func whatTwoPacksHoldIsKeptOnce(seed: UInt64) async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let small = bytes(3000, 40 + seed)
    var kept: Stored?
    for number in 0..<3 as Range<UInt64> {
      let session = try await repository.startSession(.test, avoiding: repository.listPacks())
      let large = try await session.store(bytes(100_000, 50 + 10 * seed + number))
      let content = try await session.store(small)
      let forgotten = try await session.publish(name: "large", content: large)
      let root = try await session.publish(name: "small", content: content)
      try await session.end()
      try await repository.forget([forgotten])
      if let kept { try await repository.forget([kept.root]) }
      kept = Stored(root: root, content: content, bytes: small)
    }
    #expect(try await repository.storedChunks().values.contains(3))
    let report = try await repository.collectGarbage(options: Self.options)
    #expect(report.deletedPacks > 0 && report.neededPacks == 0)
    let counts = try await repository.storedChunks()
    #expect(!counts.isEmpty && counts.values.allSatisfy { $0 == 1 })
    #expect(try await repository.planCollection(Self.options).bytes < 20_000)
    try await check([#require(kept)], on: target)
  }

  /// Where another collection may delete every copy of a chunk, all stay: it cannot know which of them
  /// this one would keep.
  @Test func whatOthersMayDeleteTooKeepsAllCopies() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let stored = try await commit(bytes(50_000, 60), as: "stored", in: repository)
    let session = try await repository.startSession(.test, avoiding: repository.listPacks())
    _ = try await session.publish(name: "again", content: session.store(stored.bytes))
    try await session.end()
    #expect(try await repository.storedChunks().values.contains(2))
    let packs = try await repository.listPacks()
    let other = GenerationID(bytes: [UInt8](repeating: 7, count: 16))
    try await repository.board.put(.condemned(other, packs.sorted()))
    var report = CollectionReport()
    try await repository.deleteUnneeded(packs, Self.options, &report, NoProgress())
    #expect(report.deletedPacks == 0)
    #expect(report.neededPacks == Int64(packs.count))
    try await check([stored], on: target)
  }

  @Test func whatAnOpenSessionMayNeedIsLeft() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let first = try await commit(bytes(100_000, 5), as: "first", in: repository)
    let writer = try await Repository.open(on: target)
    let session = try await writer.startSession(.test)
    try await repository.forget([first.root])

    let report = try await repository.collectGarbage(options: Self.options)
    #expect(report.deletedPacks == 0)
    #expect(report.postponedPacks > 0)
    #expect(report.blockingSessions.count == 1)
    // The session finds the content stored, and commits it.
    let content = try await session.store(bytes(100_000, 5))
    #expect(session.statistics.newBytes == 0)
    let root = try await session.publish(name: "again", content: content)
    // One that begins now does not rely on what is condemned.
    let other = try await Repository.open(on: target)
    let late = try await other.startSession(.test)
    _ = try await late.store(bytes(100_000, 5))
    #expect(late.statistics.knownBytes == 0)
    try await late.end()
    try await session.end()

    let kept = Stored(root: root, content: content, bytes: bytes(100_000, 5))
    _ = try await repository.collectGarbage(options: Self.options)
    try await check([kept], on: target)
    // What was condemned by a collection that gave up is free again.
    _ = try await repository.collectGarbage(options: Self.options)
    #expect(try await target.names("condemned/").isEmpty)
    try await check([kept], on: target)
  }

  @Test func aSessionThatDoesNotEndIsClosed() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let writer = try await Repository.open(on: target)
    let session = try await writer.startSession(.test)
    let early = try await session.store(bytes(50_000, 6))
    let root = try await session.publish(name: "early", content: early)
    let late = try await session.store(bytes(50_000, 7))
    try await session.flush()

    var options = Self.options
    options.closesSessionsAfter = .zero
    let report = try await repository.collectGarbage(options: options)
    #expect(report.closedSessions.count == 1)
    #expect(report.deletedPacks > 0)
    // It wakes up.
    let error = try await storeError { _ = try await session.publish(name: "late", content: late) }
    #expect(error.code == .revoked)
    #expect(try await repository.roots().map(\.name) == ["early"])
    try await check([Stored(root: root, content: early, bytes: bytes(50_000, 6))], on: target)
  }

  @Test func whatASessionBuildsOnStays() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let base = try await commit(bytes(50_000, 8), as: "base", in: repository)
    let writer = try await Repository.open(on: target)
    let session = try await writer.startSession(.test)
    try await session.build(on: base.root)
    try await repository.forget([base.root])
    let report = try await repository.collectGarbage(options: Self.options)
    #expect(report.deletedPacks == 0)
    let root = try await session.publish(name: "next", content: base.content)
    try await session.end()
    _ = try await repository.collectGarbage(options: Self.options)
    try await check([Stored(root: root, content: base.content, bytes: base.bytes)], on: target)

    let next = try await writer.startSession(.test)
    let error = try await storeError { try await next.build(on: base.root) }
    #expect(error.code == .notFound)
    try await next.end()
  }

  @Test func aRootThatCameLaterCanBeBuiltOn() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let session = try await repository.startSession(.test)
    let other = try await Repository.open(on: target)
    let base = try await commit(bytes(50_000, 13), as: "base", in: other)
    try await session.build(on: base.root)
    let chunk = try await session.store(Chunk(links: [base.content.root], data: [1]))
    try await session.publish(name: "next", chunk: chunk)
    try await session.end()
    #expect(session.statistics.newChunks == 1)
    try await check([base], on: target)
  }

  /// A collection that is cut off after any change to the target loses nothing, and the next one
  /// finishes it.
  @Test(arguments: [false, true])
  func everyChangeMayBeTheLast(takesEffect: Bool) async throws {
    let original = MemoryTarget()
    let repository = try await Repository.createSmall(on: original)
    let session = try await repository.startSession(.test)
    let large = try await session.store(bytes(100_000, 9))
    let small = try await session.store(bytes(3000, 10))
    let forgotten = try await session.publish(name: "large", content: large)
    let root = try await session.publish(name: "small", content: small)
    try await session.end()
    try await repository.forget([forgotten])
    let kept = Stored(root: root, content: small, bytes: bytes(3000, 10))

    var count = 0
    while true {
      let target = try original.copy()
      let crashing = CrashingTarget(target, afterChanges: count, takesEffect: takesEffect)
      let collector = try await Repository.open(on: crashing)
      _ = try? await collector.collectGarbage(options: Self.options)
      try await check([kept], on: target)
      var options = Self.options
      options.closesSessionsAfter = .zero
      let next = try await Repository.open(on: target)
      for _ in 0..<3 { _ = try await next.collectGarbage(options: options) }
      try await check([kept], on: target)
      let plan = try await next.planCollection(Self.options)
      #expect(plan.deadPacks.isEmpty, "after \(count) changes")
      #expect(plan.bytes < 20_000, "after \(count) changes")
      #expect(try await target.names("condemned/").isEmpty, "after \(count) changes")
      if !crashing.hasCrashed { break }
      count += 1
    }
    #expect(count > 10)
  }

  @Test func nothingIsDeletedFromADamagedRepository() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let needed = try await commit(bytes(100_000, 11), as: "a", in: repository)
    let garbage = try await commit(bytes(100_000, 12), as: "b", in: repository)
    try await repository.forget([garbage.root])
    let place = try #require(try repository.loadedIndex.place(of: needed.root.chunk))
    target.remove(try repository.loadedIndex.pack(place.block.pack).blob)
    let before = try await target.names()
    let error = try await storeError {
      _ = try await Repository.open(on: target).collectGarbage(options: Self.options)
    }
    #expect(error.code == .missing)
    #expect(try await target.names() == before)
  }
}
