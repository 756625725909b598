import CairnCrypto

/// What verification found.
public struct VerifyReport: Sendable, Codable {
  public var roots: Int64 = 0
  public var indexBlobs: Int64 = 0
  public var packs: Int64 = 0
  /// The packs of which every byte was read.
  public var checkedPacks: Int64 = 0
  /// Packs that were not read, since ``VerifyOptions/stateFile`` says that an earlier verification
  /// has read them and found them sound.
  public var packsCheckedBefore: Int64 = 0
  /// The chunks that the roots need.
  public var chunks: Int64 = 0
  /// The bytes read.
  public var readBytes: Int64 = 0
  /// Packs that no index blob describes: a session that was interrupted left them, and the next one
  /// uses them.
  public var packsOutsideIndex: Int64 = 0
  /// Packs that no index blob describes and that a repair or a collection has condemned: nothing needs
  /// them any more.
  public var condemnedPacks: Int64 = 0
  /// Packs that are not on the target, that the index describes all the same, and that no root needs: a
  /// collection deleted them while somebody merged the index. The next collection takes them out of
  /// it. Nobody reads or relies on them, so they are no problem. A writer cannot tell what roots need, and
  /// counts those that a collection has condemned.
  public var gonePacks: Int64 = 0
  /// What is wrong.
  public var problems: [Problem] = []
  /// Problems beyond the 10,000 that are kept.
  public var unlistedProblems: Int64 = 0

  /// Something that is wrong.
  public struct Problem: Sendable, Hashable, Codable {
    /// The blob, if one is damaged or missing.
    public let blob: String?
    public let message: String
    /// The ids of the roots that need it, if it was found through one.
    public fileprivate(set) var roots: [String]
  }

  /// Whether everything that was looked at is as it should be.
  public var isSound: Bool { problems.isEmpty && unlistedProblems == 0 }

  /// Takes note of a failure to read something, to go on, as behind a bad sector of a disk.
  ///
  /// - Throws: the failure itself, if it will pass or was wanted: it is no problem of the repository.
  mutating func note(_ error: ChunkStoreError) throws(ChunkStoreError) {
    guard !error.isTemporary, error.code != .cancelled else { throw error }
    append(error)
  }

  mutating func append(_ error: ChunkStoreError, root: Root? = nil) {
    let roots = root.map { [$0.id.description] } ?? []
    // What one root needs, others may, and reading every byte finds it again.
    if let blob = error.blob?.description,
      let known = problems.firstIndex(where: {
        $0.blob == blob && $0.message == error.description
      })
    {
      problems[known].roots += roots.filter { !problems[known].roots.contains($0) }
      return
    }
    guard problems.count < 10_000 else {
      unlistedProblems += 1
      return
    }
    problems.append(
      Problem(
        blob: error.blob?.description, message: error.description,
        roots: roots))
  }
}
