import CairnCrypto

/// What writers and collectors tell one another, each by a blob that is put once.
///
/// No lock and no clock is needed beside them: every rule is of the form "announce, *then* look",
/// so that of two who overlap at least one sees the other.
enum Announcement: Hashable, Sendable {
  /// A session begins; it has not yet looked at what is condemned.
  case begun(SessionID)
  /// A session treats the packs of these generations as absent, all its life.
  case heeded(SessionID, [GenerationID])
  /// A session may refer to all that a root's chunk leads to, without storing it.
  case based(SessionID, ChunkID)
  /// A session will publish nothing more.
  case ended(SessionID)
  /// A collector is about to close a session that does not end.
  case revoked(SessionID)
  /// After a revocation: of the session's roots only these count, whatever it may still publish.
  case closed(SessionID, roots: [Digest])
  /// The packs may be deleted, by this collector and no other.
  case condemned(GenerationID, [Digest])
}

/// The random name of a condemnation.
struct GenerationID: Hashable, Comparable, Sendable {
  let bytes: [UInt8]

  static func < (left: Self, right: Self) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

extension SessionID: Comparable {
  static func < (left: Self, right: Self) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

/// What the announcements of one session say together.
struct SessionState: Sendable {
  var isBegun = false
  var heeded: Set<GenerationID> = []
  var bases: Set<ChunkID> = []
  var hasEnded = false
  var isRevoked = false
  /// Of each closing, the roots that count.
  var closings: [Set<Digest>] = []

  /// Whether all its roots that will ever count are there.
  var isOver: Bool { hasEnded || !closings.isEmpty }
  /// Whether it is known of, and may still publish a root that counts.
  var isOpen: Bool { isBegun && !isOver }

  /// Whether a root of this session is a commit. One that was published after the session was
  /// revoked may not be: a collector no longer waited for it.
  func counts(_ root: Digest) -> Bool { closings.allSatisfy { $0.contains(root) } }

  mutating func note(_ announcement: Announcement) {
    switch announcement {
    case .begun: isBegun = true
    case .heeded(_, let generations): heeded.formUnion(generations)
    case .based(_, let chunk): bases.insert(chunk)
    case .ended: hasEnded = true
    case .revoked: isRevoked = true
    case .closed(_, let roots):
      isRevoked = true
      closings.append(Set(roots))
    case .condemned: break
    }
  }
}

typealias SessionTable = [SessionID: SessionState]

/// What a collector must know of a root.
struct RootReference: Hashable, Sendable {
  let id: Digest
  let session: SessionID
  let chunk: ChunkID
}
