import CairnCore
import CairnCrypto
import Foundation
import Testing

@testable import CairnChunks

@Suite struct RepairTests {
  private static let isLong = ProcessInfo.processInfo.environment["CAIRN_LONG_TESTS"] == "1"
  private static let rounds = isLong ? 200 : 1

  private static let collection = CollectionOptions(
    maximumUnused: 0, patience: .zero, closesSessionsAfter: .zero, session: .test)

  /// Random damage to some packs: what the model says survives does, what the plan says happens,
  /// the second repair changes nothing, and what was lost comes back when it is stored again.
  @Test func whatSurvivesIsSaved() async throws {
    let seed = UInt64.random(in: 0..<1 << 40)
    var random = SeededRandom(seed)
    let fixture = try await RepairFixture()
    let pristine = try fixture.target.copy()
    for round in 0..<Self.rounds {
      let note = "seed \(seed), round \(round)"
      for name in try await fixture.target.names() { fixture.target.remove(BlobName(named: name)) }
      for blob in pristine.names("", after: nil, limit: .max) {
        try fixture.target.store(blob.name, BlobSource(try pristine.load(blob.name, range: nil)))
      }
      let count = Int(random.next() % 5) + 1
      let chosen = Array(fixture.packs.indices.shuffled(using: &random).prefix(count))
      let harmed = try fixture.harm(chosen, in: [fixture.target], &random)
      let survivors = try fixture.survivors(in: [fixture.target])

      let repository = try await Repository.open(on: fixture.target)
      let before = try await fixture.target.names()
      let found = try await repository.verify(VerifyOptions(.data, workerCount: 1))
      let plan = try await repository.planRepair(after: found)
      #expect(try await fixture.target.names() == before, "\(note)")
      #expect(Set(plan.packs.map(\.blob)) == harmed, "\(note)")
      let lost = fixture.roots.map { fixture.lost($0, survivors) }
      #expect(plan.lostChunks == Int64(lost.reduce(into: Set()) { $0.formUnion($1) }.count))
      #expect(
        plan.hurtRoots.map(\.lostChunks) == lost.map { Int64($0.count) }.filter { $0 > 0 },
        "\(note)")
      for pack in plan.packs {
        let model = try #require(fixture.packs.first { $0.info.blob == pack.blob })
        let bytes = try? fixture.target.load(pack.blob, range: nil)
        #expect(pack.chunks == Int64(model.table.entries.count), "\(note)")
        #expect(
          pack.readableChunks == Int64(model.survivors(in: [bytes]).count), "\(note), \(pack.blob)")
      }

      let report = try await repository.repair(plan, RepairOptions(session: .test))
      #expect(report.savedChunks == plan.packs.reduce(0) { $0 + $1.salvagedChunks }, "\(note)")
      #expect(Set(report.condemnedPacks + report.droppedPacks) == harmed, "\(note)")
      try await fixture.check(survivors, note)
      // No pack was deleted, and none is repaired twice.
      let after = try await fixture.target.names()
      #expect(Set(after).isSuperset(of: before.filter { $0.hasPrefix("packs/") }), "\(note)")
      let again = try await Repository.open(on: fixture.target).repairAll()
      #expect(again.plan.isEmpty && again.report == RepairReport(), "\(note)")
      #expect(
        try await fixture.target.names().filter { !$0.hasPrefix("sessions/") }
          == after.filter { !$0.hasPrefix("sessions/") }, "\(note)")

      // Whoever stores the same again heals it.
      let writer = try await Repository.open(on: fixture.target)
      let session = try await writer.startSession(.test)
      for id in fixture.links.keys where !survivors.contains(id) && fixture.links[id] == [] {
        let whole = try await Repository.open(on: pristine).chunk(id)
        #expect(try await session.store(whole) == id)
      }
      try await session.flush()
      try await session.end()
      let healed = survivors.union(fixture.links.filter { $0.value.isEmpty }.keys)
      try await fixture.check(healed, "healed, \(note)")

      // A collection deletes the condemned packs once nothing that is hurt is left.
      let owner = try await Repository.open(on: fixture.target)
      let hurt = fixture.roots.filter { !fixture.lost($0, healed).isEmpty }
      try await owner.forget(hurt)
      for _ in 0..<2 { _ = try await owner.collectGarbage(options: Self.collection) }
      let left = Set(try await fixture.target.names("packs/"))
      #expect(left.isDisjoint(with: harmed.map(\.description)), "\(note)")
      let last = try await owner.reopened().verify(VerifyOptions(.data, workerCount: 1))
      #expect(last.isSound, "\(last.problems), \(note)")
    }
  }

  /// A repair that ends at any change, or without `CAIRN_LONG_TESTS=1` at every third from one chosen by
  /// chance on, and the one that takes it up.
  @Test(arguments: [false, true])
  func itCanBeKilledBeforeEachStep(takesEffect: Bool) async throws {
    let seed = UInt64.random(in: 0..<1 << 40)
    var random = SeededRandom(seed)
    let fixture = try await RepairFixture()
    let names = try fixture.harm([0, 2, 5, 6], in: [fixture.target], &random)
    #expect(names.count >= 3, "seed \(seed)")
    let survivors = try fixture.survivors(in: [fixture.target])
    let damaged = try fixture.target.copy()
    var steps = Self.isLong ? 0 : Int(random.next() % 3)
    while true {
      for name in try await fixture.target.names() { fixture.target.remove(BlobName(named: name)) }
      for blob in damaged.names("", after: nil, limit: .max) {
        try fixture.target.store(blob.name, BlobSource(try damaged.load(blob.name, range: nil)))
      }
      let crashing = CrashingTarget(fixture.target, afterChanges: steps, takesEffect: takesEffect)
      _ = try? await Repository.open(on: crashing).repairAll()
      _ = try await Repository.open(on: fixture.target).repairAll()
      try await fixture.check(survivors, "seed \(seed), after \(steps) changes")
      if !crashing.hasCrashed { break }
      steps += Self.isLong ? 1 : 3
    }
    #expect(steps > 4)
  }

  /// What one place has lost and another holds comes back, wherever each is damaged.
  @Test func copiesAreUsed() async throws {
    let seed = UInt64.random(in: 0..<1 << 40)
    var random = SeededRandom(seed)
    let fixture = try await RepairFixture()
    let copy = try fixture.target.copy()
    _ = try fixture.harm([0, 1, 2, 3, 4], in: [fixture.target, copy], &random)
    _ = try fixture.harm([6, 7], in: [fixture.target], &random)
    let survivors = try fixture.survivors(in: [fixture.target, copy])
    let options = RepairOptions(copies: [copy], session: .test)
    let (plan, _) = try await Repository.open(on: fixture.target).repairAll(options)
    let lost = fixture.roots.map { fixture.lost($0, survivors) }
    #expect(plan.hurtRoots.map(\.lostChunks) == lost.map { Int64($0.count) }.filter { $0 > 0 })
    try await fixture.check(survivors, "seed \(seed)")
    let again = try await Repository.open(on: fixture.target).repairAll(options)
    #expect(again.plan.isEmpty, "seed \(seed)")
  }

  /// A copy that is offered later, when the damaged packs are in use no more.
  @Test func aCopyThatComesLaterHelps() async throws {
    let fixture = try await RepairFixture()
    let copy = try fixture.target.copy()
    for pack in fixture.packs.prefix(6) { fixture.target.remove(pack.info.blob) }
    let first = try await Repository.open(on: fixture.target).repairAll()
    #expect(first.plan.lostChunks > 0 && first.report.droppedPacks.count == 6)
    let options = RepairOptions(copies: [copy], session: .test)
    let second = try await Repository.open(on: fixture.target).repairAll(options)
    #expect(second.plan.lostChunks == 0 && second.plan.chunksFromCopies > 0)
    #expect(second.report.savedChunks == second.plan.chunksFromCopies)
    let report = try await Repository.open(on: fixture.target).verify(VerifyOptions(.data))
    #expect(report.isSound, "\(report.problems)")
  }

  @Test func smallBlobsComeBackFromACopy() async throws {
    let fixture = try await RepairFixture()
    let copy = try fixture.target.copy()
    let index = BlobName(named: try #require(try await fixture.target.names("index/").first))
    let roots = try await fixture.target.names("roots/").map { BlobName(named: $0) }
    for name in [index, roots[0]] {
      let bytes = try await fixture.target.get(name)
      try fixture.target.replace(name, Damage.flip(bytes.count * 3, of: bytes))
    }
    fixture.target.remove(roots[1])
    var options = RepairOptions(copies: [copy], session: .test)
    let first = try await Repository.open(on: fixture.target).repairAll(options)
    #expect(Set(first.report.replacedBlobs) == [index, roots[0]])
    #expect(first.plan.rootsInCopies == [roots[1]] && first.report.restoredRoots.isEmpty)
    #expect(try await Repository.open(on: fixture.target).roots().count == 2)
    options.restoresRoots = true
    let second = try await Repository.open(on: fixture.target).repairAll(options)
    #expect(second.report.restoredRoots == [roots[1]])
    try await fixture.check(Set(fixture.links.keys), "everything is back")
    #expect(try await Repository.open(on: fixture.target).roots() == fixture.roots)
  }

  /// While it is damaged nobody can write: which packs are about to go is not known.
  @Test func aDamagedAnnouncementComesBackFromACopy() async throws {
    let fixture = try await RepairFixture()
    let generation = GenerationID(bytes: SeededRandom.bytes(16, seed: 661))
    let pack = fixture.packs[2].info
    try await Repository.open(on: fixture.target).board.put(.condemned(generation, [pack.digest]))
    let copy = try fixture.target.copy()
    let name = BlobName(named: try #require(try await fixture.target.names("condemned/").first))
    let bytes = try await fixture.target.get(name)
    try fixture.target.replace(name, Damage.flip(bytes.count * 4, of: bytes))
    try fixture.target.replace(fixture.packs[1].info.blob, nil)
    let alone = try await storeError {
      _ = try await Repository.open(on: fixture.target).repairAll()
    }
    #expect(alone.code == .damaged && alone.blob == name)
    let options = RepairOptions(copies: [copy], session: .test)
    let (plan, report) = try await Repository.open(on: fixture.target).repairAll(options)
    #expect(plan.blobs.map(\.name) == [name] && report.replacedBlobs == [name])
    #expect(try await fixture.target.get(name) == bytes)
    try await fixture.check(Set(fixture.links.keys), "announcement")
  }

  @Test func aDamagedIndexIsWrittenAnew() async throws {
    let fixture = try await RepairFixture()
    var random = SeededRandom(641)
    for name in try await fixture.target.names("index/") {
      let bytes = try await fixture.target.get(BlobName(named: name))
      try fixture.target.replace(
        BlobName(named: name), Damage.flip(bytes.count * 4, of: bytes))
    }
    // The end of a pack is gone, and nothing else tells what was in it.
    let pack = fixture.packs[1]
    try fixture.target.replace(
      pack.info.blob, PackDamage.cut(pack.bytes.count - 3).applied(to: pack.bytes, &random))
    let survivors = try fixture.survivors(in: [fixture.target])
    let (plan, report) = try await Repository.open(on: fixture.target).repairAll()
    #expect(plan.rebuildsIndex && report.index?.written != nil)
    #expect(plan.packs.map(\.chunks) == [nil])
    try await fixture.check(survivors, "index")
    #expect(try await Repository.open(on: fixture.target).repairAll().plan.isEmpty)
  }

  @Test func anotherRepositoryIsNoCopy() async throws {
    let fixture = try await RepairFixture()
    let other = MemoryTarget()
    _ = try await Repository.createSmall(on: other)
    let error = try await storeError {
      _ = try await Repository.open(on: fixture.target).repairAll(RepairOptions(copies: [other]))
    }
    #expect(error.code == .invalid)
  }

  /// A writer that began before a repair, and ends long after it and after collections.
  @Test func whatAWriterReliesOnStays() async throws {
    let fixture = try await RepairFixture()
    let writer = try await Repository.open(on: fixture.target)
    // What no root needs any more, and a writer is about to.
    let content = try #require(fixture.roots[0].content)
    let bytes = try await writer.readAll(content)
    try await writer.forget([fixture.roots[0]])
    let session = try await writer.startSession(.test)
    let again = try await session.store(bytes)
    #expect(again == content && session.statistics.newChunks == 0)

    var harmed: [BlobName] = []
    for (number, pack) in fixture.packs.enumerated() where number % 2 == 0 {
      // The trailer alone: all content is sound.
      try fixture.target.replace(pack.info.blob, pack.bytes + [0])
      harmed.append(pack.info.blob)
    }
    let owner = try await Repository.open(on: fixture.target)
    let (plan, _) = try await owner.repairAll()
    #expect(plan.packs.count == harmed.count && plan.lostChunks == 0)
    var options = Self.collection
    options.closesSessionsAfter = nil
    for _ in 0..<2 { _ = try await owner.collectGarbage(options: options) }
    _ = try await session.publish(name: "late", content: again)
    try await session.end()
    for _ in 0..<3 { _ = try await owner.collectGarbage(options: options) }
    let late = try await Repository.open(on: fixture.target)
    #expect(try await late.readAll(content) == bytes)
    let report = try await late.verify(VerifyOptions(.data))
    #expect(report.isSound, "\(report.problems)")
    #expect(Set(try await fixture.target.names()).isDisjoint(with: harmed.map(\.description)))
  }

  /// What cannot be read for now is not damaged.
  @Test func aTargetThatFailsEndsThePlan() async throws {
    let fixture = try await RepairFixture()
    let pack = fixture.packs[0].info.blob
    let whole = fixture.packs[0].bytes
    try fixture.target.replace(pack, Damage.flip(whole.count * 4, of: whole))
    let report = try await Repository.open(on: fixture.target).verify(VerifyOptions(.data))
    let before = try await fixture.target.names()
    for code in [ChunkStoreError.Code.temporary, .targetFailed] {
      let failing = UnreadableTarget(base: fixture.target, blob: pack, code: code)
      let error = try await storeError {
        let repository = try await Repository.open(on: failing)
        _ = try await repository.repair(
          repository.planRepair(after: report), RepairOptions(session: .test))
      }
      #expect(error.code == code)
    }
    #expect(try await fixture.target.names() == before)
  }

  /// A pack that is damaged is no reason to lose a chunk that another holds, even before a repair.
  @Test func aSoundCopyOfAChunkIsRead() async throws {
    let target = MemoryTarget()
    let bytes = SeededRandom.bytes(60_000, seed: 651)
    var content: Content?
    let first = try await Repository.createSmall(on: target)
    let second = try await Repository.open(on: target)
    let sessions = [
      try await first.startSession(.test), try await second.startSession(.test),
    ]
    for session in sessions {
      content = try await session.store(bytes)
      _ = try await session.publish(name: "a", content: try #require(content))
      try await session.end()
    }
    // Each stored all of it.
    let packs = try await target.blobs(BlobFolder.packs).filter { $0.size > 50_000 }
    try #require(packs.count == 2)
    for pack in packs {
      let whole = try await target.get(pack.name)
      try target.replace(pack.name, Damage.flip(whole.count * 4, of: whole))
      let repository = try await Repository.open(on: target)
      #expect(try await repository.readAll(try #require(content)) == bytes)
      try target.replace(pack.name, whole)
    }
  }
}
