public import CairnChunks
public import CairnCore
import SystemPackage

/// Backs up file trees into a repository.
///
/// The tree is walked in the order of paths beside the previous snapshot's entries, so that a file
/// whose status is as it was is not opened, with no list of files in memory and no cache file. One
/// thread looks at files, some hundred ahead of another, which compares them. Changed files are
/// read, cut and stored by all cores. Memory: some 10 MiB and 3 MiB per core;
/// besides it grows with the largest single directory (10 bytes and its length per name), and with
/// the repository's index.
///
/// What cannot be read is named in the report, and the backup goes on without it. A failure of the
/// target ends it; nothing is published then, and the next run finds what was stored.
public struct Backup: Sendable {
  private let repository: Repository
  private let options: BackupOptions

  /// A backup into a repository; nothing happens yet.
  public init(into repository: Repository, _ options: BackupOptions) {
    self.repository = repository
    self.options = options
  }

  /// A backup into a repository that may only be written to; nothing happens yet.
  ///
  /// Files are compared with the last backup if ``BackupOptions/localCopy`` names the folder in
  /// which that left a copy of its tree; all are read otherwise.
  public init(into writer: RepositoryWriter, _ options: BackupOptions) {
    self.init(into: writer.repository, options)
  }

  /// Backs up some places and publishes a snapshot.
  ///
  /// - Parameters:
  ///   - places: each stands in the snapshot under its name.
  ///   - sessionOptions: of the session that writes.
  ///   - progress: is told of files and bytes.
  /// - Throws: `ChunkStoreError`; `.invalid` if two places have the same name or one does not
  ///   exist; `.cancelled` if the task is cancelled or `progress` throws.
  public func run(
    _ places: [WalkRoot], session sessionOptions: SessionOptions = SessionOptions(),
    progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> BackupReport {
    let startTime = currentTime()
    // First, since a session takes in the packs that the index lacks, and the previous snapshot may
    // need one of these.
    let session = try await repository.startSession(sessionOptions)
    let repository = repository
    let (host, folder) = (options.host, options.localCopy)
    let local = await ThreadPool.blocking.run {
      LocalCopy(of: places, host: host, in: folder, repository)
    }
    var (previous, problem) = try await previousSnapshot(of: places, local)
    if let base = previous {
      do throws(ChunkStoreError) {
        try await session.build(onRoot: base.id)
      } catch {
        // Forgotten meanwhile: what it led to may be deleted, so everything is read and stored.
        guard error.code == .notFound else { throw error }
        previous = nil
      }
    }
    let options = options
    let (base, baseProblem) = (previous, problem)
    let cancellation = CancellationFlag()
    let outcome = await withTaskCancellationHandler {
      await ThreadPool.engines.run { () -> Result<BackupReport, ChunkStoreError> in
        Result { () throws(ChunkStoreError) in
          let run = try BackupRun(
            session.core, places, previous: base, previousProblem: baseProblem, local: local,
            options: options,
            startTime: startTime,
            reporter: RunReporter(
              progress, cancellation: cancellation, phase: "back up",
              expectedBytes: base.flatMap { Int64(exactly: $0.byteCount) }))
          return try run.run()
        }
      }
    } onCancel: {
      cancellation.set()
    }
    // If this fails, what was published is there all the same; a collection waits in vain for a while.
    try? await session.end()
    return try outcome.get()
  }

  /// The snapshot with which a backup of these places is compared, and why it may be another than
  /// the newest: damage in what is stored is no reason not to store what is here.
  private func previousSnapshot(
    of places: [WalkRoot], _ local: LocalCopy
  ) async throws(ChunkStoreError) -> (Snapshot?, problem: String?) {
    switch options.previous {
    case .none: return (nil, nil)
    case .snapshot(let snapshot): return (snapshot, nil)
    case .automatic: break
    }
    let sources = places.map { $0.path.displayText }.sorted()
    var problem: String?
    let roots = try await repository.roots { problem = problem ?? $0.description }
    for root in roots.reversed() where root.isSnapshot {
      do throws(ChunkStoreError) {
        let snapshot: Snapshot
        if let record = local.chunks?.chunk(root.chunk) {
          snapshot = try Snapshot(record, of: root)
        } else if repository.capability == .writer {
          continue
        } else {
          snapshot = try await repository.snapshot(of: root)
        }
        if snapshot.host == options.host, snapshot.sources.sorted() == sources {
          return (snapshot, problem)
        }
      } catch {
        // An older one will do.
        guard error.isAboutBlob else { throw error }
        if try await repository.isForgotten(root) { continue }
        problem = problem ?? error.description
      }
    }
    return (nil, problem)
  }
}
