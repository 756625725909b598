public import CairnChunks
public import CairnCore

/// The entries of a snapshot, to be looked at without restoring it.
///
/// Each function reads O(log n) nodes and those that hold what it returns.
public struct SnapshotTree: Sendable {
  /// Where the snapshot is.
  public let repository: Repository
  /// The snapshot that is looked into.
  public let snapshot: Snapshot

  /// A view of a snapshot; nothing is read yet.
  public init(_ snapshot: Snapshot, in repository: Repository) {
    self.snapshot = snapshot
    self.repository = repository
  }

  private func withCursor<Result: Sendable>(
    _ body: @escaping @Sendable (EntryCursor) throws(ChunkStoreError) -> Result
  ) async throws(ChunkStoreError) -> Result {
    try await repository.loadIndexOnce()
    let (repository, tree) = (repository, snapshot.tree)
    return try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Result in
      try repository.withReader { (reader) throws(ChunkStoreError) in
        try body(EntryCursor(tree, reader))
      }
    }
  }

  /// The entry of a path, or `nil`.
  ///
  /// - Parameter key: components joined by zero bytes; see ``SnapshotEntry/key(ofPath:)-(String)``.
  public func entry(_ key: [UInt8]) async throws(ChunkStoreError) -> SnapshotEntry? {
    try await withCursor { (cursor) throws(ChunkStoreError) in
      try cursor.seek(toKey: key)
      guard cursor.isValid, cursor.key == key else { return nil }
      return try cursor.snapshotEntry()
    }
  }

  /// The ranks of a path's entry and of all below it; empty if there is none. The whole snapshot
  /// for the empty key.
  public func ranks(below key: [UInt8]) async throws(ChunkStoreError) -> Range<UInt64> {
    guard !key.isEmpty else { return 0..<snapshot.entryCount }
    return try await withCursor { (cursor) throws(ChunkStoreError) in
      try cursor.seek(toKey: key)
      let start = cursor.rank
      guard cursor.isValid, cursor.key == key else { return start..<start }
      // Everything below comes before the first key that continues with a byte greater than zero.
      try cursor.seek(toKey: key + [1])
      return start..<cursor.rank
    }
  }

  /// The sum of the sizes of the files in a range of ranks.
  public func byteCount(in ranks: Range<UInt64>) async throws(ChunkStoreError) -> UInt64 {
    try await withCursor { (cursor) throws(ChunkStoreError) in
      try cursor.seek(toRank: ranks.lowerBound)
      let before = cursor.weightBefore
      try cursor.seek(toRank: ranks.upperBound)
      return cursor.weightBefore - before
    }
  }

  /// The entries of a range of ranks, in the order of paths.
  public func entries(
    _ ranks: Range<UInt64>
  ) async throws(ChunkStoreError) -> [SnapshotEntry] {
    try await withCursor { (cursor) throws(ChunkStoreError) in
      var entries: [SnapshotEntry] = []
      guard !ranks.isEmpty else { return entries }
      try cursor.seek(toRank: ranks.lowerBound)
      while cursor.isValid, cursor.rank < ranks.upperBound {
        entries.append(try cursor.snapshotEntry())
        try cursor.next()
      }
      return entries
    }
  }

  /// The entries directly in a directory, in the order of names; those of the snapshot's top for
  /// the empty key.
  ///
  /// What is below them is passed over unread.
  ///
  /// - Parameters:
  ///   - offset: how many are left out at the beginning.
  ///   - limit: the most that are returned.
  public func children(
    of key: [UInt8], offset: Int = 0, limit: Int = .max
  ) async throws(ChunkStoreError) -> [SnapshotEntry] {
    try await withCursor { (cursor) throws(ChunkStoreError) in
      let prefix = key.isEmpty ? [] : key + [0]
      var children: [SnapshotEntry] = []
      var seen = 0
      try cursor.seek(toKey: prefix)
      while cursor.isValid, children.count < limit, cursor.key.starts(with: prefix) {
        let child = cursor.key
        if seen >= offset { children.append(try cursor.snapshotEntry()) }
        seen += 1
        try cursor.next()
        // Only a directory has something below it.
        if cursor.isValid, cursor.key.starts(with: child + [0]) {
          try cursor.seek(toKey: child + [1])
        }
      }
      return children
    }
  }

  /// Calls `body` with every entry of a range of ranks, in the order of paths, in bounded memory.
  public func forEach(
    _ ranks: Range<UInt64>? = nil, _ body: (SnapshotEntry) throws -> Void
  ) async throws {
    var rank = ranks?.lowerBound ?? 0
    let end = min(ranks?.upperBound ?? .max, snapshot.entryCount)
    while rank < end {
      try Task.checkCancellation()
      let page = try await entries(rank..<min(end, rank + 512))
      guard !page.isEmpty else { return }
      for entry in page { try body(entry) }
      rank += UInt64(page.count)
    }
  }

  /// Writes a file's content, or a range of it.
  ///
  /// - Throws: `ChunkStoreError`: `.host` with the writer's error if that fails.
  public func read(
    _ content: FileContent, in range: Range<UInt64>? = nil, to writer: some ByteWriter & Sendable
  ) async throws(ChunkStoreError) {
    switch content {
    case .stream(let stream):
      try await repository.read(stream, in: range, to: writer)
    case .inline(let bytes):
      let whole = 0..<UInt64(bytes.count)
      let part = (range ?? whole).clamped(to: whole)
      try await ThreadPool.blocking.run { () throws(ChunkStoreError) -> Void in
        var writer = writer
        do throws(IOError) {
          try writer.write(
            bytes.span.bytes.extracting(Int(part.lowerBound)..<Int(part.upperBound)))
        } catch {
          throw ChunkStoreError(.host, "cannot write a file's content", cause: error)
        }
      }
    }
  }
}
