import CairnCore

/// Reads a sorted tree: entries by key, by rank and by weight, and what ranges hold.
///
///     let reader = repository.reader(of: tree)
///     let middle = try await reader.entry(at: tree.count / 2)
///     let ranks = try await reader.ranks(from: Array("m".utf8), to: Array("n".utf8))
///     let bytes = try await reader.weight(in: ranks)
///
/// Each function reads O(log n) nodes, and those that hold what it returns; none blocks the
/// cooperative pool. All may be called from any task at any time.
///
/// Errors: ``ChunkStoreError/Code/missing`` and ``ChunkStoreError/Code/damaged`` where the
/// repository does not hold what it should, besides those of the target.
public struct EntryTreeReader: Sendable {
  public let tree: EntryTree
  private let repository: Repository

  init(_ tree: EntryTree, in repository: Repository) {
    self.tree = tree
    self.repository = repository
  }

  private func withCursor<Result: Sendable>(
    _ body: @escaping @Sendable (EntryCursor) throws(ChunkStoreError) -> Result
  ) async throws(ChunkStoreError) -> Result {
    try await repository.loadIndexOnce()
    let (repository, tree) = (repository, tree)
    return try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Result in
      try repository.withReader { (reader) throws(ChunkStoreError) in
        try body(EntryCursor(tree, reader))
      }
    }
  }

  /// The entry with `rank` entries before it, or `nil` if there are not so many.
  public func entry(at rank: UInt64) async throws(ChunkStoreError) -> Entry? {
    try await withCursor { (cursor) throws(ChunkStoreError) in
      try cursor.seek(toRank: rank)
      return cursor.isValid ? cursor.entry : nil
    }
  }

  /// The entry of a key, or `nil`.
  public func entry(for key: [UInt8]) async throws(ChunkStoreError) -> Entry? {
    try await withCursor { (cursor) throws(ChunkStoreError) in
      try cursor.seek(toKey: key)
      return cursor.isValid && cursor.key == key ? cursor.entry : nil
    }
  }

  /// The entry in which the sum of the weights, counted from the beginning, passes `weight`, or
  /// `nil` if all of them together do not.
  public func entry(atWeight weight: UInt64) async throws(ChunkStoreError) -> Entry? {
    try await withCursor { (cursor) throws(ChunkStoreError) in
      try cursor.seek(toWeight: weight)
      return cursor.isValid ? cursor.entry : nil
    }
  }

  /// The number of entries whose keys come before `key`, which need not be there.
  public func rank(of key: [UInt8]) async throws(ChunkStoreError) -> UInt64 {
    try await withCursor { (cursor) throws(ChunkStoreError) in
      try cursor.seek(toKey: key)
      return cursor.rank
    }
  }

  /// The ranks of the entries from `lower` up to, but without, `upper`; to the end if that is
  /// `nil`. Their number is the count of the range.
  public func ranks(
    from lower: [UInt8], to upper: [UInt8]?
  ) async throws(ChunkStoreError) -> Range<UInt64> {
    let end = tree.count
    return try await withCursor { (cursor) throws(ChunkStoreError) in
      try cursor.seek(toKey: lower)
      let start = cursor.rank
      guard let upper else { return start..<end }
      try cursor.seek(toKey: upper)
      return start..<max(start, cursor.rank)
    }
  }

  /// The sum of the weights of the entries of a range of ranks.
  public func weight(in ranks: Range<UInt64>) async throws(ChunkStoreError) -> UInt64 {
    try await withCursor { (cursor) throws(ChunkStoreError) in
      try cursor.seek(toRank: ranks.lowerBound)
      let before = cursor.weightBefore
      try cursor.seek(toRank: ranks.upperBound)
      return cursor.weightBefore - before
    }
  }

  /// The entries of a range of ranks, in order; all in memory, so a range of some thousands at
  /// most.
  public func entries(_ ranks: Range<UInt64>) async throws(ChunkStoreError) -> [Entry] {
    try await withCursor { (cursor) throws(ChunkStoreError) in
      var entries: [Entry] = []
      guard !ranks.isEmpty else { return entries }
      try cursor.seek(toRank: ranks.lowerBound)
      while cursor.isValid, cursor.rank < ranks.upperBound {
        entries.append(cursor.entry)
        try cursor.next()
      }
      return entries
    }
  }
}

extension Repository {
  /// Reads a sorted tree that a session stored.
  public func reader(of tree: EntryTree) -> EntryTreeReader {
    EntryTreeReader(tree, in: self)
  }
}
