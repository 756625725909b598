import CairnCore

/// Several targets that hold the same blobs.
///
/// - A put succeeds when at least ``minimumCopies`` of the mirrors hold the blob; all are tried. It
///   goes to the first one that takes it, and from there on to the others at once, so that of two who
///   put different bytes under one name the first mirror decides.
/// - A blob is read from the first mirror, in their order, that gives it.
/// - A listing is the union of those of the mirrors. It fails, and a blob is not said to be missing,
///   where so many mirrors fail that a blob might be on these alone: as many as
///   ``minimumCopies``.
/// - A deletion succeeds when no mirror holds the blob any more, so nothing is deleted while one is
///   away: it would bring the blob back.
///
/// So with the default, every mirror is needed to put and delete, and any single one to read. With
/// two of three, any one of them may be away. Putting the same bytes again brings a blob to the
/// mirrors that lack it, and so does ``mend(_:)`` for all blobs.
///
/// An error names every mirror that failed and what it said. Its code is that of the failure which
/// trying again does not mend, if there is one.
///
/// Packs grow in no mirror's ``Target/spoolDirectory``: a file that two mirrors on one disk took over
/// would be one copy.
public struct MirroringTarget: Target {
  public let mirrors: [any Target]
  public let minimumCopies: Int

  /// - Parameters:
  ///   - mirrors: the one first that is read first.
  ///   - minimumCopies: of how many mirrors a put needs the word; `nil` for all.
  /// - Precondition: there is a mirror, and `minimumCopies` is between 1 and their number.
  public init(_ mirrors: [any Target], minimumCopies: Int? = nil) {
    precondition(!mirrors.isEmpty)
    self.mirrors = mirrors
    self.minimumCopies = minimumCopies ?? mirrors.count
    precondition((1...mirrors.count).contains(self.minimumCopies))
  }

  public var name: String {
    mirrors.map(\.name).joined(separator: " and ")
  }

  // MARK: Calls of all mirrors

  /// What one call gives on each of some mirrors, at the same time, in their order.
  private func each<Success: Sendable>(
    of mirrors: some Collection<any Target>,
    _ call: @escaping @Sendable (any Target) async throws(ChunkStoreError) -> Success
  ) async -> [Result<Success, MirrorFailure>] {
    await withTaskGroup(of: (Int, Result<Success, MirrorFailure>).self) { group in
      for (number, mirror) in mirrors.enumerated() {
        group.addTask {
          do throws(ChunkStoreError) {
            return (number, .success(try await call(mirror)))
          } catch {
            return (number, .failure(MirrorFailure(mirror, error)))
          }
        }
      }
      var results: [(Int, Result<Success, MirrorFailure>)] = []
      for await result in group { results.append(result) }
      return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
  }

  /// Throws unless so few mirrors failed that the others hold every blob.
  private func requireEnough(_ failures: [MirrorFailure]) throws(ChunkStoreError) {
    if failures.count >= minimumCopies { try check(failures) }
  }

  /// Throws what all failures come to, if there is one.
  private func check(_ failures: [MirrorFailure]) throws(ChunkStoreError) {
    guard let place = failures.indices.min(by: { failures[$0].rank < failures[$1].rank }) else {
      return
    }
    let worst = failures[place]
    guard mirrors.count > 1 else { throw worst.error }
    var told = failures.map { "\($0.name): \($0.error)" }
    // At the end, since its cause follows the message.
    told.remove(at: place)
    told.append("\(worst.name): \(worst.error.message)")
    throw ChunkStoreError(
      worst.error.code,
      "\(told.count) of \(mirrors.count) mirrors failed: \(told.joined(separator: "; "))",
      blob: worst.error.blob, cause: worst.error.cause,
      retryAfter: failures.compactMap(\.error.retryAfter).max())
  }

  // MARK: Target

  public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    var failures: [MirrorFailure] = []
    for (number, mirror) in mirrors.enumerated() {
      do throws(ChunkStoreError) {
        try await mirror.put(name, source)
      } catch {
        failures.append(MirrorFailure(mirror, error))
        // The name is taken, or the put is wrong or unwanted: the others shall not have it either.
        if error.code == .conflict || error.code == .cancelled { break }
        if mirrors.count - failures.count < minimumCopies { break }
        continue
      }
      let results = await each(of: mirrors[(number + 1)...]) {
        (mirror) async throws(ChunkStoreError) -> Void in try await mirror.put(name, source)
      }
      failures += results.compactMap(\.failure)
      break
    }
    let isDecided = failures.contains { $0.error.code == .conflict || $0.error.code == .cancelled }
    if isDecided || mirrors.count - failures.count < minimumCopies { try check(failures) }
  }

  public func get(
    _ name: BlobName, range: Range<Int64>?
  ) async throws(ChunkStoreError) -> [UInt8] {
    var failures: [MirrorFailure] = []
    for mirror in mirrors {
      do throws(ChunkStoreError) {
        return try await mirror.get(name, range: range)
      } catch {
        if error.code == .cancelled { throw error }
        if error.code != .missing { failures.append(MirrorFailure(mirror, error)) }
      }
    }
    try requireEnough(failures)
    throw .missing(name)
  }

  public func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    var failures: [MirrorFailure] = []
    for mirror in mirrors {
      do throws(ChunkStoreError) {
        if let size = try await mirror.size(of: name) { return size }
      } catch {
        if error.code == .cancelled { throw error }
        failures.append(MirrorFailure(mirror, error))
      }
    }
    try requireEnough(failures)
    return nil
  }

  public func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    let results = await each(of: mirrors) {
      (mirror) async throws(ChunkStoreError) -> [BlobInfo] in
      try await mirror.list(prefix, after: after, limit: limit)
    }
    try requireEnough(results.compactMap(\.failure))
    var sizes: [BlobName: Int64] = [:]
    for result in results {
      guard case .success(let blobs) = result else { continue }
      for blob in blobs where sizes[blob.name] == nil { sizes[blob.name] = blob.size }
    }
    // The first of each listing are there, so the first of the union are.
    return sizes.map { BlobInfo(name: $0.key, size: $0.value) }
      .sorted { $0.name < $1.name }.prefix(limit).map { $0 }
  }

  public func delete(_ name: BlobName) async throws(ChunkStoreError) {
    let results = await each(of: mirrors) {
      (mirror) async throws(ChunkStoreError) -> Void in try await mirror.delete(name)
    }
    try check(results.compactMap(\.failure))
  }

  // MARK: Differences

  /// A blob that some mirrors lack.
  public struct Difference: Sendable, Hashable {
    public let blob: BlobInfo
    /// The numbers of the mirrors that lack it, or hold it with another size than the first that has
    /// it.
    public let lacking: [Int]
  }

  /// Calls `body` for each blob that is not on all mirrors, in the order of names, holding some 1,000
  /// names of each mirror at a time. Only names and sizes are compared.
  ///
  /// - Throws: what the mirrors' listings throw, and `body`.
  public func forEachDifference(
    _ prefix: String = "", _ body: (Difference) async throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) {
    let pageSize = 1000
    var last: BlobName?
    while true {
      let after = last
      let results = await each(of: mirrors) {
        (mirror) async throws(ChunkStoreError) -> [BlobInfo] in
        try await mirror.list(prefix, after: after, limit: pageSize)
      }
      try check(results.compactMap(\.failure))
      let pages = results.compactMap { try? $0.get() }
      // What lies behind the end of a full page is not known of that mirror yet.
      let end = pages.filter { $0.count == pageSize }.compactMap(\.last?.name).min()
      var found: [BlobName: (size: Int64, lacking: Set<Int>)] = [:]
      for (number, page) in pages.enumerated() {
        for blob in page where end.map({ blob.name <= $0 }) != false {
          let first = found[blob.name] ?? (blob.size, Set(0..<pages.count))
          found[blob.name] = first
          if blob.size == first.size { found[blob.name]?.lacking.remove(number) }
        }
      }
      for (name, blob) in found.sorted(by: { $0.key < $1.key }) where !blob.lacking.isEmpty {
        try await body(
          Difference(
            blob: BlobInfo(name: name, size: blob.size), lacking: blob.lacking.sorted()))
      }
      guard let end else { return }
      last = end
    }
  }

  /// Brings every blob to the mirrors that lack it, each through memory.
  ///
  /// - Returns: the number of blobs that were brought to some mirror.
  /// - Throws: ``ChunkStoreError/Code/conflict`` where two mirrors hold different bytes.
  public func mend(_ prefix: String = "") async throws(ChunkStoreError) -> Int {
    var count = 0
    try await forEachDifference(prefix) { (difference) async throws(ChunkStoreError) in
      guard let whole = mirrors.indices.first(where: { !difference.lacking.contains($0) }) else {
        return
      }
      let bytes = try await mirrors[whole].get(difference.blob.name, range: nil)
      for number in difference.lacking {
        try await mirrors[number].put(difference.blob.name, BlobSource(bytes))
      }
      count += 1
    }
    return count
  }
}

/// What went wrong on a mirror.
private struct MirrorFailure: Error {
  let name: String
  let error: ChunkStoreError

  init(_ mirror: any Target, _ error: ChunkStoreError) {
    name = mirror.name
    self.error = error
  }

  /// Which of several failures decides the code: the lowest.
  var rank: Int {
    switch error.code {
    case .cancelled: 0
    case .conflict: 1
    case .temporary: 3
    default: 2
    }
  }
}

extension Result {
  fileprivate var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}
