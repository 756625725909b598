import CairnCore
import CairnCrypto
import Synchronization

extension Repository {
  /// Carries a party's steps out on the target.
  func carryOut(_ party: inout some ProtocolParty) async throws(ChunkStoreError) {
    var reply = ProtocolReply.done
    while let step = party.next(reply) { reply = try await perform(step) }
  }

  /// Carries out a step; what calls for a decision is the collector's to answer.
  func perform(_ step: ProtocolStep) async throws(ChunkStoreError) -> ProtocolReply {
    switch step {
    case .put(let announcement):
      try await board.put(announcement)
      return .done
    case .readSessions:
      return .sessions(try await board.sessions())
    case .readSession(let session):
      return .sessions(try await board.sessions(.one(session)))
    case .readCondemned:
      return .condemned(try await board.condemned())
    case .listPacks:
      return .packs(try await listPacks())
    case .readRoots:
      let roots = try await allRoots { (error) throws(ChunkStoreError) in throw error }
      return .roots(
        roots.compactMap { root in
          root.sessionID.map { RootReference(id: root.id, session: $0, chunk: root.chunk) }
        })
    case .hasRoot(let root):
      return .answer(try await target.size(of: .root(root)) != nil)
    case .deletePack(let pack):
      try await target.delete(.pack(pack))
      return .done
    case .lift(let generation):
      try await board.lift(generation)
      return .done
    case .clear(let session):
      try await board.clear(session)
      return .done
    case .wait, .mark:
      return .done
    }
  }

  /// Stores a part of the index; durable on return.
  ///
  /// - Returns: its bytes.
  func putIndexBlob(_ blob: IndexBlob) throws(ChunkStoreError) -> Int64 {
    let stored = try keyring.seal(.index, blob.encoded())
    let digest = SHA256.hash(of: stored.span.bytes)
    try target.putBlocking(.index(digest), BlobSource(stored))
    indexBlobs.withLock {
      $0.insert(digest, size: Int64(stored.count), replacing: blob.replaced)
    }
    return Int64(stored.count)
  }
}
