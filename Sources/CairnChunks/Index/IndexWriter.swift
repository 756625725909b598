import CairnCore
import CairnCrypto

/// The packs of a repository's index that no index blob describes yet, whichever session put them
/// there.
///
/// A chunk that the index knows is not stored again, so whoever relies on it must see to it that
/// its pack is described before a root is published; the session that stored it may have failed.
final class IndexWriter: Sendable {
  private struct State {
    var waiting = IndexBlob()
    var waitingChunks = 0
    /// What is being written.
    var writing: [Digest] = []
    var isWriting = false

    mutating func add(_ packs: [(info: PackInfo, table: PackTable)]) {
      waiting.packs += packs
      waitingChunks += packs.reduce(0) { $0 + $1.table.entries.count }
    }
  }
  private let state = Monitor(State())

  /// An index blob is written at least for this many packs or chunks: what a crash leaves without
  /// one is read back pack by pack. Until then a chunk takes 48 bytes of memory, and when it is
  /// written, three times the 35 of its description.
  private static let packsPerBlob = 64
  private static let chunksPerBlob = 16_384

  /// Takes note of a pack that entered the index, and says whether it is time to write.
  func add(_ pack: PackInfo, _ table: PackTable) -> Bool {
    state.withLock { state in
      state.add([(pack, table)])
      return state.waiting.packs.count >= Self.packsPerBlob
        || state.waitingChunks >= Self.chunksPerBlob
    }
  }

  /// Forgets packs that are gone.
  func remove(_ packs: Set<Digest>) {
    state.change { state in
      let left = state.waiting.packs.filter { !packs.contains($0.info.digest) }
      state.waiting = IndexBlob()
      state.waitingChunks = 0
      state.add(left)
    }
  }

  /// Has `put` store the packs that wait, and returns when every pack added before is described.
  ///
  /// What `put` fails to store waits for the next call.
  func write(
    _ put: (IndexBlob) throws(ChunkStoreError) -> Void
  ) throws(ChunkStoreError) {
    let blob = state.wait { state -> IndexBlob? in
      guard !state.isWriting else { return nil }
      defer {
        state.waiting = IndexBlob()
        state.waitingChunks = 0
      }
      state.isWriting = !state.waiting.packs.isEmpty
      state.writing = state.waiting.packs.map(\.info.digest)
      return state.waiting
    }
    guard !blob.packs.isEmpty else { return }
    do {
      try put(blob)
    } catch {
      state.change {
        $0.add(blob.packs)
        $0.writing = []
        $0.isWriting = false
      }
      throw error
    }
    state.change {
      $0.writing = []
      $0.isWriting = false
    }
  }

  /// The packs that no index blob describes for sure.
  var undescribed: Set<Digest> {
    state.withLock { Set($0.waiting.packs.map(\.info.digest) + $0.writing) }
  }
}
