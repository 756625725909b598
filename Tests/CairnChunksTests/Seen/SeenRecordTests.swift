import CairnCrypto
import SystemPackage
import Testing

@testable import CairnChunks

/// What the target's operator takes away, puts back or exchanges is named.
@Suite struct SeenRecordTests {
  private let target = MemoryTarget()

  @discardableResult
  private func commit(_ name: String, in repository: Repository) async throws -> Root {
    let session = try await repository.startSession(.test)
    let content = try await session.store(Array(name.utf8))
    return try await session.publish(name: name, content: content)
  }

  private func kinds(_ changes: SeenChanges) -> [SeenChanges.Finding.Kind] {
    changes.findings.map(\.kind)
  }

  @Test func whatIsAddedIsNoFinding() async throws {
    let repository = try await Repository.createSmall(on: target)
    try await commit("a", in: repository)
    let first = try await repository.changes(since: nil)
    #expect(first.findings == [] && first.record == first.accepted)
    try await commit("b", in: repository)
    let second = try await repository.changes(since: first.record)
    #expect(second.findings == [])
    #expect(Set(second.record.roots.values.map(\.name)) == ["a", "b"])
  }

  @Test func aRootThatVanishedIsNamedUntilItIsAccepted() async throws {
    let repository = try await Repository.createSmall(on: target)
    let root = try await commit("a name", in: repository)
    try await commit("b", in: repository)
    let seen = try await repository.changes(since: nil).record
    try await target.delete(.root(root.id))
    // Nothing else shows it.
    #expect(try await repository.reopened().verify().isSound)
    let changes = try await repository.changes(since: seen)
    #expect(kinds(changes) == [.rootGone])
    #expect(changes.findings.first?.blob == .root(root.id))
    #expect(changes.findings.first?.message.contains("a name") == true)
    #expect(try await kinds(repository.changes(since: changes.record)) == [.rootGone])
    #expect(try await kinds(repository.changes(since: changes.accepted)) == [])
    var forgotten = seen
    forgotten.forget([root.id])
    #expect(try await kinds(repository.changes(since: forgotten)) == [])
  }

  @Test func anOlderStateIsTold() async throws {
    let repository = try await Repository.createSmall(on: target)
    try await commit("a", in: repository)
    var older: [(BlobName, [UInt8])] = []
    for blob in try await target.list("", after: nil, limit: 1000) {
      older.append((blob.name, try await target.get(blob.name)))
    }
    try await repository.addKey(for: [owner.recipient], label: "second")
    _ = try await repository.rotateKeys()
    let now = try await repository.reopened()
    try await commit("b", in: now)
    let seen = try await now.changes(since: nil).record

    let shown = MemoryTarget()
    for (name, bytes) in older { try await shown.put(name, BlobSource(bytes)) }
    let opened = try await Repository.open(on: shown)
    #expect(try await opened.verify(VerifyOptions(.data)).isSound)
    let changes = try await opened.changes(since: seen)
    #expect(kinds(changes) == [.rootGone, .keysRolledBack, .wayGone])
  }

  @Test func waysInAndKeysThatChangedAreNamed() async throws {
    let repository = try await Repository.createSmall(on: target)
    let seen = try await repository.changes(since: nil).record
    let added = try await repository.addKey(for: [owner.recipient], label: "added")
    #expect(try await kinds(repository.changes(since: seen)) == [.wayAdded])
    let after = try await repository.changes(since: seen).accepted
    try await repository.removeKey(added)
    #expect(try await kinds(repository.changes(since: after)) == [.wayGone])
    var forgotten = after
    forgotten.forget(key: added)
    #expect(try await kinds(repository.changes(since: forgotten)) == [])
    _ = try await repository.rotateKeys()
    #expect(try await kinds(repository.reopened().changes(since: forgotten)) == [.keysChanged])
  }

  /// Somebody who was shut out can still sign with what he had; it is told.
  @Test func aRootOfKeysThatWereReplacedIsNamed() async throws {
    let repository = try await Repository.createSmall(on: target)
    let gone = try X25519Identity.generate()
    let name = try await repository.addKey(for: [gone.recipient], label: "gone")
    let old = try await Repository.open(on: target, with: [gone])
    try await repository.removeKey(name)
    _ = try await repository.rotateKeys()
    let now = try await repository.reopened()
    let seen = try await now.changes(since: nil).record
    let forged = try await commit("forged", in: old)
    let changes = try await now.changes(since: seen)
    #expect(kinds(changes) == [.rootOfOldKeys])
    #expect(changes.findings.first?.blob == .root(forged.id))
  }

  @Test func anotherRepositoryInItsPlaceIsRefused() async throws {
    let seen = try await Repository.createSmall(on: target).changes(since: nil).record
    let other = try await Repository.createSmall()
    let error = try await storeError { _ = try await other.changes(since: seen) }
    #expect(error.code == .damaged)
  }

  // MARK: The file

  private func sample() -> SeenRecord {
    SeenRecord(
      repository: FixedSecrets.descriptor.id, fingerprint: FixedSecrets.id(3).digest,
      roots: [
        FixedSecrets.id(1).digest: SeenRecord.SeenRoot(name: "a näme\n", time: -5, epoch: 1),
        FixedSecrets.id(2).digest: SeenRecord.SeenRoot(name: "", time: 7, epoch: 12),
      ],
      keys: [BlobName(named: "keys/owner-00"), BlobName(named: "keys/a-11")], epoch: 12)
  }

  @Test func isWhatItWas() throws {
    let record = sample()
    try Golden.check("seen.txt", record.text)
    #expect(SeenRecord(text: try Golden.read("seen.txt")) == record)
  }

  @Test func everyTruncationAndEveryFlipIsRefused() throws {
    let text = sample().text
    let flips = stride(from: 0, to: text.count * 8, by: 3).map { Damage.flip($0, of: text) }
    for damaged in Damage.truncations(of: text) + flips + [text + [10], text + text, []] {
      #expect(SeenRecord(text: damaged) == nil)
    }
  }

  @Test func aFileIsReplacedAndRead() async throws {
    try await withTemporaryDirectory { directory in
      let path = directory.appending("seen")
      #expect(try SeenRecord.read(path) == nil)
      for epoch in [1, 2] {
        var record = sample()
        record.epoch = epoch
        try record.write(path)
        #expect(try SeenRecord.read(path) == record)
      }
      let file = try FileDescriptor.open(path, .writeOnly)
      try file.closeAfter { _ = try file.writeAll("x".utf8) }
      let error = try await storeError { _ = try SeenRecord.read(path) }
      #expect(error.code == .damaged)
    }
  }
}
