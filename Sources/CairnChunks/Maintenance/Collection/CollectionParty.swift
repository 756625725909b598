import CairnCrypto

/// How packs are deleted while others write, and collect.
///
/// Any set of packs may be proposed: what is needed is found out after it was condemned, and stays.
///
/// 1. Condemns the packs, *then* looks which sessions are open. One that begins later sees the
///    condemnation and uses nothing of it; so does one that says so.
/// 2. Waits until the others have ended. One that does not is closed: revoked, *then* its roots are
///    listed, *then* these are written down as the only ones that count.
/// 3. Looks at the condemnations of others, *then* at the packs, *then* at the roots, *then* at the
///    sessions' bases, and marks what is alive. Packs that others condemned count as absent, whether or
///    not they are its own: a chunk keeps a copy that only this collector may delete, or else all that
///    it has in condemned packs. So whichever of several collectors looked last keeps one.
/// 4. Deletes the packs that nothing alive needs, and only then lifts the condemnation. Nobody else
///    lifts it while one of its packs is there: this collector may sleep between any two steps, and
///    delete a pack tomorrow that it found unneeded today.
/// 5. Clears away the announcements of sessions that have ended, if it is the only collector: another
///    might rely on the bases that they name.
struct CollectionParty: ProtocolParty {
  private enum State {
    case start, condemned, looking, learning, waiting
    case revoking, listing, closing
    case others, packs, roots, bases, marking
    case working, finished
  }

  let generation: GenerationID
  /// The packs that are proposed.
  let packs: Set<Digest>
  private var state = State.start

  /// The sessions at the last look before the roots were read.
  private var sessions: SessionTable = [:]
  /// The sessions that were open when the condemnation was announced.
  private var awaited: Set<SessionID>?
  /// The packs of the other generations, as far as sessions may have heeded them.
  private var otherGenerations: [GenerationID: Set<Digest>] = [:]
  private var sessionToClose: SessionID?
  private var marking = Marking(
    chunks: [], bases: [], present: [], condemned: [], condemnedByOthers: [])
  private var roots: [RootReference] = []
  private var work: [ProtocolStep] = []

  /// The packs that were deleted, or are to be.
  private(set) var doomed: Set<Digest> = []
  /// The packs that are needed after all.
  private(set) var kept: Set<Digest> = []
  /// The packs that stay condemned, since a session may rely on them.
  private(set) var postponed: Set<Digest> = []
  /// The sessions on account of which packs are postponed.
  private(set) var blockers: Set<SessionID> = []
  private(set) var closedSessions: Set<SessionID> = []

  init(_ generation: GenerationID, condemning packs: Set<Digest>) {
    self.generation = generation
    self.packs = packs
  }

  mutating func next(_ reply: ProtocolReply) -> ProtocolStep? {
    switch (state, reply) {
    case (.start, _):
      state = .condemned
      return .put(.condemned(generation, packs.sorted()))
    case (.condemned, _), (.closing, _):
      return look()
    case (.looking, .sessions(let sessions)):
      self.sessions = sessions
      guard awaited == nil else { return waitOrGoOn() }
      awaited = Set(sessions.filter(\.value.isOpen).keys)
      state = .learning
      return .readCondemned
    case (.learning, .condemned(let generations)):
      otherGenerations = generations
      return waitOrGoOn()
    case (.waiting, .verdict(.lookAgain)):
      return look()
    case (.waiting, .verdict(.goOn)):
      return goOn()
    case (.waiting, .verdict(.close(let session))):
      sessionToClose = session
      state = .revoking
      return .put(.revoked(session))
    case (.revoking, _):
      state = .listing
      return .readRoots
    case (.listing, .roots(let roots)):
      guard let session = sessionToClose else { return nil }
      closedSessions.insert(session)
      state = .closing
      return .put(.closed(session, roots: roots.filter { $0.session == session }.map(\.id)))
    case (.others, .condemned(let generations)):
      otherGenerations = generations.filter { $0.key != generation }
      marking.condemnedByOthers = otherGenerations.values.reduce(into: []) { $0.formUnion($1) }
      state = .packs
      return .listPacks
    case (.packs, .packs(let packs)):
      marking.present = packs
      state = .roots
      return .readRoots
    case (.roots, .roots(let roots)):
      self.roots = roots
      state = .bases
      return .readSessions
    case (.bases, .sessions(let latest)):
      state = .marking
      let alive = roots.filter { latest[$0.session]?.counts($0.id) != false }
      marking.chunks = Set(alive.map(\.chunk))
      marking.bases = bases(latest)
      marking.condemned = packs.subtracting(postponed)
      return .mark(marking)
    case (.marking, .packs(let needed)):
      kept = marking.condemned.intersection(needed)
      doomed = marking.condemned.subtracting(needed).intersection(marking.present)
      planWork()
      state = .working
      return work.popLast()
    case (.working, _):
      return work.popLast()
    default:
      // A reply to another step than the one asked for: stop, which is always safe.
      state = .finished
      return nil
    }
  }

  private mutating func look() -> ProtocolStep {
    state = .looking
    return .readSessions
  }

  private mutating func waitOrGoOn() -> ProtocolStep {
    blockers = Set(
      (awaited ?? []).filter { sessions[$0]?.isOpen == true && !unheeded(by: $0).isEmpty })
    let open = Set(sessions.filter(\.value.isOpen).keys)
    if open.isEmpty { return goOn() }
    state = .waiting
    return .wait(open: open, blockers: blockers)
  }

  /// The packs that an open session may rely on.
  private func unheeded(by session: SessionID) -> Set<Digest> {
    var rest = packs
    for heeded in sessions[session]?.heeded ?? [] {
      if heeded == generation { return [] }
      if let packs = otherGenerations[heeded] { rest.subtract(packs) }
    }
    return rest
  }

  private mutating func goOn() -> ProtocolStep {
    postponed = blockers.reduce(into: []) { $0.formUnion(unheeded(by: $1)) }
    state = .others
    return .readCondemned
  }

  /// What is built on by every session whose roots may not all have been seen.
  private func bases(_ latest: SessionTable) -> Set<ChunkID> {
    var chunks: Set<ChunkID> = []
    for (id, session) in latest where sessions[id]?.isOver != true {
      chunks.formUnion(session.bases)
    }
    for session in sessions.values where !session.isOver { chunks.formUnion(session.bases) }
    return chunks
  }

  /// The steps that are left, the first one last.
  private mutating func planWork() {
    work = doomed.sorted().map { .deletePack($0) }
    if postponed.isEmpty { work.append(.lift(generation)) }
    let left = marking.present.subtracting(doomed)
    let empty = otherGenerations.filter { $0.value.isDisjoint(with: left) }.keys
    work += empty.sorted().map { .lift($0) }
    if otherGenerations.isEmpty {
      let ended = sessions.filter { $0.value.hasEnded && !$0.value.isRevoked }.keys
      work += ended.sorted().map { .clear($0) }
    }
    work.reverse()
  }
}
