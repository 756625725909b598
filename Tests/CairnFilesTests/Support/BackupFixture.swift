import CairnChunks
import CairnCore
import CairnCrypto
import CairnFiles
import SystemPackage
import Testing

extension RepositoryLayout {
  /// The smallest sizes, so that little data makes many chunks, blocks, packs and levels.
  static let small = RepositoryLayout(
    chunker: FastCDC.Parameters(
      FastCDC.Sizes(minimum: 1 << 10, average: 4 << 10, maximum: 16 << 10)!),
    blockSize: 4 << 10, packSize: 64 << 10, nodeSize: 256)!
}

/// A directory "source" to be backed up, a repository, and a directory "dest" to restore to.
struct BackupFixture: Sendable {
  let directory: TemporaryDirectory
  let target: any Target
  let repository: Repository
  let identity: X25519Identity

  enum TargetKind: CaseIterable {
    case memory, directory
  }

  init(
    _ kind: TargetKind = .memory, layout: RepositoryLayout = .small, inMemory: Bool = true
  ) async throws {
    directory = try TemporaryDirectory(inMemory: inMemory)
    identity = try X25519Identity.generate()
    target =
      switch kind {
      case .memory: MemoryTarget()
      case .directory:
        try DirectoryTarget(FilePath(directory.path + "/target"), creating: true)
      }
    repository = try await Repository.create(
      on: target, for: [identity.recipient], layout: layout)
  }

  var sourcePath: String { directory.path + "/source" }
  var destinationPath: String { directory.path + "/dest" }

  /// The repository as another process sees it.
  func reopened() async throws -> Repository {
    try await Repository.open(on: target, with: [identity])
  }

  /// Backs up "source", or other places.
  @discardableResult
  func backUp(
    _ places: [WalkRoot]? = nil, into repository: Repository? = nil,
    progress: any ProgressReporter = NoProgress(),
    _ configure: (inout BackupOptions) throws -> Void = { _ in }
  ) async throws -> BackupReport {
    var options = BackupOptions(name: "test")
    try configure(&options)
    return try await Backup(into: repository ?? self.repository, options).run(
      places ?? [WalkRoot(sourcePath)],
      session: SessionOptions(spoolDirectory: "/tmp", workerCount: 2), progress: progress)
  }

  /// Restores to "dest".
  @discardableResult
  func restore(
    _ snapshot: Snapshot, _ paths: String..., from repository: Repository? = nil,
    progress: any ProgressReporter = NoProgress()
  ) async throws -> RestoreReport {
    try await Restore(snapshot, from: repository ?? self.repository).run(
      to: FilePath(destinationPath), paths: paths.map { SnapshotEntry.key(ofPath: $0) },
      progress: progress)
  }

  /// All entries of a snapshot.
  func entries(_ snapshot: Snapshot) async throws -> [SnapshotEntry] {
    try await SnapshotTree(snapshot, in: repository).entries(0..<snapshot.entryCount)
  }

  /// Waits until what was changed so far is old enough for a backup to rely on its times.
  func letTimePass() async throws {
    try await Task.sleep(for: .milliseconds(60))
  }
}

/// Whether two trees are the same, entry by entry, with the names of those that are not.
func expectSameTrees(
  _ first: String, _ second: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let (left, right) = try (describe(first), describe(second))
  #expect(left.map(\.path) == right.map(\.path), sourceLocation: sourceLocation)
  for (one, other) in zip(left, right) where one != other {
    Issue.record(
      "\(one.path) differs: \(one.metadata) \(other.metadata)", sourceLocation: sourceLocation)
  }
}

/// The error that `body` throws, which it must.
func storeError(
  _ body: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> ChunkStoreError {
  let error = await #expect(throws: ChunkStoreError.self, sourceLocation: sourceLocation) {
    try await body()
  }
  return try #require(error, sourceLocation: sourceLocation)
}
