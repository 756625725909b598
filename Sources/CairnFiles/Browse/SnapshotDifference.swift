public import CairnChunks
import CairnCore

/// What became of a path between two snapshots.
public struct SnapshotChange: Sendable, Hashable {
  public enum Kind: String, Sendable, Hashable, Codable {
    case added, removed
    /// The content is another.
    case modified
    /// The content is the same, but the mode, owner, time or an attribute is not.
    case attributes
  }

  public let kind: Kind
  /// As it was; `nil` if it was added.
  public let old: SnapshotEntry?
  /// As it is; `nil` if it was removed.
  public let new: SnapshotEntry?

  /// The path as text for people.
  public var path: String { (new ?? old)?.path ?? "" }
}

extension Repository {
  /// The changes from one snapshot to another, in the order of paths, some at a time.
  ///
  /// What both share is passed over unread, so the cost is that of the difference.
  ///
  /// - Parameter body: called with up to some hundred changes; ends the comparison if it throws.
  public func forEachChange(
    from old: Snapshot, to new: Snapshot, _ body: ([SnapshotChange]) throws -> Void
  ) async throws {
    try await loadIndexOnce()
    let stream = AsyncThrowingStream<[SnapshotChange], any Error> { continuation in
      ThreadPool.engines.submit {
        do throws(ChunkStoreError) {
          try self.compare(old, new) { continuation.yield($0) }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
    }
    for try await changes in stream { try body(changes) }
  }

  private func compare(
    _ old: Snapshot, _ new: Snapshot, _ body: ([SnapshotChange]) -> Void
  ) throws(ChunkStoreError) {
    let difference = EntryDifference(
      from: try EntryCursor(old.tree, ChunkReader(self)),
      to: try EntryCursor(new.tree, ChunkReader(self)))
    var changes: [SnapshotChange] = []
    try difference.forEach { (change, old, new) throws(ChunkStoreError) in
      switch change {
      case .added:
        changes.append(
          SnapshotChange(kind: .added, old: nil, new: try new.snapshotEntry()))
      case .removed:
        changes.append(
          SnapshotChange(kind: .removed, old: try old.snapshotEntry(), new: nil))
      case .changed:
        let (before, after) = (try old.snapshotEntry(), try new.snapshotEntry())
        if let kind = SnapshotChange.kind(from: before, to: after) {
          changes.append(SnapshotChange(kind: kind, old: before, new: after))
        }
      }
      if changes.count >= 256 {
        body(changes)
        changes.removeAll(keepingCapacity: true)
      }
    }
    if !changes.isEmpty { body(changes) }
  }
}

extension SnapshotChange {
  /// `nil` if only what cannot be restored differs: inode and change time.
  static func kind(from old: SnapshotEntry, to new: SnapshotEntry) -> Kind? {
    guard old.metadata.kind == new.metadata.kind, old.content == new.content,
      old.metadata.linkTarget == new.metadata.linkTarget,
      old.metadata.deviceNumber == new.metadata.deviceNumber
    else { return .modified }
    var comparable = new.metadata
    comparable.inode = old.metadata.inode
    comparable.device = old.metadata.device
    comparable.changeTime = old.metadata.changeTime
    comparable.linkCount = old.metadata.linkCount
    return comparable == old.metadata ? nil : .attributes
  }
}
