import CairnCrypto
import Testing

@testable import CairnChunks

/// Changes of keys: whoever stays loses nothing, whoever went opens nothing new, whatever fails.
@Suite struct RotationTests {
  private let second = try! X25519Identity.generate()
  private let writerKey = try! X25519Identity.generate()
  private let passphrase = SecretBytes(utf8: "a passphrase")

  private func makeRepository(on target: any Target) async throws -> Repository {
    let repository = try await Repository.createSmall(on: target)
    try await repository.addKey(for: [second.recipient], label: "second")
    try await repository.addKey(
      for: [writerKey.recipient], label: "writer", capability: .writer)
    return repository
  }

  private func commit(_ name: String, in repository: Repository) async throws {
    let session = try await repository.startSession(.test)
    let content = try await session.store(Array(name.utf8))
    try await session.publish(name: name, content: content)
  }

  private func commit(_ name: String, by writer: RepositoryWriter) async throws {
    try await commit(name, in: writer.repository)
  }

  /// Opens, reads every root's content, and verifies every byte.
  private func readAll(
    _ target: any Target, with key: any Identity
  ) async throws -> Set<String> {
    let repository = try await Repository.open(on: target, with: [key])
    var found: Set<String> = []
    for root in try await repository.roots() {
      let bytes = try await repository.readAll(#require(root.content))
      #expect(String(decoding: bytes, as: UTF8.self) == root.name)
      found.insert(root.name)
    }
    #expect(try await repository.verify(VerifyOptions(.data)).isSound)
    return found
  }

  @Test func whoStaysReadsEverythingWhoWentNothingNew() async throws {
    let target = MemoryTarget()
    let repository = try await makeRepository(on: target)
    let scrypt = try ScryptRecipient(passphrase: passphrase, workFactor: 10)
    try await repository.addKey(for: [scrypt], label: "passphrase")
    try await commit("first", in: repository)
    // Somebody who keeps all that he was given, and is shut out then.
    let gone = try await Repository.open(on: target, with: [second])
    try await repository.removeKey(gone.openedBy)
    let rotation = try await repository.rotateKeys()
    #expect(rotation.isNew && rotation.epoch == 2 && rotation.carriedOver.count == 3)
    #expect(rotation.leftOut == [] && rotation.removedMeanwhile == [])

    try await commit("second", in: repository.reopened())
    let writer = try await RepositoryWriter.open(on: target, with: [writerKey])
    try await commit("third", by: writer)
    for key in [owner, ScryptIdentity(passphrase: passphrase)] as [any Identity] {
      #expect(try await readAll(target, with: key) == ["first", "second", "third"])
    }
    #expect(try await writer.roots().map(\.name) == ["third"])

    var refused: [ChunkStoreError] = []
    let seen = try await gone.roots { refused.append($0) }
    #expect(seen.map(\.name) == ["first"])
    #expect(refused.count == 2)
    // Not even with everything that he had: no blob that was written since opens.
    let old = gone.keyring.accesses.flatMap { access -> [X25519Identity] in
      [access.packIdentity, access.indexIdentity, access.accessIdentity].compactMap { $0 }
    }
    let opened = try await blobsOpened(by: old, on: target)
    let folders = opened.map { $0.description.prefix { $0 != "/" } }
    #expect(folders == ["access", "access", "access", "index", "packs", "roots", "sessions"])
  }

  private func blobsOpened(
    by identities: [any Identity], on target: MemoryTarget
  ) async throws -> [BlobName] {
    var opened: [BlobName] = []
    for blob in try await target.list("", after: nil, limit: 1000) {
      let bytes = try await target.get(blob.name)
      if (try? Age.open(bytes, with: identities)) != nil { opened.append(blob.name) }
    }
    return opened
  }

  @Test func whoDoesNotReopenGoesOn() async throws {
    let target = MemoryTarget()
    let repository = try await makeRepository(on: target)
    let session = try await repository.startSession(.test)
    let content = try await session.store(Array("late".utf8))
    _ = try await repository.rotateKeys()
    try await session.publish(name: "late", content: content)
    #expect(try await readAll(target, with: owner) == ["late"])
  }

  @Test(arguments: FaultyTarget.Fault.allCases)
  func everyPutMayFail(fault: FaultyTarget.Fault) async throws {
    var put = 0
    while true {
      let target = MemoryTarget()
      try await commit("first", in: makeRepository(on: target))
      let faulty = FaultyTarget(target, failingPut: put, fault)
      let interrupted = try? await Repository.open(on: faulty).rotateKeys()
      #expect((interrupted == nil) == faulty.counts.didFail, "put \(put)")

      // Everybody still comes in, and finds what there was.
      #expect(try await readAll(target, with: owner) == ["first"], "put \(put)")
      #expect(try await readAll(target, with: second) == ["first"], "put \(put)")
      try await commit("w", by: RepositoryWriter.open(on: target, with: [writerKey]))
      try await commit("o", in: Repository.open(on: target))

      // The next one completes it, or begins anew if nothing had come of it.
      let completed = try await Repository.open(on: target).rotateKeys()
      #expect(completed.carriedOver.count == 3)
      let keys = try await Repository.open(on: target).keys()
      #expect(keys.map(\.isCurrent) == [true, true, true], "put \(put)")
      try await commit("last", in: Repository.open(on: target))
      for key in [owner, second] {
        #expect(
          try await readAll(target, with: key) == ["first", "w", "o", "last"], "put \(put)")
      }
      if !faulty.counts.didFail { break }
      put += 1
    }
    #expect(put == 3)
  }

  @Test func twoOwnersAtOnce() async throws {
    let target = MemoryTarget()
    let first = try await makeRepository(on: target)
    let other = try await Repository.open(on: target, with: [second])
    _ = try await first.rotateKeys()
    _ = try await other.rotateKeys()
    try await commit("one", in: Repository.open(on: target))
    try await commit("two", in: Repository.open(on: target, with: [second]))
    try await commit("three", by: RepositoryWriter.open(on: target, with: [writerKey]))
    let opened = try await [
      Repository.open(on: target), Repository.open(on: target, with: [second]),
    ]
    #expect(opened.map(\.keyring.accesses.count) == [3, 3])
    #expect(opened[0].access.authority == opened[1].access.authority)
    for key in [owner, second] {
      #expect(try await readAll(target, with: key) == ["one", "two", "three"])
    }
  }

  @Test func onlyAnOwnerChangesKeys() async throws {
    let target = MemoryTarget()
    _ = try await makeRepository(on: target)
    let before = try await target.names()
    let writer = try await RepositoryWriter.open(on: target, with: [writerKey])
    let error = try await storeError { _ = try await writer.repository.rotateKeys() }
    #expect(error.code == .notPermitted)
    #expect(try await target.names() == before)
  }

  /// The operator, or a writer, lays down a way in of his own: it is not carried over.
  @Test func aWayInThatNobodyGaveGetsNothing() async throws {
    let target = MemoryTarget()
    let repository = try await makeRepository(on: target)
    let stranger = try X25519Identity.generate()
    let way = try Way.fresh(in: repository.id)
    let access = try Access(for: repository.descriptor, way: way.identity.recipient)
    guard case .owner(let forger) = access.grant else { return }
    let name = try await Repository.putKey(
      way, [access], by: [forger], for: [stranger.recipient], "zzz", on: target)
    let rotation = try await repository.rotateKeys()
    #expect(rotation.leftOut == [name])
    #expect(try await target.names("access/\(try #require(name.contentDigest))-").count == 1)
  }
}
