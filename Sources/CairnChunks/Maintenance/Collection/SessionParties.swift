import CairnCrypto

/// How a session begins: announces itself, *then* looks at what is condemned, *then* at which packs
/// there are.
///
/// A collector that announces a condemnation afterwards sees the session; one that did so before is
/// seen, or has deleted already what it will.
struct SessionOpening: ProtocolParty {
  private enum State {
    case start, begun, looked, heeded, finished
  }

  let session: SessionID
  private var state = State.start
  /// The packs that count as absent.
  private(set) var condemned: Set<Digest> = []
  /// The packs on the target.
  private(set) var present: Set<Digest> = []

  init(_ session: SessionID) {
    self.session = session
  }

  mutating func next(_ reply: ProtocolReply) -> ProtocolStep? {
    switch (state, reply) {
    case (.start, _):
      state = .begun
      return .put(.begun(session))
    case (.begun, _):
      state = .looked
      return .readCondemned
    case (.looked, .condemned(let generations)) where !generations.isEmpty:
      condemned = generations.values.reduce(into: []) { $0.formUnion($1) }
      state = .heeded
      return .put(.heeded(session, generations.keys.sorted()))
    case (.looked, _), (.heeded, _):
      state = .finished
      return .listPacks
    case (.finished, .packs(let packs)):
      present = packs
      return nil
    case (.finished, _):
      return nil
    }
  }
}

/// How a session comes to refer to what a root leads to: announces it, *then* looks whether the root
/// is still there, and counts.
///
/// If it is, no collector has deleted anything that it leads to, and none will before the session
/// has ended, even if the root is forgotten meanwhile.
struct SessionBase: ProtocolParty {
  private enum State {
    case start, announced, looked, finished
  }

  let session: SessionID
  let root: RootReference
  private var state = State.start
  /// Whether the session may refer to it.
  private(set) var isUsable = false

  init(_ root: RootReference, of session: SessionID) {
    self.session = session
    self.root = root
  }

  mutating func next(_ reply: ProtocolReply) -> ProtocolStep? {
    switch (state, reply) {
    case (.start, _):
      state = .announced
      return .put(.based(session, root.chunk))
    case (.announced, _):
      state = .looked
      return .hasRoot(root.id)
    case (.looked, .answer(true)):
      state = .finished
      return .readSession(root.session)
    case (.finished, .sessions(let sessions)):
      isUsable = sessions[root.session]?.counts(root.id) != false
      return nil
    default:
      return nil
    }
  }
}

/// What a session does when the root it published is there: *then* looks whether it was revoked
/// before. Only if not is the commit certain.
struct SessionPublication: ProtocolParty {
  let session: SessionID
  private var hasAsked = false
  private(set) var isCertain = false

  init(_ session: SessionID) {
    self.session = session
  }

  mutating func next(_ reply: ProtocolReply) -> ProtocolStep? {
    if case .sessions(let sessions) = reply {
      isCertain = sessions[session]?.isRevoked != true
      return nil
    }
    if hasAsked { return nil }
    hasAsked = true
    return .readSession(session)
  }
}
