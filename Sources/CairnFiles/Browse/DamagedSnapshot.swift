public import CairnChunks
import CairnCore

/// What damage to the repository means for a snapshot.
public struct DamagedSnapshot: Sendable, Codable {
  public let snapshot: Snapshot
  /// The files of which something is lost, in the order of paths, with the first of the ranges that
  /// are; and where entries themselves are lost, the path before them.
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
    return try await damagedSnapshots { (reader) throws(ChunkStoreError) in
      try LostChunks(report, in: self, reader)
    }
  }

  /// Names the files that would remain damaged after a repair. What would be taken from a copy where
  /// that has it in another pack than this repository counts as lost here.
  ///
  /// - Parameters:
  ///   - plan: of ``Repository/planRepair(after:_:progress:)``.
  ///   - options: those that it was made with.
  /// - Returns: the snapshots that are affected, the oldest first.
  public func damagedSnapshots(
    after plan: RepairPlan, _ options: RepairOptions = RepairOptions()
  ) async throws(ChunkStoreError) -> [DamagedSnapshot] {
    guard plan.lostChunks > 0 else { return [] }
    let view = try await view(after: plan, options)
    return try await view.damagedSnapshots { (reader) throws(ChunkStoreError) in
      LostChunks(in: view, reader)
    }
  }

  private func damagedSnapshots(
    _ lost: @escaping @Sendable (ChunkReader) throws(ChunkStoreError) -> LostChunks
  ) async throws(ChunkStoreError) -> [DamagedSnapshot] {
    let snapshots = try await snapshots { _ in }
    let cancellation = CancellationFlag()
    let outcome = await withTaskCancellationHandler {
      await ThreadPool.engines.run { () -> Result<[DamagedSnapshot], ChunkStoreError> in
        Result { () throws(ChunkStoreError) in
          let reader = ChunkReader(self)
          let search = DamageSearch(
            lost: try lost(reader), reader: reader, cancellation: cancellation)
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
struct DamageSearch {
  let lost: LostChunks
  let reader: ChunkReader
  let cancellation: CancellationFlag

  func problems(of snapshot: Snapshot) throws(ChunkStoreError) -> ProblemList {
    var problems = ProblemList()
    try forEachDamagedFile(
      of: snapshot,
      onLoss: { problems.append($0) },
      { (entry, ranges) in
        problems.append(FileProblem(path: entry.path, message: ranges.description))
      })
    return problems
  }

  /// Calls `body` with each file of which something cannot be read.
  ///
  /// - Parameter onLoss: is told of entries that cannot be read.
  func forEachDamagedFile(
    of snapshot: Snapshot, onLoss: (FileProblem) -> Void,
    _ body: (SnapshotEntry, LostRanges) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    let cursor = try EntryCursor(snapshot.tree, reader)
    var path = snapshot.name
    func addLoss(_ count: UInt64, _ error: ChunkStoreError) {
      onLoss(
        FileProblem(path: path, message: "the \(count) entries that follow it cannot be listed"))
    }
    do throws(ChunkStoreError) {
      try cursor.seekReadable(toRank: 0, onLoss: addLoss)
    } catch {
      guard error.isAboutBlob else { throw error }
      return addLoss(snapshot.entryCount, error)
    }
    while cursor.isValid {
      if cancellation.isSet {
        throw ChunkStoreError(.cancelled, "the operation was cancelled")
      }
      let entry = try cursor.snapshotEntry()
      path = entry.path
      let ranges = try lostRanges(of: entry)
      if !ranges.isEmpty { try body(entry, ranges) }
      try cursor.nextReadable(onLoss: addLoss)
    }
  }

  /// Where an entry's content cannot be read.
  private func lostRanges(of entry: SnapshotEntry) throws(ChunkStoreError) -> LostRanges {
    var ranges = LostRanges(of: entry.content?.byteCount ?? 0)
    guard case .stream(let content) = entry.content else { return ranges }
    if content.height == 0 {
      if try lost.contains(content.root) { ranges.append(0..<content.byteCount) }
      return ranges
    }
    // Where a node is lost, the search goes on behind what it stands for.
    try ContentReader(reader).forEachReadableLeaf(of: content) {
      (range, chunk) throws(ChunkStoreError) in
      guard let chunk else { return ranges.append(range) }
      if try lost.contains(chunk) { ranges.append(range) }
    }
    return ranges
  }
}

/// The ranges of a file that cannot be read: the first of them, and how many bytes they are together.
struct LostRanges {
  private(set) var first: [Range<UInt64>] = []
  private(set) var byteCount: UInt64 = 0
  private(set) var rangeCount = 0
  private let total: UInt64
  private var end: UInt64 = 0
  private static let limit = 4

  init(of total: UInt64) {
    self.total = total
  }

  /// An empty file may be lost, too.
  var isEmpty: Bool { rangeCount == 0 }

  /// Adds a range behind the others.
  mutating func append(_ range: Range<UInt64>) {
    byteCount &+= range.upperBound - range.lowerBound
    defer { end = range.upperBound }
    if rangeCount > 0, range.lowerBound == end {
      if rangeCount == first.count {
        first[rangeCount - 1] = first[rangeCount - 1].lowerBound..<range.upperBound
      }
      return
    }
    rangeCount += 1
    if first.count < Self.limit { first.append(range) }
  }

  var description: String {
    var texts = first.map { "\($0.lowerBound) to \($0.upperBound)" }
    if rangeCount > first.count { texts.append("and \(rangeCount - first.count) more ranges") }
    return "its content is not whole: \(byteCount) of \(total) bytes cannot be read, from "
      + texts.joined(separator: ", ")
  }
}
