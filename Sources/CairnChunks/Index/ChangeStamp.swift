import CairnCore
import Synchronization

/// Counts changes, so that work which must not see one in its middle is done again if it did.
///
/// The numbers of chunks in an index stay the same while packs are added, and may change when packs
/// are taken out or the index is saved.
final class ChangeStamp: Sendable {
  private struct State {
    var changes = 0
    var underWay = 0
  }
  private let state = Monitor(State())

  func change<Result>(
    _ body: () throws(ChunkStoreError) -> Result
  ) throws(ChunkStoreError) -> Result {
    state.change {
      $0.changes += 1
      $0.underWay += 1
    }
    defer { state.change { $0.underWay -= 1 } }
    return try body()
  }

  /// What `body` returns when nothing has changed from its beginning to its end. Blocks, and repeats
  /// `body`: for the library's own threads.
  func withoutChange<Result>(
    _ body: () throws(ChunkStoreError) -> Result
  ) throws(ChunkStoreError) -> Result {
    while true {
      let before = state.wait { $0.underWay == 0 ? $0.changes : nil }
      let result = try body()
      if state.withLock({ $0.changes == before }) { return result }
    }
  }
}
