public import CairnCrypto

/// A repository opened by somebody who can add to it, and not look into it: a machine that makes
/// backups and must not be able to read them when it is stolen.
///
/// It stores, deduplicates against everything that is there, publishes, and lists what it published
/// itself; there is no function to read with. An owner has one in ``Repository/writer``, and
/// whoever has a writer's key opens one with ``open(on:with:options:)``; a program that is handed
/// this type cannot read, whichever it was.
///
/// All functions may be called from any task at any time.
public struct RepositoryWriter: Sendable {
  package let repository: Repository

  init(_ repository: Repository) {
    self.repository = repository
  }

  /// Opens a repository to write to it.
  ///
  /// - Parameter identities: a writer's or an owner's keys and passphrases, tried on each way in.
  /// - Throws: ``ChunkStoreError/Code/noRepository``, ``ChunkStoreError/Code/newerFormat``,
  ///   ``ChunkStoreError/Code/noAccess`` or ``ChunkStoreError/Code/damaged``;
  ///   ``ChunkStoreError/Code/notPermitted`` if what opens it is a reader's key.
  public static func open(
    on target: any Target, with identities: [any Identity],
    options: Repository.Options = Repository.Options()
  ) async throws(ChunkStoreError) -> RepositoryWriter {
    let repository = try await Repository.openAny(on: target, with: identities, options: options)
    guard repository.capability != .reader else {
      throw .notPermitted(
        "the key that was given can read \(target.name), and not write to it; use a writer's or an "
          + "owner's key", blob: repository.openedBy)
    }
    return RepositoryWriter(repository)
  }

  public var target: any Target { repository.target }
  public var id: RepositoryID { repository.id }
  public var layout: RepositoryLayout { repository.layout }
  /// The way in by which this was opened.
  public var openedBy: BlobName { repository.openedBy }
  /// What the key that opened it allows: ``Capability/writer``, or ``Capability/owner``.
  public var capability: Capability { repository.capability }
  /// See ``Repository/fingerprint``.
  public var fingerprint: Digest { repository.fingerprint }

  /// Begins to write.
  ///
  /// Chunks that are in packs which no index blob describes, left by a session that was
  /// interrupted, are stored again with a writer's key, which cannot look into these; an owner's
  /// next session puts such packs in the index.
  public func startSession(
    _ options: SessionOptions = SessionOptions()
  ) async throws(ChunkStoreError) -> WriteSession {
    try await repository.startSession(options)
  }

  /// Whether a chunk is stored, by whomever.
  public func contains(_ id: ChunkID) async throws(ChunkStoreError) -> Bool {
    try await repository.contains(id)
  }

  /// The roots that were published with this key, the oldest first; an owner's are all.
  ///
  /// - Throws: ``ChunkStoreError/Code/damaged`` at the first that is not sound.
  public func roots() async throws(ChunkStoreError) -> [Root] {
    try await repository.roots()
  }

  /// Those that are sound, the oldest first.
  ///
  /// - Parameter onDamage: told of each that is not; ends the search if it throws.
  public func roots(
    onDamage: (ChunkStoreError) throws(ChunkStoreError) -> Void
  ) async throws(ChunkStoreError) -> [Root] {
    try await repository.roots(onDamage: onDamage)
  }
}

extension Repository {
  /// The same repository for somebody who shall only add to it.
  public var writer: RepositoryWriter { RepositoryWriter(self) }
}
