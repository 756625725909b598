import CairnCore
import CairnCrypto

@testable import CairnChunks

/// Carries out the steps of the protocol on a simulated target, one operation at a time, and breaks
/// a rule if asked to.
///
/// A listing has two moments: of what comes or goes in between, it is a matter of chance whether the
/// listing shows it, which is all that the contract of a target allows.
struct Interpreter {
  enum Role {
    case session, collector
  }

  let role: Role
  let broken: ProtocolRule?
  /// The target as it was when the party began.
  private let beginning: SimulatedTarget
  /// The target when the listing at hand began.
  private var first: SimulatedTarget?
  private var clearing: [Announcement]?
  private var delayed: Announcement?
  /// What the party believes to have put.
  private var imagined: Set<Announcement> = []
  private var generation: GenerationID?
  private var hasLooked = false
  private var hasRevoked = false
  private var reply = ProtocolReply.done
  private var pending: ProtocolStep?

  init(_ role: Role, breaking broken: ProtocolRule?, at beginning: SimulatedTarget) {
    self.role = role
    self.broken = broken
    self.beginning = beginning
  }

  /// Takes one moment of a party's next step.
  ///
  /// - Parameter verdict: what is done about sessions that must be waited for.
  /// - Returns: whether the party has finished.
  mutating func advance(
    _ party: inout some ProtocolParty, _ target: inout SimulatedTarget,
    _ random: inout SeededRandom,
    verdict: (_ open: Set<SessionID>, _ blockers: Set<SessionID>) -> WaitVerdict = { _, _ in .goOn }

  ) -> Bool {
    guard let step = pending ?? party.next(reply) else {
      reply = .done
      return true
    }
    if case .wait(let open, let blockers) = step {
      reply = .verdict(verdict(open, blockers))
      return false
    }
    let answer = perform(step, &target, &random)
    if let answer { reply = answer }
    pending = answer == nil ? step : nil
    return false
  }

  /// - Returns: `nil` if the step needs another moment.
  private mutating func perform(
    _ step: ProtocolStep, _ target: inout SimulatedTarget, _ random: inout SeededRandom
  ) -> ProtocolReply? {
    switch step {
    case .put(let announcement):
      put(announcement, &target)
      return .done
    case .readSessions, .readSession, .readCondemned, .listPacks, .readRoots:
      guard let before = first else {
        first = target
        return nil
      }
      first = nil
      let reply = read(step, before, &target, &random)
      if let announcement = delayed { target.announcements.insert(announcement) }
      delayed = nil
      return reply
    case .hasRoot(let root):
      return .answer(target.roots[root] != nil)
    case .deletePack(let pack):
      target.deletePack(pack)
      return .done
    case .lift(let generation):
      target.lift { $0 == generation }
      return .done
    case .clear(let session):
      return clear(session, &target)
    case .mark(let marking):
      return .packs(mark(marking, &target))
    case .wait:
      return .verdict(.goOn)
    }
  }

  private mutating func put(_ announcement: Announcement, _ target: inout SimulatedTarget) {
    switch (announcement, broken) {
    case (.begun, .beginThenLook), (.condemned, .condemnThenLook):
      delayed = announcement
      return
    case (.based, .announceBase):
      return
    case (.closed, .closeThenGoOn):
      imagined.insert(announcement)
      return
    default:
      break
    }
    if case .condemned(let generation, _) = announcement {
      self.generation = generation
      if !target.condemned.isEmpty { target.events.rivals += 1 }
    }
    if case .revoked = announcement {
      hasRevoked = true
      target.events.closings += 1
    }
    target.announcements.insert(announcement)
  }

  private mutating func read(
    _ step: ProtocolStep, _ before: SimulatedTarget, _ target: inout SimulatedTarget,
    _ random: inout SeededRandom
  ) -> ProtocolReply {
    let luck = random.next() & 3
    let after = target
    var lags = 0
    defer { target.events.lags += lags }
    func mix<Element: Hashable>(_ old: Set<Element>, _ new: Set<Element>) -> Set<Element> {
      if old == new { return new }
      if luck != 1 { lags += 1 }
      return switch luck {
      case 0: old
      case 1: new
      case 2: old.union(new)
      default: old.intersection(new)
      }
    }
    var mixed = after
    mixed.announcements = mix(before.announcements, after.announcements).union(imagined)
    switch (step, role, broken) {
    case (.readSessions, .collector, .waitForSessions) where !hasLooked:
      hasLooked = true
      return .sessions([:])
    case (.readSessions, _, _), (.readSession, _, _):
      return .sessions(mixed.sessions)
    case (.readCondemned, .session, .heedCondemned), (.readCondemned, .collector, .heedOthers):
      return .condemned([:])
    case (.readCondemned, _, _):
      return .condemned(mixed.condemned)
    case (.listPacks, .session, .listPacksLast), (.listPacks, .collector, .listPacksAfterOthers):
      return .packs(beginning.packs)
    case (.listPacks, _, _):
      return .packs(mix(before.packs, after.packs))
    case (_, _, .revokeThenList) where hasRevoked:
      hasRevoked = false
      return .roots(beginning.roots.values.sorted { $0.id < $1.id })
    default:
      let ids = mix(Set(before.roots.keys), Set(after.roots.keys))
      return .roots(ids.sorted().compactMap { after.roots[$0] ?? before.roots[$0] })
    }
  }

  /// One deletion of those that clear a session away.
  private mutating func clear(
    _ session: SessionID, _ target: inout SimulatedTarget
  ) -> ProtocolReply? {
    var left = clearing ?? target.announcements.filter { $0.session == session }.inClearingOrder
    if !left.isEmpty { target.announcements.remove(left.removeFirst()) }
    clearing = left.isEmpty ? nil : left
    return left.isEmpty ? .done : nil
  }

  private func mark(_ marking: Marking, _ target: inout SimulatedTarget) -> Set<Digest> {
    var marking = marking
    switch broken {
    case .markAgain: marking.chunks = beginning.rootChunks
    case .liftLast: target.lift { $0 == generation }
    case .liftOwn: target.lift { $0 != generation }
    default: break
    }
    return target.needed(marking)
  }
}

extension SimulatedTarget {
  fileprivate mutating func lift(_ isLifted: (GenerationID) -> Bool) {
    announcements = announcements.filter {
      if case .condemned(let generation, _) = $0 { !isLifted(generation) } else { true }
    }
  }
}

extension Set<Announcement> {
  /// The end of a session goes last; of the others it does not matter.
  fileprivate var inClearingOrder: [Announcement] {
    func rank(_ announcement: Announcement) -> Int {
      switch announcement {
      case .begun: 0
      case .ended: 2
      default: 1
      }
    }
    return sorted { rank($0) < rank($1) }
  }
}
