import CairnCore
import CairnCrypto
import Testing

@testable import CairnChunks

/// Copies of roots in other repositories: whole or not there, whatever fails, and nothing twice.
@Suite struct CopyTests {
  /// Whether two repositories name chunks alike.
  enum Keys: CaseIterable { case shared, own }

  private static let options = CopyOptions(session: .test)

  private func destination(
    for source: Repository, _ keys: Keys, on target: any Target = MemoryTarget()
  ) async throws -> Repository {
    switch keys {
    case .own: try await .createSmall(on: target)
    case .shared: try await .create(on: target, for: [owner.recipient], like: source)
    }
  }

  /// Publishes a stream, a sorted tree that links to it, a change of that tree as deltas, and objects of
  /// the host's own that link to anything.
  private func fill(_ repository: Repository, seed: UInt64) async throws {
    let session = try await repository.startSession(.test)
    try await session.withBlockingSession { session in
      var random = SeededRandom(seed)
      let bytes = random.bytes(40_000)
      let content = try session.store(bytes.span.bytes)
      let entries = (0..<200).map { number in
        Entry(
          key: Array("entry \(1000 + number)".utf8), value: random.bytes(20),
          links: number % 10 == 0 ? [content.root] : [], weight: 1)
      }
      let tree = try session.store(sortedEntries: entries)
      let changed = try session.edit(
        tree, [.set(Entry("entry 1100", "changed \(seed)"))], deltas: .all)
      var objects = [content.root, tree.root, changed.root]
      for _ in 0..<100 {
        let links = (0..<random.next() % 4).map { _ in
          objects[Int(random.next() % UInt64(objects.count))]
        }
        let data = random.bytes(Int(random.next() % 300))
        objects.append(try session.store(Chunk(links: links, data: data)))
      }
      try session.publish(
        name: "tree \(seed)", chunk: tree.root, fields: ["host": "a"], time: Int64(seed) * 10)
      try session.publish(name: "changed \(seed)", chunk: changed.root, time: Int64(seed) * 10 + 1)
      try session.publish(
        name: "objects \(seed)", chunk: objects[objects.count - 1], time: Int64(seed) * 10 + 2)
    }
    try await session.end()
  }

  @discardableResult
  private func copyAll(
    _ source: Repository, to destination: Repository
  ) async throws -> CopyReport {
    try await source.copy(
      source.roots(), to: destination.writer, options: Self.options)
  }

  /// The destination has the source's roots, and nothing else, sound and whole.
  private func expectCopies(
    of source: Repository, on target: any Target, storedOnce: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let (roots, repository) = (try await source.roots(), try await Repository.open(on: target))
    let copies = try await repository.roots()
    #expect(copies.map(\.name) == roots.map(\.name), sourceLocation: sourceLocation)
    #expect(copies.map(\.time) == roots.map(\.time), sourceLocation: sourceLocation)
    #expect(
      copies.map(\.origin) == roots.map { $0.origin(foundIn: source.id) },
      sourceLocation: sourceLocation)
    let expected = try await ChunkShapes.all(of: roots, in: source)
    let found = try await ChunkShapes.all(of: copies, in: repository)
    #expect(expected.shapes == found.shapes, sourceLocation: sourceLocation)
    let report = try await repository.verify(VerifyOptions(.data))
    #expect(report.isSound, "\(report.problems)", sourceLocation: sourceLocation)
    if storedOnce {
      let stored = try await repository.storedChunks()
      #expect(stored.values.allSatisfy { $0 == 1 }, sourceLocation: sourceLocation)
      #expect(stored.count == expected.chunkCount, sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: Keys.allCases)
  func everythingIsCopiedOnce(keys: Keys) async throws {
    let source = try await Repository.createSmall()
    try await fill(source, seed: 701)
    let target = MemoryTarget()
    let destination = try await destination(for: source, keys, on: target)
    let plan = try await source.planCopy(of: source.roots(), to: destination.writer)
    #expect(plan.roots.count == 3 && plan.presentRoots.isEmpty)

    let report = try await copyAll(source, to: destination)
    #expect(report.copied.map(\.root) == plan.roots)
    #expect(report.problems.isEmpty && report.forgottenRoots.isEmpty)
    #expect(report.store.newChunks == plan.chunks && report.readChunks == plan.chunks)
    #expect(plan.bytes >= report.readBytes && plan.storedBytes > plan.bytes / 4)
    try await expectCopies(of: source, on: target)
    let tree = try #require(try await destination.roots().first { $0.name == "tree 701" })
    #expect(tree.fields["host"] == "a")
    let original = try #require(try await source.roots().first { $0.name == "tree 701" })
    #expect((tree.chunk == original.chunk) == (keys == .shared))

    let before = try await target.names()
    let again = try await copyAll(source, to: destination)
    #expect(again.presentRoots.count == 3 && again.copied.isEmpty && again.readChunks == 0)
    let rest = try await source.planCopy(of: source.roots(), to: destination.writer)
    #expect(rest.presentRoots.count == 3 && rest.chunks == 0)
    #expect(try await target.names() == before)
  }

  /// What an earlier copy has in common with a root is not read again, but for chunks with links.
  @Test(arguments: Keys.allCases)
  func onlyWhatIsNewIsRead(keys: Keys) async throws {
    let source = try await Repository.createSmall()
    var bytes = SeededRandom.bytes(300_000, seed: 711)
    try await commit(bytes, as: "stream", in: source)
    let target = MemoryTarget()
    let destination = try await destination(for: source, keys, on: target)
    let first = try await copyAll(source, to: destination)
    bytes[150_000] ^= 1
    try await commit(bytes, as: "stream", in: source)
    let reopened = try await Repository.open(on: target)
    let plan = try await source.planCopy(of: source.roots(), to: reopened.writer)
    let second = try await copyAll(source, to: reopened)
    #expect(second.copied.count == 1 && second.presentRoots.count == 1)
    #expect(second.store.newChunks == plan.chunks && plan.chunks < 20)
    #expect(second.readBytes < first.readBytes / 10, "\(second.readBytes) of \(first.readBytes)")
    try await expectCopies(of: source, on: target)
  }

  @Test func whatTheDestinationHasLostIsCopiedAgain() async throws {
    for keys in Keys.allCases {
      let source = try await Repository.createSmall()
      var bytes = SeededRandom.bytes(300_000, seed: 721)
      try await commit(bytes, as: "stream", in: source)
      let target = MemoryTarget()
      try await copyAll(source, to: try await destination(for: source, keys, on: target))
      let lost = try #require(try await target.names("packs/").first)
      target.remove(BlobName(named: lost))
      bytes[7] ^= 1
      try await commit(bytes, as: "stream", in: source)
      let destination = try await Repository.open(on: target)
      let report = try await copyAll(source, to: destination)
      let made = try #require(report.copied.first?.copy)
      let copy = try #require(try await destination.roots().first { $0.id == made })
      #expect(try await destination.reopened().readAll(#require(copy.content)) == bytes)
      let found = try await destination.reopened().verify(VerifyOptions(.data))
      #expect(found.problems.allSatisfy { !$0.roots.contains(made.description) })
    }
  }

  @Test(arguments: Keys.allCases, [false, true])
  func everyChangeMayBeTheLast(keys: Keys, takesEffect: Bool) async throws {
    let source = try await Repository.createSmall()
    try await fill(source, seed: 731)
    let fresh = MemoryTarget()
    _ = try await destination(for: source, keys, on: fresh)
    var changes = 0
    while true {
      let target = try fresh.copy()
      let crashing = CrashingTarget(target, afterChanges: changes, takesEffect: takesEffect)
      let report = try? await copyAll(source, to: Repository.open(on: crashing))
      #expect((report == nil) == crashing.hasCrashed, "\(changes) changes")
      // Nothing shows but what is whole.
      let cut = try await Repository.open(on: target)
      let shapes = try await ChunkShapes.all(of: cut.roots(), in: cut).shapes
      let expected = try await ChunkShapes.all(of: source.roots(), in: source).shapes
      #expect(shapes.allSatisfy { expected[$0.key] == $0.value }, "\(changes) changes")
      // The next one completes it, and stores nothing twice.
      try await copyAll(source, to: try await Repository.open(on: target))
      try await expectCopies(of: source, on: target)
      if !crashing.hasCrashed { break }
      changes += 1
    }
    #expect(changes > 5)
  }

  @Test(arguments: Keys.allCases)
  func damageCostsWhatNeedsIt(keys: Keys) async throws {
    let base = MemoryTarget()
    let source = try await Repository.createSmall(on: base)
    try await commit(SeededRandom.bytes(100_000, seed: 741), as: "hurt", in: source)
    let hurt = try #require(try await base.names("packs/").first)
    try await commit(SeededRandom.bytes(100_000, seed: 742), as: "sound", in: source)
    let bytes = try await base.get(BlobName(named: hurt))
    for changed in [nil, Damage.flip(bytes.count * 4, of: bytes)] {
      let damaged = ChangedTarget(base: base, changed: BlobName(named: hurt), bytes: changed)
      let target = MemoryTarget()
      let destination = try await destination(for: source, keys, on: target)
      let opened = try await Repository.open(on: damaged)
      let report = try await copyAll(opened, to: destination)
      let root = try await source.roots().first { $0.name == "hurt" }
      #expect(report.problems.map(\.root) == [root?.id])
      #expect(try await destination.roots().map(\.name) == ["sound"])
      #expect(try await Repository.open(on: target).verify(VerifyOptions(.data)).isSound)
      // With the source mended, the rest follows.
      try await copyAll(source, to: try await Repository.open(on: target))
      #expect(try await destination.roots().map(\.name) == ["hurt", "sound"])
    }
  }

  @Test func whoForgetsARootMeanwhileIsNotDamage() async throws {
    let source = try await Repository.createSmall()
    try await commit(SeededRandom.bytes(100_000, seed: 751), as: "gone", in: source)
    try await commit([1], as: "kept", in: source)
    let roots = try await source.roots()
    try await source.forget([roots[0]])
    let options = CollectionOptions(maximumUnused: 0, patience: .zero, session: .test)
    _ = try await source.collectGarbage(options: options)
    let destination = try await Repository.createSmall()
    let report = try await source.copy(roots, to: destination.writer, options: Self.options)
    #expect(report.forgottenRoots == [roots[0].id] && report.problems.isEmpty)
    #expect(report.copied.map(\.root) == [roots[1].id])
  }

  /// Copies travel in any direction, and nothing comes back as something else.
  @Test func originsAreKnownAgain() async throws {
    let first = try await Repository.createSmall()
    let second = try await Repository.createSmall()
    let third = try await Repository.create(on: MemoryTarget(), for: [owner.recipient], like: first)
    try await fill(first, seed: 761)
    try await commit(Array("other".utf8), as: "other", in: second)
    async let there = copyAll(first, to: second)
    async let back = copyAll(second, to: first)
    _ = try await (there, back)
    let directions = [(first, second), (second, first), (second, third), (first, third)]
    for (source, destination) in directions {
      try await copyAll(source, to: destination)
    }
    let names = try await first.roots().map(\.name).sorted()
    #expect(names == ["changed 761", "objects 761", "other", "tree 761"])
    for repository in [second, third] {
      #expect(try await repository.roots().map(\.name).sorted() == names)
    }
    let origins = try await third.roots().map(\.origin?.repository)
    #expect(Set(origins) == [first.id, second.id])
  }

  @Test func aWritersKeyIsEnough() async throws {
    let source = try await Repository.createSmall()
    try await fill(source, seed: 771)
    let target = MemoryTarget()
    let destination = try await Repository.createSmall(on: target)
    let key = try X25519Identity.generate()
    try await destination.addKey(for: [key.recipient], label: "mirror", capability: .writer)
    for _ in 0..<2 {
      let writer = try await RepositoryWriter.open(on: target, with: [key])
      let report = try await source.copy(
        source.roots(), to: writer, options: Self.options)
      #expect(report.problems.isEmpty)
    }
    try await expectCopies(of: source, on: target)
    let reader = try X25519Identity.generate()
    try await destination.addKey(for: [reader.recipient], label: "reader", capability: .reader)
    let refused = try await Repository.open(on: target, with: [reader])
    try await commit([2], as: "new", in: source)
    let error = try await storeError { try await copyAll(source, to: refused) }
    #expect(error.code == .notPermitted)
  }

  /// A writer's key was stolen: a root that says it is a copy is neither believed to be one, nor is it
  /// learned from what chunks are called.
  @Test func aForgedCopyMisleadsNobody() async throws {
    let source = try await Repository.createSmall()
    let bytes = SeededRandom.bytes(20_000, seed: 781)
    try await commit(bytes, as: "stream", in: source)
    let target = MemoryTarget()
    let destination = try await Repository.createSmall(on: target)
    let stolen = try X25519Identity.generate()
    try await destination.addKey(for: [stolen.recipient], label: "writer", capability: .writer)
    let writer = try await RepositoryWriter.open(on: target, with: [stolen])
    _ = try await source.copy(source.roots(), to: writer, options: Self.options)
    // The same nodes, of which one leads to something else.
    let copy = try #require(try await destination.roots().first)
    let top = try await destination.reopened().chunk(copy.chunk)
    let session = try await writer.startSession(.test)
    var links = top.links
    links[0] = try await session.store(Chunk(data: Array("forged".utf8)))
    try await session.publish(
      name: "stream", chunk: session.store(Chunk(links: links, data: top.data)),
      fields: copy.fields, time: copy.time)
    try await session.end()

    let owned = try await Repository.open(on: target)
    var changed = bytes
    changed[19_999] ^= 1
    try await commit(changed, as: "stream", in: source)
    let report = try await copyAll(source, to: owned)
    #expect(report.copied.count == 2 && report.presentRoots.isEmpty)
    for made in report.copied {
      let root = try #require(try await owned.roots().first { $0.id == made.copy })
      let read = try await owned.readAll(#require(root.content))
      #expect(read == bytes || read == changed)
    }
  }

  /// A chain of a commit's commit's commit, so deep that not all of it is kept in memory.
  @Test func aDeepChainIsCopied() async throws {
    let source = try await Repository.create(on: MemoryTarget(), for: [owner.recipient])
    let session = try await source.startSession(.test)
    try await session.withBlockingSession { session in
      var random = SeededRandom(791)
      var chunk = try session.store(Chunk(data: [1]))
      for _ in 0..<1500 {
        chunk = try session.store(Chunk(links: [chunk], data: random.bytes(4000)))
      }
      try session.publish(name: "chain", chunk: chunk)
    }
    try await session.end()
    let target = MemoryTarget()
    let destination = try await Repository.create(on: target, for: [owner.recipient])
    let report = try await copyAll(source, to: destination)
    #expect(report.readChunks == 1501)
    try await expectCopies(of: source, on: target)
  }

  @Test func whoEndsItKeepsWhatIsWhole() async throws {
    let source = try await Repository.createSmall()
    for number in 0..<3 {
      try await commit(
        SeededRandom.bytes(60_000, seed: 800 + UInt64(number)), as: "\(number)", in: source)
    }
    let target = MemoryTarget()
    let destination = try await Repository.createSmall(on: target)
    struct Enough: Error {}
    let error = try await storeError {
      _ = try await source.copy(
        source.roots(), to: destination.writer, options: Self.options,
        progress: ProgressClosure { progress in
          if progress.bytes > 100_000 { throw Enough() }
        })
    }
    #expect(error.code == .cancelled)
    let kept = try await destination.roots().map(\.name)
    #expect(kept == ["0"])
    try await copyAll(source, to: destination)
    try await expectCopies(of: source, on: target)
  }

  /// A new repository like another one, in which a copy and a new backup are one.
  @Test func repositoriesThatShareTheirKeys() async throws {
    let source = try await Repository.createSmall()
    let bytes = SeededRandom.bytes(100_000, seed: 811)
    try await commit(bytes, as: "stream", in: source)
    let target = MemoryTarget()
    let destination = try await destination(for: source, .shared, on: target)
    try await copyAll(source, to: destination)
    #expect(destination.id != source.id && destination.fingerprint == source.fingerprint)
    #expect(destination.layout == source.layout)
    let session = try await destination.startSession(.test)
    _ = try await session.store(bytes)
    #expect(session.statistics.newChunks == 0 && session.statistics.knownChunks > 50)
    try await session.end()

    // What opens one does not open the other.
    let other = try X25519Identity.generate()
    let third = MemoryTarget()
    _ = try await Repository.create(on: third, for: [other.recipient], like: source)
    #expect(try await storeError { _ = try await Repository.open(on: third) }.code == .noAccess)
    let reader = try X25519Identity.generate()
    try await source.addKey(for: [reader.recipient], label: "reader", capability: .reader)
    let read = try await Repository.open(on: source.target, with: [reader])
    let error = try await storeError {
      _ = try await Repository.create(on: MemoryTarget(), for: [reader.recipient], like: read)
    }
    #expect(error.code == .notPermitted)
  }

  /// Both ends are collected, and written to, while roots are copied.
  @Test(arguments: Keys.allCases)
  func besideWritersAndCollectors(keys: Keys) async throws {
    let source = try await Repository.createSmall()
    let target = MemoryTarget()
    let destination = try await destination(for: source, keys, on: target)
    let options = CollectionOptions(
      maximumUnused: 0, patience: .zero, closesSessionsAfter: nil, session: .test)
    for round in 0..<4 {
      try await fill(source, seed: 820 + UInt64(round))
      if round > 0 {
        for repository in [source, destination] {
          let old = try await repository.roots().filter { $0.name.hasSuffix("\(819 + round)") }
          try await repository.forget(Array(old.prefix(2)))
        }
      }
      let (one, other) = (try await source.reopened(), try await destination.reopened())
      async let collectedSource = one.collectGarbage(options: options)
      async let collected = other.collectGarbage(options: options)
      async let copied = copyAll(
        source.reopened(), to: try await destination.reopened())
      async let stored: Void = commit(
        SeededRandom.bytes(50_000, seed: 830 + UInt64(round)), as: "own \(round)",
        in: destination.reopened())
      _ = try await (collectedSource, collected, copied, stored)
      // Reads every chunk of every root.
      for repository in [try await source.reopened(), try await destination.reopened()] {
        _ = try await ChunkShapes.all(of: repository.roots(), in: repository)
      }
    }
    try await copyAll(source.reopened(), to: destination.reopened())
    let copies = try await Repository.open(on: target)
    let expected = try await ChunkShapes.all(of: source.roots(), in: source.reopened()).shapes
    let found = try await ChunkShapes.all(of: copies.roots(), in: copies).shapes
    #expect(expected.allSatisfy { found[$0.key] == $0.value })
  }

  private func commit(_ bytes: [UInt8], as name: String, in repository: Repository) async throws {
    let session = try await repository.startSession(.test)
    let content = try await session.store(bytes)
    try await session.publish(name: name, content: content)
    try await session.end()
  }
}
