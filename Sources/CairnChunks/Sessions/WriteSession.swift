public import CairnCore
package import CairnCrypto
public import SystemPackage

/// A writer's visit to a repository: stores chunks, streams and sorted entries, then publishes a
/// root.
///
/// ``publish(name:chunk:fields:time:)`` is the commit: what was stored before it is durable when it
/// returns, and what a root reaches is complete. A session that is dropped, or whose process dies,
/// has published nothing; what reached the target by then is found by the next session and not
/// stored again.
///
/// A session announces itself, so that garbage collection leaves alone what it relies on. Its last
/// call is ``end()``: until then, or until it is closed for having taken too long, a collection
/// beside it deletes little.
///
/// All functions may be called from any task at any time, but for publication, which waits until
/// the calls before it have returned. Work is done on threads of the session's own, never on the
/// cooperative pool. After the first error of the target everything throws that error.
public final class WriteSession: Sendable {
  package let core: SessionCore
  package let repository: Repository

  init(_ core: SessionCore) {
    self.core = core
    repository = core.repository
  }

  /// What was done so far.
  public var statistics: SessionStatistics { core.statistics.snapshot }

  /// How long threads were busy with what, so far.
  public var stageTimes: StageTimes { core.times.snapshot }

  /// Stores a chunk unless it is there, and returns its id.
  ///
  /// - Throws: ``ChunkStoreError``; ``ChunkStoreError/Code/invalid`` if it is larger than
  ///   ``Chunk/maximumSize``, or has a link to a chunk that is not stored.
  public func store(_ chunk: Chunk) async throws(ChunkStoreError) -> ChunkID {
    let core = core
    return try await core.workers.run { () throws(ChunkStoreError) -> ChunkID in
      try core.requireKnown(chunk.links)
      return try core.withLane { (lane) throws(ChunkStoreError) in
        var links: [UInt8] = []
        links.reserveCapacity(chunk.links.count * ChunkID.byteCount)
        for link in chunk.links {
          link.digest.withBytes { bytes in bytes.withUnsafeBytes { links.append(contentsOf: $0) } }
        }
        return try links.withRawBytes { (links) throws(ChunkStoreError) in
          try chunk.data.withRawBytes { (data) throws(ChunkStoreError) in
            try lane.store(
              links: links, data: data, in: links.isEmpty ? .content : .nodes)
          }
        }
      }
    }
  }

  /// Stores bytes as a stream.
  public func store(_ bytes: [UInt8]) async throws(ChunkStoreError) -> Content {
    try await store(contentsOf: MemoryReader(bytes))
  }

  /// Stores what a file, pipe or socket gives from its current offset on; the descriptor is
  /// borrowed.
  ///
  /// Memory is bounded whatever the length.
  public func store(contentsOf file: FileDescriptor) async throws(ChunkStoreError) -> Content {
    try await store(contentsOf: FileReader(file))
  }

  /// Stores a stream of any length in bounded memory, with all the session's threads.
  ///
  /// - Throws: ``ChunkStoreError/Code/host`` with the reader's error if that fails; the session can
  ///   be used on.
  public func store(
    contentsOf reader: some ByteReader & Sendable
  ) async throws(ChunkStoreError) -> Content {
    let core = core
    return try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Content in
      var reader = reader
      var writer = ContentWriter(core, chunker: core.chunker)
      try writer.write(from: &reader)
      return try writer.finish()
    }
  }

  /// Stores entries, which come in the order of their keys, as a tree.
  ///
  /// Memory is bounded whatever their number.
  ///
  /// - Throws: ``ChunkStoreError/Code/invalid`` if a key is not greater than the one before, or a
  ///   link leads to a chunk that is not stored.
  public func store<Entries: AsyncSequence>(
    entries: Entries
  ) async throws -> EntryTree where Entries.Element == Entry {
    let core = core
    let builder = SharedBuilder(EntryTreeBuilder(nodeSize: repository.layout.nodeSize))
    var batch: [Entry] = []
    for try await entry in entries {
      batch.append(entry)
      if batch.count == 256 {
        let full = batch
        try await core.workers.run { () throws(ChunkStoreError) -> Void in
          try builder.append(full, core)
        }
        batch.removeAll(keepingCapacity: true)
      }
    }
    let rest = batch
    return try await core.workers.run { () throws(ChunkStoreError) -> EntryTree in
      try builder.append(rest, core)
      return try core.withLane { (lane) throws(ChunkStoreError) in
        try builder.builder.finish(lane)
      }
    }
  }

  /// Stores entries, which are in the order of their keys, as a tree.
  public func store(sortedEntries: [Entry]) async throws(ChunkStoreError) -> EntryTree {
    let core = core
    let nodeSize = repository.layout.nodeSize
    return try await core.workers.run { () throws(ChunkStoreError) -> EntryTree in
      let builder = SharedBuilder(EntryTreeBuilder(nodeSize: nodeSize))
      try builder.append(sortedEntries, core)
      return try core.withLane { (lane) throws(ChunkStoreError) in
        try builder.builder.finish(lane)
      }
    }
  }

  private struct SharedBuilder: @unchecked Sendable {
    // Sendable: used by one job at a time, each awaited before the next.
    let builder: EntryTreeBuilder
    init(_ builder: EntryTreeBuilder) { self.builder = builder }

    func append(_ entries: [Entry], _ core: SessionCore) throws(ChunkStoreError) {
      try core.withLane { (lane) throws(ChunkStoreError) in
        for entry in entries {
          try core.requireKnown(entry.links)
          try builder.append(entry, lane)
        }
      }
    }
  }

  /// Makes everything durable that was stored so far, without publishing it.
  public func flush() async throws(ChunkStoreError) {
    let core = core
    try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Void in try core.flush() }
  }

  /// Lets what is stored refer to everything that a root leads to, without storing it again: trees
  /// that are edited, subtrees that are shared.
  ///
  /// Nothing of it is deleted before the session has ended, even if the root is forgotten meanwhile.
  ///
  /// - Throws: ``ChunkStoreError/Code/notFound`` if the root is gone; store everything then, or build
  ///   on another.
  public func build(on root: Root) async throws(ChunkStoreError) {
    guard let session = root.sessionID else {
      throw ChunkStoreError(.invalid, "the root \(root.id) names no session")
    }
    var base = SessionBase(
      RootReference(id: root.id, session: session, chunk: root.chunk), of: core.id)
    try await repository.carryOut(&base)
    guard base.isUsable else {
      throw ChunkStoreError(
        .notFound, "the root \(root.id) was removed meanwhile, so nothing can build on it",
        blob: .root(root.id))
    }
    // It may have been published after this session began.
    if try await !repository.knowsIndexBlobs() { try await repository.refresh() }
  }

  /// ``build(on:)`` for a root of which the id is known.
  package func build(onRoot id: Digest) async throws(ChunkStoreError) {
    let root: Root
    do throws(ChunkStoreError) {
      root = try await repository.readRoot(.root(id))
    } catch {
      guard error.code == .missing else { throw error }
      throw ChunkStoreError(.notFound, "the root \(id) was removed", blob: .root(id))
    }
    try await build(on: root)
  }

  /// Ends the session, durable on return: nothing more is published, and garbage collection no longer
  /// waits for it.
  public func end() async throws(ChunkStoreError) {
    core.fail(ChunkStoreError(.invalid, "the session has ended; start another"))
    try await repository.board.put(.ended(core.id))
  }

  /// Commits: makes everything durable that was stored, then publishes a root that leads to
  /// `chunk`.
  ///
  /// - Parameters:
  ///   - name: what the host calls it; need not be unique.
  ///   - chunk: stored by this session or an earlier one.
  ///   - fields: what the host wants to know of the root without reading chunks.
  ///   - time: nanoseconds since 1970; now by default.
  @discardableResult
  public func publish(
    name: String, chunk: ChunkID, fields: [String: String] = [:], time: Int64? = nil
  ) async throws(ChunkStoreError) -> Root {
    let core = core
    return try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Root in
      try core.publish(name: name, chunk: chunk, fields: fields, time: time ?? currentTime())
    }
  }
}

extension EntryTreeBuilder {
  func append(_ entry: Entry, _ lane: Lane) throws(ChunkStoreError) {
    var links: [UInt8] = []
    for link in entry.links {
      link.digest.withBytes { bytes in bytes.withUnsafeBytes { links.append(contentsOf: $0) } }
    }
    try entry.key.withRawBytes { (key) throws(ChunkStoreError) in
      try entry.value.withRawBytes { (value) throws(ChunkStoreError) in
        try links.withRawBytes { (links) throws(ChunkStoreError) in
          try append(key: key, value: value, links: links, weight: entry.weight, lane)
        }
      }
    }
  }
}

extension SessionCore {
  package func publish(
    name: String, chunk: ChunkID, fields: [String: String], time: Int64
  ) throws(ChunkStoreError) -> Root {
    try publish(name: name, chunk: chunk, fields: fields, time: time, alsoFor: [])
  }

  /// - Parameter others: who can open the root beside those who can by its keys.
  func publish(
    name: String, chunk: ChunkID, fields: [String: String], time: Int64,
    alsoFor others: [X25519Recipient]
  ) throws(ChunkStoreError) -> Root {
    try flush()
    guard try index.place(of: chunk) != nil else {
      throw ChunkStoreError(
        .invalid, "the chunk \(chunk) was never stored, so no root can lead to it")
    }
    let content = RootContent(name: name, time: time, chunk: chunk, session: id, fields: fields)
    let stored = try repository.keyring.seal(
      .root, content.encoded(repository.access), alsoFor: others)
    let digest = SHA256.hash(of: stored.span.bytes)
    try repository.target.putBlocking(.root(digest), BlobSource(stored))
    statistics.add(stored: Int64(stored.count))
    let (repository, session) = (repository, id)
    let isCertain = try waitForTask { () async throws(ChunkStoreError) -> Bool in
      var publication = SessionPublication(session)
      try await repository.carryOut(&publication)
      return publication.isCertain
    }
    guard isCertain else {
      let error = ChunkStoreError(
        .revoked,
        "the session was closed by a garbage collection that could not wait for it, so what it "
          + "published now does not count; run it again", blob: .root(digest))
      fail(error)
      throw error
    }
    tidyIndex()
    return Root(
      id: digest, name: name, time: time, chunk: chunk, session: hex(id.bytes), fields: fields)
  }
}
