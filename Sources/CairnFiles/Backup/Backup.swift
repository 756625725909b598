public import CairnChunks
public import CairnCore
import SystemPackage

/// Backs up file trees into a repository.
///
/// The tree is walked in the order of paths beside the previous snapshot's entries, so that a file whose status is as
/// it was is not opened, with no list of files in memory and no cache file. Changed files are read, cut and stored by
/// all cores. Memory: some 10 MiB and 3 MiB per core; besides it grows with the largest single
/// directory (10 bytes and its length per name), and with the repository's index.
///
/// What cannot be read is named in the report, and the backup goes on without it. A failure of the
/// target ends it; nothing is published then, and the next run finds what was stored.
public struct Backup: Sendable {
  private let repository: Repository
  private let options: BackupOptions

  public init(into repository: Repository, _ options: BackupOptions) {
    self.repository = repository
    self.options = options
  }

  /// Backs up some places and publishes a snapshot.
  ///
  /// - Parameters:
  ///   - places: each stands in the snapshot under its name.
  ///   - session: options of the session that writes.
  ///   - progress: is told of files and bytes.
  /// - Throws: ``ChunkStoreError``; ``ChunkStoreError/Code/invalid`` if two places have the same name or one does not
  ///   exist; ``ChunkStoreError/Code/cancelled`` if the task is cancelled or `progress` throws.
  public func run(
    _ places: [WalkRoot], session sessionOptions: SessionOptions = SessionOptions(),
    progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> BackupReport {
    let startTime = currentTime()
    var previous: Snapshot?
    var previousProblem: String?
    do throws(ChunkStoreError) {
      previous = try await previousSnapshot(of: places)
    } catch {
      // Damage in what is stored is no reason not to store what is here.
      guard error.code == .damaged || error.code == .missing else { throw error }
      previousProblem = error.description
    }
    let session = try await repository.startSession(sessionOptions)
    let (options, found, problem) = (options, previous, previousProblem)
    let cancellation = CancellationFlag()
    let outcome = await withTaskCancellationHandler {
      await ThreadPool.engines.run { () -> Result<BackupReport, ChunkStoreError> in
        Result { () throws(ChunkStoreError) in
          let run = try BackupRun(
            session.core, places, previous: found, previousProblem: problem, options: options,
            startTime: startTime,
            reporter: RunReporter(progress, cancellation: cancellation, phase: "back up"))
          return try run.run()
        }
      }
    } onCancel: {
      cancellation.set()
    }
    return try outcome.get()
  }

  /// The snapshot with which a backup of these places is compared.
  ///
  /// - Parameter onDamage: told of each snapshot that is not sound, and passed over: that costs some
  ///   reading, and not the backup.
  public func previousSnapshot(
    of places: [WalkRoot], onDamage: (ChunkStoreError) -> Void = { _ in }
  ) async throws(ChunkStoreError) -> Snapshot? {
    switch options.previous {
    case .none: return nil
    case .snapshot(let snapshot): return snapshot
    case .automatic:
      let sources = places.map { $0.path.displayText }.sorted()
      let roots = try await repository.roots(onDamage: onDamage)
      for root in roots.reversed() where root.isSnapshot {
        do throws(ChunkStoreError) {
          let snapshot = try await repository.snapshot(of: root)
          if snapshot.host == options.host, snapshot.sources.sorted() == sources { return snapshot }
        } catch {
          // An older one will do.
          guard error.isAboutBlob else { throw error }
          onDamage(error)
        }
      }
      return nil
    }
  }
}
