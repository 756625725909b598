public import CairnChunks
import CairnCore

/// What became of a path between two snapshots.
public struct SnapshotChange: Sendable, Hashable {
  /// What kind of change it is.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// Only the newer, or only the older snapshot has the path.
    case added, removed
    /// The content is another.
    case modified
    /// The content is the same, but the mode, owner, time or an attribute is not.
    case attributes
  }

  /// What kind of change it is.
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
    let comparison = try Comparison(
      EntryDifference(
        from: EntryCursor(old.tree, ChunkReader(self)),
        to: EntryCursor(new.tree, ChunkReader(self))))
    while true {
      try Task.checkCancellation()
      let changes = try await comparison.nextChanges()
      guard !changes.isEmpty else { return }
      try body(changes)
    }
  }
}

/// A comparison under way.
private final class Comparison: @unchecked Sendable {
  // Sendable: used by one job at a time, each awaited before the next.
  private var difference: EntryDifference
  private static let limit = 256

  init(_ difference: EntryDifference) {
    self.difference = difference
  }

  /// The next changes; empty at the end.
  func nextChanges() async throws(ChunkStoreError) -> [SnapshotChange] {
    try await ThreadPool.engines.run { () throws(ChunkStoreError) -> [SnapshotChange] in
      try self.collect()
    }
  }

  private func collect() throws(ChunkStoreError) -> [SnapshotChange] {
    var changes: [SnapshotChange] = []
    while changes.count < Self.limit, let change = try difference.next() {
      let old = change == .added ? nil : try difference.old.snapshotEntry()
      let new = change == .removed ? nil : try difference.new.snapshotEntry()
      if let kind = SnapshotChange.kind(from: old, to: new) {
        changes.append(SnapshotChange(kind: kind, old: old, new: new))
      }
    }
    return changes
  }
}

extension SnapshotChange {
  /// `nil` if only what cannot be restored differs: inode, device, change time and link count.
  fileprivate static func kind(from old: SnapshotEntry?, to new: SnapshotEntry?) -> Kind? {
    guard let old else { return .added }
    guard let new else { return .removed }
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
