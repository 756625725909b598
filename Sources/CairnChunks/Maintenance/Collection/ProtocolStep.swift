import CairnCrypto

/// What a party to the protocol asks of the target next: one or a few operations that need no order
/// among themselves.
enum ProtocolStep: Sendable {
  /// Puts a blob; reply ``ProtocolReply/done``.
  case put(Announcement)
  /// Lists the sessions' blobs and reads them; reply ``ProtocolReply/sessions(_:)``.
  case readSessions
  /// The same for one session; reply ``ProtocolReply/sessions(_:)``.
  case readSession(SessionID)
  /// Lists and reads the condemnations; reply ``ProtocolReply/condemned(_:)``.
  case readCondemned
  /// Lists the packs; reply ``ProtocolReply/packs(_:)``.
  case listPacks
  /// Lists and reads all roots, whether they count or not; reply ``ProtocolReply/roots(_:)``.
  case readRoots
  /// Whether the root's blob is there; reply ``ProtocolReply/answer(_:)``.
  case hasRoot(Digest)
  /// What is to be done about sessions that are open: those that block might need what is condemned,
  /// the others at most keep alive what they build on; reply ``ProtocolReply/verdict(_:)``.
  case wait(open: Set<SessionID>, blockers: Set<SessionID>)
  /// Which of the condemned packs are needed by what is alive; reply ``ProtocolReply/packs(_:)``.
  case mark(Marking)
  /// Deletes a pack; reply ``ProtocolReply/done``.
  case deletePack(Digest)
  /// Deletes a condemnation; reply ``ProtocolReply/done``.
  case lift(GenerationID)
  /// Deletes the announcements of a session that has ended, that of its end last; reply
  /// ``ProtocolReply/done``.
  case clear(SessionID)
}

enum ProtocolReply: Sendable {
  case done
  case sessions(SessionTable)
  case condemned([GenerationID: Set<Digest>])
  case packs(Set<Digest>)
  case roots([RootReference])
  case answer(Bool)
  case verdict(WaitVerdict)
}

/// What a collector does about sessions that are open.
enum WaitVerdict: Sendable {
  /// Looks again, after a while.
  case lookAgain
  /// Closes a session that seems not to end by itself. Whether it does is a guess that needs no
  /// truth: a session that was closed wrongly fails its next publication.
  case close(SessionID)
  /// Deletes what none of the blockers can need, and leaves the rest condemned.
  case goOn
}

/// What is alive, and which packs are in question.
struct Marking: Sendable {
  /// The chunks of the roots, from which everything that is committed is reached.
  var chunks: Set<ChunkID>
  /// From these as well, as far as it is there.
  var bases: Set<ChunkID>
  /// The packs on the target.
  var present: Set<Digest>
  /// The packs that the caller wants to delete.
  var condemned: Set<Digest>
  /// The packs that others may delete: what is in them counts as absent.
  var condemnedByOthers: Set<Digest>
}

/// A party to the protocol: a state machine without input or output of its own, so that the same
/// code runs on a target and in a simulation of schedules.
protocol ProtocolParty {
  /// Takes the reply to the step before (``ProtocolReply/done`` at first) and gives the next step,
  /// or `nil` at the end.
  mutating func next(_ reply: ProtocolReply) -> ProtocolStep?
}
