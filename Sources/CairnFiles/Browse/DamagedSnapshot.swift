public import CairnChunks
import CairnCore

/// What damage to the repository means for a snapshot.
public struct DamagedSnapshot: Sendable, Codable {
  public let snapshot: Snapshot
  /// The files of which something is lost, in the order of paths; and where entries themselves are
  /// lost, the path before them.
  public let problems: [FileProblem]
  /// Problems beyond the 10,000 that are kept.
  public let unlistedProblems: Int64
}

extension Repository {
  /// Names the files that damage affects: those of which a part can no longer be read.
  ///
  /// Reads the entries of every snapshot, and of the content what lies in packs with a problem. A
  /// snapshot whose root or top is lost is not among the result: `report` names its blob.
  ///
  /// - Parameter report: what ``Repository/verify(_:progress:)`` found.
  /// - Returns: the snapshots that are affected, the oldest first.
  public func damagedSnapshots(
    by report: VerifyReport
  ) async throws(ChunkStoreError) -> [DamagedSnapshot] {
    guard !report.isSound else { return [] }
    let snapshots = try await snapshots { _ in }
    let cancellation = CancellationFlag()
    let outcome = await withTaskCancellationHandler {
      await ThreadPool.engines.run { () -> Result<[DamagedSnapshot], ChunkStoreError> in
        Result { () throws(ChunkStoreError) in
          let reader = ChunkReader(self)
          let search = DamageSearch(
            lost: try LostChunks(report, in: self, reader), reader: reader,
            cancellation: cancellation)
          var damaged: [DamagedSnapshot] = []
          for snapshot in snapshots {
            let problems = try search.problems(of: snapshot)
            guard !problems.isEmpty else { continue }
            damaged.append(
              DamagedSnapshot(
                snapshot: snapshot, problems: problems.problems,
                unlistedProblems: problems.unlisted))
          }
          return damaged
        }
      }
    } onCancel: {
      cancellation.set()
    }
    return try outcome.get()
  }
}

/// Goes through the entries of snapshots, past those that cannot be read.
private struct DamageSearch {
  let lost: LostChunks
  let reader: ChunkReader
  let cancellation: CancellationFlag

  func problems(of snapshot: Snapshot) throws(ChunkStoreError) -> ProblemList {
    var problems = ProblemList()
    let cursor = try EntryCursor(snapshot.tree, reader)
    var path = snapshot.name
    func addLoss(_ count: UInt64, _ error: ChunkStoreError) {
      problems.append(
        FileProblem(path: path, message: "the \(count) entries that follow it cannot be listed"))
    }
    try cursor.seekReadable(toRank: 0, onLoss: addLoss)
    while cursor.isValid {
      if cancellation.isSet {
        throw ChunkStoreError(.cancelled, "the operation was cancelled")
      }
      let entry = try cursor.snapshotEntry()
      path = entry.path
      if try isDamaged(entry) {
        problems.append(FileProblem(path: path, message: "its content is not whole"))
      }
      try cursor.nextReadable(onLoss: addLoss)
    }
    return problems
  }

  /// Whether a part of an entry's content cannot be read.
  private func isDamaged(_ entry: SnapshotEntry) throws(ChunkStoreError) -> Bool {
    guard case .stream(let content) = entry.content else { return false }
    if content.height == 0 { return try lost.contains(content.root) }
    var isDamaged = false
    do throws(ChunkStoreError) {
      try ContentReader(reader).forEachLeaf(of: content, in: 0..<content.byteCount) {
        (leaf) throws(ChunkStoreError) in
        if !isDamaged, let chunk = leaf.chunk { isDamaged = try lost.contains(chunk) }
      }
    } catch {
      guard error.isAboutBlob else { throw error }
      isDamaged = true
    }
    return isDamaged
  }
}
