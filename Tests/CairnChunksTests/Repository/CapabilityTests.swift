import CairnCore
import CairnCrypto
import Testing

@testable import CairnChunks

/// What writers and readers can do, and what they cannot.
@Suite struct CapabilityTests {
  private let target = MemoryTarget()
  private let writerKey = try! X25519Identity.generate()
  private let readerKey = try! X25519Identity.generate()

  private func makeRepository() async throws -> Repository {
    let repository = try await Repository.createSmall(on: target)
    try await repository.addKey(
      for: [writerKey.recipient], label: "writer", capability: .writer)
    try await repository.addKey(
      for: [readerKey.recipient], label: "reader", capability: .reader)
    return repository
  }

  private func openWriter() async throws -> RepositoryWriter {
    try await RepositoryWriter.open(on: target, with: [writerKey])
  }

  private func commit(
    _ bytes: [UInt8], as name: String, _ session: WriteSession
  ) async throws -> Content {
    let content = try await session.store(bytes)
    try await session.publish(name: name, content: content)
    return content
  }

  @Test func whatAWriterStoresOthersRead() async throws {
    let repository = try await makeRepository()
    let bytes = SeededRandom.bytes(100_000, seed: 71)
    let session = try await openWriter().startSession(.test)
    _ = try await commit(bytes, as: "by a writer", session)
    for key in [owner, readerKey] {
      let opened = try await Repository.open(on: target, with: [key])
      let root = try await opened.root("by a writer")
      #expect(try await opened.readAll(#require(root.content)) == bytes)
      #expect(try await opened.verify(VerifyOptions(.data)).isSound)
    }
    #expect(
      try await repository.keys().map(\.capability) == [.owner, .reader, .writer])
  }

  @Test func aWriterDeduplicatesAgainstEverything() async throws {
    let repository = try await makeRepository()
    let bytes = SeededRandom.bytes(50_000, seed: 72)
    _ = try await commit(bytes, as: "by the owner", repository.startSession(.test))
    let session = try await openWriter().startSession(.test)
    _ = try await commit(bytes, as: "again", session)
    #expect(session.statistics.newChunks == 0)
  }

  @Test func aWriterListsWhatItPublishedAndOpensNothing() async throws {
    let repository = try await makeRepository()
    let content = try await commit([1, 2, 3], as: "a secret name", repository.startSession(.test))
    let first = try await openWriter()
    #expect(try await first.roots() == [])
    _ = try await commit([4, 5], as: "its own", first.startSession(.test))
    let writer = try await openWriter()
    #expect(try await writer.roots().map(\.name) == ["its own"])
    #expect(try await repository.roots().map(\.name) == ["a secret name", "its own"])

    // A program of the same process that goes behind the type finds no key either.
    let inside = writer.repository
    #expect(inside.access.packIdentity == nil)
    let error = try await storeError { _ = try await inside.readAll(content) }
    #expect(error.code == .notPermitted)
    let refused = try await storeError {
      _ = try await Repository.open(on: target, with: [writerKey])
    }
    #expect(refused.code == .notPermitted)
  }

  @Test func aWriterVerifiesWhatItCannotRead() async throws {
    let repository = try await makeRepository()
    _ = try await commit(
      SeededRandom.bytes(200_000, seed: 74), as: "a", repository.startSession(.test))
    let sound = try await openWriter().verify(VerifyOptions(.data))
    #expect(sound.isSound && sound.roots == 1 && sound.packs > 1)
    #expect(sound.checkedPacks == sound.packs)
    for blob in try await target.list("", after: nil, limit: 1000)
    where blob.name != .descriptor {
      let bytes = try await target.get(blob.name)
      let flipped = Damage.flip(bytes.count * 4, of: bytes)
      for changed in [flipped, Array(bytes.dropLast())] {
        let shown = ChangedTarget(base: target, changed: blob.name, bytes: changed)
        guard
          let writer = try? await RepositoryWriter.open(on: shown, with: [writerKey])
        else { continue }
        let report = try await writer.verify(VerifyOptions(.data))
        #expect(report.problems.contains { $0.blob == blob.name.description }, "\(blob.name)")
      }
    }
    let pack = try #require(try await target.list("packs/", after: nil, limit: 1).first)
    let shown = ChangedTarget(base: target, changed: pack.name, bytes: nil)
    let writer = try await RepositoryWriter.open(on: shown, with: [writerKey])
    #expect(try await writer.verify().problems.map(\.blob) == [pack.name.description])
  }

  @Test func oneWriterDoesNotSeeWhatAnotherPublished() async throws {
    let repository = try await makeRepository()
    let other = try X25519Identity.generate()
    try await repository.addKey(for: [other.recipient], label: "other", capability: .writer)
    _ = try await commit([1], as: "first", openWriter().startSession(.test))
    let second = try await RepositoryWriter.open(on: target, with: [other])
    _ = try await commit([2], as: "second", second.startSession(.test))
    #expect(try await openWriter().roots().map(\.name) == ["first"])
    #expect(try await second.roots().map(\.name) == ["second"])
  }

  @Test func whatAWriterStoredInThisSessionItReadsBack() async throws {
    _ = try await makeRepository()
    let bytes = SeededRandom.bytes(30_000, seed: 73)
    let session = try await openWriter().startSession(.test)
    let content = try await session.store(bytes)
    let read = try await session.withBlockingSession { session in
      try session.flush()
      return try session.read(content)
    }
    #expect(read == bytes)
  }

  @Test func aReaderPublishesNothing() async throws {
    _ = try await makeRepository()
    let reader = try await Repository.open(on: target, with: [readerKey])
    #expect(reader.capability == .reader)
    let before = try await target.names("")
    for attempt in [
      { _ = try await reader.startSession(.test) },
      { _ = try await reader.addKey(for: [owner.recipient], label: "x") },
      { try await reader.removeKey(reader.openedBy) },
      { _ = try await RepositoryWriter.open(on: target, with: [readerKey]) },
    ] as [() async throws -> Void] {
      #expect(try await storeError(attempt).code == .notPermitted)
    }
    #expect(try await target.names("") == before)
  }

  /// A reader has the id key and knows for whom roots and index blobs are sealed.
  @Test(arguments: [SignedBlob.Kind.root, .index])
  func whatAReaderForgesIsRefused(kind: SignedBlob.Kind) async throws {
    let repository = try await makeRepository()
    let content = try await commit([1, 2, 3], as: "true", repository.startSession(.test))
    let reader = try await Repository.open(on: target, with: [readerKey])
    let root = RootContent(
      name: "forged", time: 1, chunk: content.root, session: try SessionID(for: reader.keyring),
      fields: [:])
    let plain =
      kind == .root ? try root.encoded(reader.access) : IndexBlob(packs: []).encoded()
    let own = try SigningKey()
    let signed = try SignedBlob.encode(
      kind, plain, by: Signer(key: own, certificate: nil),
      authority: try #require(reader.access.authority), in: repository.id)
    for bytes in [plain, signed] {
      let recipient =
        kind == .root ? reader.access.packRecipient : reader.access.indexIdentity.recipient
      let stored = try Age.seal(bytes, to: [recipient])
      let digest = SHA256.hash(of: stored.span.bytes)
      let name = kind == .root ? BlobName.root(digest) : .index(digest)
      try await target.put(name, BlobSource(stored))
      let report = try await repository.reopened().verify()
      #expect(report.problems.map(\.blob) == [name.description])
      try await target.delete(name)
    }
  }

  /// With a stolen writer's key nobody can end or close the sessions of others, which would have their
  /// packs deleted and their roots passed over.
  @Test func aWriterSpeaksForItsOwnSessionsAlone() async throws {
    let repository = try await makeRepository()
    let open = try await repository.startSession(.test)
    let published = try await repository.startSession(.test)
    _ = try await commit([4, 5, 6], as: "kept", published)
    let stolen = try await openWriter().repository.board
    try await stolen.put(.ended(open.core.id))
    try await stolen.put(.revoked(published.core.id))
    try await stolen.put(.closed(published.core.id, roots: []))
    try await stolen.put(.condemned(GenerationID(bytes: open.core.id.bytes), []))
    let other = try await repository.reopened()
    #expect(try await other.roots().map(\.name) == ["kept"])
    #expect(try await other.board.condemned().isEmpty)
    #expect(try await other.board.sessions()[open.core.id]?.hasEnded == false)
    // Its own it ends.
    let own = try await openWriter().startSession(.test)
    try await own.end()
    #expect(try await other.board.sessions()[own.core.id]?.hasEnded == true)
  }

  @Test func theLastOwnerStays() async throws {
    let repository = try await makeRepository()
    let error = try await storeError { try await repository.removeKey(repository.openedBy) }
    #expect(error.code == .invalid)
    let writer = try await openWriter().openedBy
    try await repository.removeKey(writer)
    #expect(try await storeError { _ = try await openWriter() }.code == .noAccess)
    // What it gave is gone too.
    #expect(try await target.names("access/").count == 2)
  }

  /// What lies on the target says nothing of who may come in: an owner has to have signed it.
  @Test func aWayInThatNobodyGaveIsNotCounted() async throws {
    let repository = try await makeRepository()
    let stranger = try X25519Identity.generate()
    let way = try Way.fresh(in: repository.id)
    let access = try Access(for: repository.descriptor, way: way.identity.recipient)
    guard case .owner(let forger) = access.grant else { return }
    let name = try await Repository.putKey(
      way, [access], by: [forger], for: [stranger.recipient, owner.recipient], "a", on: target)
    let keys = try await repository.keys()
    #expect(keys.first { $0.name == name }?.capability == nil)
    // It comes first, and its keys are others: who knows the fingerprint is not taken in.
    let taken = try await Repository.open(on: target)
    #expect(taken.fingerprint != repository.fingerprint)
    let careful = try await Repository.open(
      on: target, options: Repository.Options(fingerprint: repository.fingerprint))
    #expect(careful.openedBy == repository.openedBy)
    let error = try await storeError {
      _ = try await Repository.open(
        on: target, with: [stranger],
        options: Repository.Options(fingerprint: repository.fingerprint))
    }
    #expect(error.code == .damaged && error.blob == name)
  }

  @Test(arguments: ["keys/a-", "access/"])
  func aWayInThatWouldFillTheMemoryIsNotRead(prefix: String) async throws {
    let repository = try await makeRepository()
    let bytes = [UInt8](repeating: 7, count: 1 << 20 | 1)
    let digest = SHA256.hash(of: bytes.span.bytes)
    let key = try #require(repository.openedBy.contentDigest)
    let name = prefix == "access/" ? BlobName.access(of: key, digest) : .key(label: "a", digest)
    try await target.put(name, BlobSource(bytes))
    if prefix == "access/" {
      let error = try await storeError { _ = try await Repository.open(on: target) }
      #expect(error.code == .damaged && error.blob == name)
    } else {
      #expect(try await Repository.open(on: target).fingerprint == repository.fingerprint)
    }
  }

  @Test func aRepositoryOfTheFirstFormatKnowsOnlyOwners() async throws {
    try await withOldRepository { repository in
      let error = try await storeError {
        try await repository.addKey(for: [owner.recipient], label: "w", capability: .writer)
      }
      #expect(error.code == .invalid)
      let second = try X25519Identity.generate()
      try await repository.addKey(for: [second.recipient], label: "second")
      let again = try await Repository.open(on: repository.target, with: [second])
      #expect(again.capability == .owner && again.access.epoch == 0)
    }
  }

  private func withOldRepository(_ body: (Repository) async throws -> Void) async throws {
    let target = MemoryTarget()
    let descriptor = Descriptor(id: FixedSecrets.descriptor.id, layout: .standard)
    let sealed = try Age.seal(Array(FixedSecrets.accessText.utf8), to: [owner.recipient])
    try await target.put(
      .key(label: "owner", SHA256.hash(of: sealed.span.bytes)), BlobSource(sealed))
    try await target.put(.descriptor, BlobSource(Array(descriptor.text.utf8)))
    try await body(try await Repository.open(on: target))
  }
}
