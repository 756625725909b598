import CairnCrypto

extension Repository {
  /// Every root, the oldest first; see ``roots(onDamage:)``.
  ///
  /// - Throws: ``ChunkStoreError/Code/damaged`` at the first that is not sound; `verify` names all.
  public func roots() async throws(ChunkStoreError) -> [Root] {
    try await roots { (error) throws(ChunkStoreError) in throw error }
  }

  /// Every root that is sound, the oldest first.
  ///
  /// A root that was published after a collector had closed its session is passed over: it was
  /// never a commit.
  ///
  /// - Parameter onDamage: told of each that is not sound; ends the search if it throws.
  public func roots(
    onDamage: (ChunkStoreError) throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) -> [Root] {
    let roots = try await allRoots(onDamage: onDamage)
    // In this order: a root that came before the closing is named by it.
    let closed = try await board.sessions(.closed)
    if closed.isEmpty { return roots }
    return roots.filter { root in
      root.sessionID.flatMap { closed[$0]?.counts(root.id) } != false
    }
  }

  /// Every root that is sound, whether it counts or not.
  func allRoots(
    onDamage: (ChunkStoreError) throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) -> [Root] {
    var roots: [Root] = []
    for blob in try await target.blobs(BlobFolder.roots) {
      do throws(ChunkStoreError) {
        roots.append(try await readRoot(blob.name))
      } catch {
        // Those that others published are none of a writer's business.
        if error.code == .notPermitted { continue }
        // Somebody forgot it since it was listed.
        if error.code == .missing, try await target.size(of: blob.name) == nil { continue }
        guard error.isAboutBlob else { throw error }
        try onDamage(error)
      }
    }
    return roots.sorted { ($0.time, $0.id) < ($1.time, $1.id) }
  }

  /// Whether a root was forgotten since it was read, so that what it led to may be gone.
  package func isForgotten(_ root: Root) async throws(ChunkStoreError) -> Bool {
    try await target.size(of: .root(root.id)) == nil
  }

  func readRoot(_ name: BlobName) async throws(ChunkStoreError) -> Root {
    try await readRootAndEpoch(name).root
  }

  /// A root, and the epoch of the keys that it was published with.
  func readRootAndEpoch(
    _ name: BlobName
  ) async throws(ChunkStoreError) -> (root: Root, epoch: Int) {
    guard let digest = name.contentDigest, BlobName.root(digest) == name else {
      throw .damaged(name, "its name is not that of a root")
    }
    let bytes = try await target.getNamedByContent(name)
    let root = try keyring.open(.root, bytes, of: name)
    return (try RootContent.decode(root.content, id: digest, access), root.epoch)
  }

  /// The root that a person means: "latest", a root's name (the newest of that name), or the first
  /// digits of an id.
  ///
  /// Where a root is damaged, the others are still found by their ids.
  ///
  /// - Parameter isCandidate: which roots are considered; all by default.
  /// - Throws: ``ChunkStoreError/Code/notFound`` or ``ChunkStoreError/Code/ambiguous``;
  ///   ``ChunkStoreError/Code/damaged`` if a damaged root may be the one that is meant.
  public func root(
    _ reference: String, where isCandidate: (Root) -> Bool = { _ in true }
  ) async throws(ChunkStoreError) -> Root {
    var damage: ChunkStoreError?
    let roots = try await roots { damage = damage ?? $0 }.filter(isCandidate)
    if damage == nil {
      if reference == "latest", let last = roots.last { return last }
      if let named = roots.last(where: { $0.name == reference }) { return named }
    }
    let matches =
      reference.isEmpty ? [] : roots.filter { $0.id.description.hasPrefix(reference) }
    guard let found = matches.first else {
      if let damage {
        throw ChunkStoreError(
          damage.code,
          "what \"\(reference)\" stands for cannot be told, but ids can be used: "
            + damage.message, blob: damage.blob, cause: damage.cause)
      }
      throw ChunkStoreError(
        .notFound,
        roots.isEmpty
          ? "there are no snapshots yet" : "no snapshot has the name or id \"\(reference)\"")
    }
    guard matches.count == 1 else {
      throw ChunkStoreError(
        .ambiguous, "\(matches.count) ids begin with \"\(reference)\"; give more digits")
    }
    return found
  }
}
