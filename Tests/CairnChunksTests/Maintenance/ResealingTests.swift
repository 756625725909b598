import CairnCore
import CairnCrypto
import Foundation
import Testing

@testable import CairnChunks

/// What was written before a change of keys, sealed anew: whoever went opens none of it, and nobody loses
/// anything.
@Suite struct ResealingTests {
  private let second = try! X25519Identity.generate()
  private let writerKey = try! X25519Identity.generate()

  /// Waits for nobody.
  private static let options = CollectionOptions(
    patience: .zero, closesSessionsAfter: nil, session: .test)
  /// Closes what a crash left open.
  private static let closing = CollectionOptions(
    patience: .zero, closesSessionsAfter: .zero, session: .test)

  private func makeRepository(
    on target: any Target, sizedBy part: Int = 1
  ) async throws -> Repository {
    let repository = try await Repository.createSmall(on: target)
    try await repository.addKey(for: [second.recipient], label: "second")
    try await repository.addKey(
      for: [writerKey.recipient], label: "writer", capability: .writer)
    try await commit("first", SeededRandom.bytes(150_000 / part, seed: 901), in: repository)
    try await commit("garbage", SeededRandom.bytes(80_000 / part, seed: 902), in: repository)
    let writer = try await RepositoryWriter.open(on: target, with: [writerKey])
    try await commit("written", SeededRandom.bytes(60_000 / part, seed: 903), in: writer.repository)
    let garbage = try await repository.roots().filter { $0.name == "garbage" }
    try await repository.forget(garbage)
    return repository
  }

  private func commit(
    _ name: String, _ bytes: [UInt8], in repository: Repository, fields: [String: String] = [:]
  ) async throws {
    let session = try await repository.startSession(.test)
    let content = try await session.store(bytes)
    try await session.publish(name: name, content: content, fields: fields)
    try await session.end()
  }

  /// The keys of somebody who is shut out, and the repository as opened by who stays.
  private func changeKeys(on target: any Target) async throws -> [X25519Identity] {
    let gone = try await Repository.open(on: target, with: [second])
    let repository = try await Repository.open(on: target)
    try await repository.removeKey(gone.openedBy)
    _ = try await repository.rotateKeys()
    return gone.keyring.accesses.flatMap { access in
      [access.packIdentity, access.indexIdentity, access.accessIdentity].compactMap { $0 }
    }
  }

  private func folders(
    openedBy identities: [X25519Identity], on target: MemoryTarget
  ) async throws -> Set<String> {
    var folders: Set<String> = []
    for blob in try await target.list("", after: nil, limit: 10_000) {
      let bytes = try await target.get(blob.name)
      if (try? Age.open(bytes, with: identities)) != nil {
        folders.insert(String(blob.name.description.prefix { $0 != "/" }))
      }
    }
    return folders
  }

  private func shapes(_ target: any Target) async throws -> [String: Digest] {
    let repository = try await Repository.open(on: target)
    return try await ChunkShapes.all(of: repository.roots(), in: repository).shapes
  }

  @Test func whoWentOpensNothing() async throws {
    let target = MemoryTarget()
    let repository = try await makeRepository(on: target)
    let (before, roots) = (try await shapes(target), try await repository.roots())
    let keys = try await changeKeys(on: target)
    let old = ["packs", "index", "roots"]
    #expect(try await folders(openedBy: keys, on: target).isSuperset(of: old))
    // Who has not opened it since knows no newer keys.
    #expect(try await repository.planResealing().isEmpty)

    let renewed = try await Repository.open(on: target)
    let plan = try await renewed.planResealing()
    let packs = try await target.names("packs/")
    #expect(plan.epoch == 2 && plan.packs.map(\.description) == packs)
    #expect(plan.roots.count == 2 && plan.indexBlobs.count == 3)
    #expect(plan.movedBytes > 150_000 && plan.movedBytes < plan.packBytes - 60_000)
    #expect(try await target.names("packs/") == packs)
    let report = try await renewed.reseal(plan, options: Self.options)
    #expect(report.store.newChunks == plan.chunks)
    #expect(report.collection.deletedPacks == Int64(packs.count))
    #expect(report.roots.map(\.root) == roots.map(\.id))

    #expect(try await folders(openedBy: keys, on: target).isDisjoint(with: old))
    let after = try await Repository.open(on: target)
    #expect(try await shapes(target) == before)
    #expect(try await after.verify(VerifyOptions(.data)).isSound)
    #expect(try await after.roots().map(\.time) == roots.map(\.time))
    let origins = roots.map { RootOrigin(repository: after.id, root: $0.id) }
    #expect(try await after.roots().map(\.origin) == origins)
    #expect(try await after.storedChunks().values.allSatisfy { $0 == 1 })
    #expect(try await after.planResealing().isEmpty)
    // The writer still sees what it published, and goes on; after another change of keys as well.
    for name in ["then", "later"] {
      let writer = try await RepositoryWriter.open(on: target, with: [writerKey])
      #expect(try await writer.roots().contains { $0.name == "written" })
      try await commit(name, Array(name.utf8), in: writer.repository)
      _ = try await Repository.open(on: target).rotateKeys()
      _ = try await Repository.open(on: target).reseal(options: Self.options)
    }
    let writer = try await RepositoryWriter.open(on: target, with: [writerKey])
    #expect(try await writer.roots().map(\.name) == ["written", "then", "later"])
  }

  /// What would be to do is known before keys are changed.
  @Test func aPlanCanBeMadeBeforeARotation() async throws {
    let target = MemoryTarget()
    let repository = try await makeRepository(on: target)
    let before = try await target.list("", after: nil, limit: 10_000)
    var foreseen = try await repository.planResealing(afterRotation: true)
    #expect(try await target.list("", after: nil, limit: 10_000) == before)
    #expect(foreseen.epoch == 2 && foreseen.roots.count == 2 && !foreseen.packs.isEmpty)
    _ = try await repository.rotateKeys()
    let renewed = try await Repository.open(on: target)
    #expect(try await renewed.planResealing() == foreseen)
    // One that writes between two changes adds to what the second finds, and to that alone.
    try await commit("second", SeededRandom.bytes(50_000, seed: 905), in: renewed)
    #expect(try await renewed.planResealing() == foreseen)
    foreseen = try await renewed.planResealing(afterRotation: true)
    #expect(foreseen.epoch == 3 && foreseen.roots.count == 3)
    let packs = try await target.names("packs/")
    #expect(foreseen.packs.map(\.description) == packs)
    _ = try await renewed.rotateKeys()
    #expect(try await Repository.open(on: target).planResealing() == foreseen)
  }

  @Test(arguments: [false, true])
  func everyChangeMayBeTheLast(takesEffect: Bool) async throws {
    let fresh = MemoryTarget()
    _ = try await makeRepository(on: fresh, sizedBy: 10)
    let before = try await shapes(fresh)
    let keys = try await changeKeys(on: fresh)
    // A few moments of each do for every day.
    let step = ProcessInfo.processInfo.environment["CAIRN_LONG_TESTS"] == "1" ? 1 : 6
    var changes = takesEffect ? step / 2 : 0
    while true {
      let target = try fresh.copy()
      let crashing = CrashingTarget(target, afterChanges: changes, takesEffect: takesEffect)
      let report = try? await Repository.open(on: crashing).reseal(options: Self.options)
      #expect((report == nil) == crashing.hasCrashed, "\(changes) changes")
      #expect(try await shapes(target) == before, "\(changes) changes")
      _ = try await Repository.open(on: target).reseal(options: Self.closing)
      #expect(try await shapes(target) == before, "\(changes) changes")
      let after = try await Repository.open(on: target)
      #expect(try await after.roots().map(\.name) == ["first", "written"], "\(changes) changes")
      #expect(try await after.planResealing().isEmpty, "\(changes) changes")
      #expect(
        try await folders(openedBy: keys, on: target).isDisjoint(with: ["packs", "index", "roots"]))
      if !crashing.hasCrashed { break }
      changes += step
    }
    #expect(changes > 10)
  }

  /// A program that opened the repository before goes on with the old keys; what it relies on stays until
  /// it has ended.
  @Test func writersGoOnMeanwhile() async throws {
    let target = MemoryTarget()
    let repository = try await makeRepository(on: target)
    let session = try await repository.startSession(.test)
    let known = try await session.store(SeededRandom.bytes(150_000, seed: 901))
    #expect(session.statistics.newChunks == 0)
    let keys = try await changeKeys(on: target)
    let renewed = try await Repository.open(on: target)
    let report = try await renewed.reseal(options: Self.options)
    #expect(report.collection.postponedPacks > 0 && report.collection.deletedPacks == 0)
    #expect(report.collection.blockingSessions.count == 1)
    try await session.publish(name: "late", content: known)
    try await session.end()
    #expect(try await shapes(target).count == 3)

    let last = try await Repository.open(on: target).reseal(options: Self.options)
    #expect(last.roots.count == 1 && last.store.newChunks == 0)
    #expect(last.collection.postponedPacks == 0)
    let all = try await shapes(target)
    #expect(all.count == 3 && all["late"] == all["first"])
    #expect(
      try await folders(openedBy: keys, on: target).isDisjoint(with: ["packs", "index", "roots"]))
  }

  @Test func besideAnythingElse() async throws {
    let target = MemoryTarget()
    _ = try await makeRepository(on: target)
    var expected = try await shapes(target)
    for round in 0..<4 {
      _ = try await Repository.open(on: target).rotateKeys()
      let opened = try await (
        Repository.open(on: target), Repository.open(on: target), Repository.open(on: target)
      )
      let bytes = SeededRandom.bytes(50_000, seed: 910 + UInt64(round))
      async let one = opened.0.reseal(options: Self.options)
      async let other = opened.1.reseal(options: Self.options)
      async let stored: Void = commit("\(round)", bytes, in: opened.2)
      _ = try await (one, other, stored)
      let found = try await shapes(target)
      #expect(expected.allSatisfy { found[$0.key] == $0.value })
      expected = found
      #expect(expected.count == round + 3)
    }
    _ = try await Repository.open(on: target).reseal(options: Self.options)
    #expect(try await Repository.open(on: target).planResealing().isEmpty)
    #expect(try await Repository.open(on: target).roots().count == 6)
  }

  @Test func nothingIsDeletedOnSuspicion() async throws {
    let base = MemoryTarget()
    _ = try await makeRepository(on: base)
    _ = try await changeKeys(on: base)
    let packs = try await base.names("packs/")
    for pack in packs {
      let target = try base.copy()
      target.remove(BlobName(named: pack))
      let opened = try await Repository.open(on: target)
      let before = try await target.names()
      do {
        _ = try await opened.reseal(options: Self.options)
      } catch {
        #expect(error.code == .missing)
        let after = try await target.names()
        #expect(Set(after).isSuperset(of: before))
        continue
      }
      // Nothing needed it.
      #expect(try await shapes(target).count == 2)
    }
    let reader = try X25519Identity.generate()
    let owned = try await Repository.open(on: base)
    try await owned.addKey(for: [reader.recipient], label: "reader", capability: .reader)
    let read = try await Repository.open(on: base, with: [reader])
    #expect(try await storeError { _ = try await read.reseal() }.code == .notPermitted)
    #expect(try await storeError { _ = try await read.planResealing() }.code == .notPermitted)
  }

  /// Copies are known again, and what a writer said of his roots is not believed for an owner's word.
  @Test func originsSurvive() async throws {
    let (target, otherTarget) = (MemoryTarget(), MemoryTarget())
    let repository = try await makeRepository(on: target)
    let other = try await Repository.createSmall(on: otherTarget)
    let copy = CopyOptions(session: .test)
    _ = try await repository.copy(repository.roots(), to: other.writer, options: copy)
    _ = try await repository.rotateKeys()
    let renewed = try await Repository.open(on: target)
    #expect(try await renewed.reseal(options: Self.options).roots.count == 2)
    let again = try await renewed.copy(renewed.roots(), to: other.writer, options: copy)
    #expect(again.copied.isEmpty && again.presentRoots.count == 2)
    let back = try await other.copy(other.roots(), to: renewed.writer, options: copy)
    #expect(back.copied.isEmpty && back.presentRoots.count == 2)

    // A stolen writer's key says that a root of the other repository is here.
    try await commit("precious", [1, 2, 3], in: other)
    let precious = try #require(try await other.roots().first { $0.name == "precious" })
    let writer = try await RepositoryWriter.open(on: target, with: [writerKey])
    try await commit(
      "precious", [4], in: writer.repository,
      fields: [Root.originField: "\(other.id)/\(precious.id)"])
    _ = try await renewed.rotateKeys()
    let last = try await Repository.open(on: target)
    _ = try await last.reseal(options: Self.options)
    let copied = try await other.copy([precious], to: last.writer, options: copy)
    #expect(copied.copied.map(\.root) == [precious.id])
  }
}
