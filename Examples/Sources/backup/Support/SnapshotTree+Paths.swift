import Cairn
import CommandSupport

// Paths that a person typed, and that may not be there.

extension SnapshotTree {
  /// - Throws: what to say if the snapshot has no such path. The empty key is its top.
  func requireRanks(below key: [UInt8]) async throws -> Range<UInt64> {
    let ranks = try await ranks(below: key)
    guard !ranks.isEmpty || key.isEmpty else { throw noPath(key) }
    return ranks
  }

  /// - Throws: what to say if the snapshot has no such path.
  func requireEntry(_ key: [UInt8]) async throws -> SnapshotEntry {
    guard let entry = try await entry(key) else { throw noPath(key) }
    return entry
  }

  private func noPath(_ key: [UInt8]) -> Failure {
    let path = String(displaying: key.map { $0 == 0 ? UInt8(ascii: "/") : $0 })
    let id = snapshot.id.description.prefix(8)
    return Failure("the snapshot \(id) has no path \"\(path)\"; list its paths with ls")
  }
}
