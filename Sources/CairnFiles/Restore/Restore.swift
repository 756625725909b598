public import CairnChunks
public import CairnCore
public import SystemPackage

/// Restores a snapshot, or parts of it, below a directory.
///
/// Entries are read in the order of paths, and files written by all cores; what lies together in
/// the repository is read once. A file that cannot be restored, for instance because the repository
/// is damaged, is named in the report, and the restore goes on. ``RestoreDestination`` says what is
/// never touched. Memory: some 24 MiB and 6 MiB per core, and 16 MiB more from a target that answers
/// late, which is read ahead; besides it grows with the files that have several hard links.
public struct Restore: Sendable {
  private let repository: Repository
  private let snapshot: Snapshot
  private let options: RestoreOptions

  /// A restore of a snapshot; nothing happens yet.
  public init(
    _ snapshot: Snapshot, from repository: Repository, _ options: RestoreOptions = RestoreOptions()
  ) {
    self.snapshot = snapshot
    self.repository = repository
    self.options = options
  }

  /// Restores.
  ///
  /// - Parameters:
  ///   - destination: made if it does not exist.
  ///   - keys: which paths, with all below them; see
  ///     ``SnapshotEntry/key(ofPath:)-(String)``. Everything if empty.
  ///   - progress: is told of files and bytes.
  /// - Throws: `ChunkStoreError`: `.notFound` if the snapshot has no such path; `.invalid` if
  ///   the destination cannot be used or its disk is full; `.cancelled`; what the repository throws
  ///   if the tree itself is damaged.
  public func run(
    to destination: FilePath, paths keys: [[UInt8]] = [],
    progress: any ProgressReporter = NoProgress()
  ) async throws(ChunkStoreError) -> RestoreReport {
    try await repository.loadIndexOnce()
    let ranges = try await ranges(of: keys)
    let cancellation = CancellationFlag()
    let (repository, snapshot, options) = (repository, snapshot, options)
    let outcome = await withTaskCancellationHandler {
      await ThreadPool.engines.run { () -> Result<RestoreReport, ChunkStoreError> in
        Result { () throws(ChunkStoreError) in
          let run = try RestoreRun(
            snapshot, from: repository, to: destination, options,
            reporter: RunReporter(
              progress, cancellation: cancellation, phase: "restore",
              total: Int64(clamping: ranges.reduce(0) { $0 + $1.upperBound - $1.lowerBound })))
          return try run.run(ranges)
        }
      }
    } onCancel: {
      cancellation.set()
    }
    return try outcome.get()
  }

  /// The ranks to restore, in order and without overlap.
  private func ranges(
    of keys: [[UInt8]]
  ) async throws(ChunkStoreError) -> [Range<UInt64>] {
    guard !keys.isEmpty, !keys.contains([]) else { return [0..<snapshot.entryCount] }
    let tree = SnapshotTree(snapshot, in: repository)
    var ranges: [Range<UInt64>] = []
    for key in keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
      let range = try await tree.ranks(below: key)
      guard !range.isEmpty else {
        throw ChunkStoreError(
          .notFound, "the snapshot has no path \(SnapshotEntry.displayPath(key))")
      }
      if let last = ranges.last, last.upperBound >= range.upperBound { continue }
      ranges.append(range)
    }
    return ranges
  }
}
