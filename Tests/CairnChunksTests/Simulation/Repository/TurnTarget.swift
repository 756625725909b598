import CairnChunks
import Synchronization

/// A target as one party sees it: every operation waits for its turn; a listing takes two, and of what
/// comes or goes in between it is a matter of chance whether the listing shows it; and at some operation the
/// party may die, before or after that takes effect.
final class TurnTarget: Target {
  private let base: MemoryTarget
  private let turns: Turns
  private let party: Int
  private let state = Mutex((isDead: false, lags: 0, deletedPacks: 0))

  init(_ base: MemoryTarget, _ turns: Turns, _ party: Int) {
    self.base = base
    self.turns = turns
    self.party = party
  }

  var name: String { base.name }
  var isDead: Bool { state.withLock { $0.isDead } }
  /// Listings that did not show what was there at their end.
  var lags: Int { state.withLock { $0.lags } }
  var deletedPacks: Int { state.withLock { $0.deletedPacks } }

  private func operate<Result>(
    _ body: () throws(ChunkStoreError) -> Result
  ) async throws(ChunkStoreError) -> Result {
    await turns.wait(party)
    defer { turns.didOperate(party) }
    let luck = turns.luck()
    if !isDead, luck % 300 == 0 {
      state.withLock { $0.isDead = true }
      if luck & 1 << 20 == 0 { _ = try? body() }
    }
    if isDead { throw ChunkStoreError(.targetFailed, "the party has died") }
    return try body()
  }

  func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
    try await operate { () throws(ChunkStoreError) in try base.store(name, source) }
  }

  func get(_ name: BlobName, range: Range<Int64>?) async throws(ChunkStoreError) -> [UInt8] {
    try await operate { () throws(ChunkStoreError) in try base.load(name, range: range) }
  }

  func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
    try await operate { base.findSize(of: name) }
  }

  func list(
    _ prefix: String, after: BlobName?, limit: Int
  ) async throws(ChunkStoreError) -> [BlobInfo] {
    let before = try await operate { base.names(prefix, after: after, limit: .max) }
    return try await operate {
      let now = base.names(prefix, after: after, limit: .max)
      let (old, new) = (Set(before), Set(now))
      let shown =
        switch turns.luck() & 3 {
        case 0: old
        case 1: new
        case 2: old.union(new)
        default: old.intersection(new)
        }
      if shown != new { state.withLock { $0.lags += 1 } }
      return Array(shown.sorted { $0.name < $1.name }.prefix(limit))
    }
  }

  func delete(_ name: BlobName) async throws(ChunkStoreError) {
    try await operate {
      if name.description.hasPrefix("packs/") { state.withLock { $0.deletedPacks += 1 } }
      base.remove(name)
    }
  }
}
