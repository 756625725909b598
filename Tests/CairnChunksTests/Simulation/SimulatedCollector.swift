import CairnCore
import CairnCrypto

@testable import CairnChunks

/// A collector: proposes packs, perhaps after it has copied what is alive in them, and carries the
/// protocol out.
struct SimulatedCollector: SimulatedParty {
  /// How it decides what the protocol leaves open.
  enum Manner {
    /// At random, more foolishly than any clock would have it.
    case rash
    /// Proposes what is garbage, and closes every session that it would have to wait for.
    case thorough

    func verdict(
      _ open: Set<SessionID>, _ blockers: Set<SessionID>, _ luck: UInt64
    ) -> WaitVerdict {
      let session = open.sorted()[Int(luck >> 8) % open.count]
      switch (self, luck % 8) {
      case (.thorough, _), (.rash, 1): return .close(session)
      case (.rash, 0): return .goOn
      case (.rash, _): return blockers.isEmpty ? .goOn : .lookAgain
      }
    }
  }

  private let manner: Manner
  private let broken: ProtocolRule?
  private var copies: [Set<ChunkID>] = []
  private var proposed: Set<Digest> = []
  private var party: CollectionParty?
  private var interpreter: Interpreter?

  init(_ manner: Manner, breaking broken: ProtocolRule?) {
    self.manner = manner
    self.broken = broken
  }

  mutating func step(_ target: inout SimulatedTarget, _ random: inout SeededRandom) -> Bool {
    if interpreter == nil {
      plan(target, &random)
      interpreter = Interpreter(.collector, breaking: broken, at: target)
      return true
    }
    if let copy = copies.popLast() {
      target.events.copiedPacks += 1
      target.putPack(of: copy)
      return true
    }
    if party == nil {
      party = CollectionParty(GenerationID(bytes: target.newName()), condemning: proposed)
    }
    guard var party, var interpreter else { return false }
    let luck = random.next()
    let manner = manner
    let isDone = interpreter.advance(&party, &target, &random) { open, blockers in
      manner.verdict(open, blockers, luck)
    }
    self.party = party
    self.interpreter = interpreter
    if isDone {
      target.events.neededPacks += party.kept.count
      target.events.postponedPacks += party.postponed.count
    }
    return !isDone
  }

  private mutating func plan(_ target: SimulatedTarget, _ random: inout SeededRandom) {
    var marking = Marking(
      chunks: target.rootChunks, bases: [], present: target.packs, condemned: target.packs,
      condemnedByOthers: [])
    switch manner {
    case .rash where random.next() % 3 == 0:
      // Any packs at all: whether they are needed is for the protocol to find out.
      proposed = Set(target.packs.sorted().filter { _ in random.next() % 2 == 0 })
      return
    case .rash:
      proposed = target.packs.subtracting(target.needed(marking))
    case .thorough:
      marking.condemnedByOthers = target.condemned.values.reduce(into: []) { $0.formUnion($1) }
      proposed = target.packs.subtracting(target.needed(marking))
    }
    // Compaction: what is alive in some packs moves to others.
    let alive = target.reached(from: marking.chunks)
    for pack in target.packs.subtracting(proposed).sorted() {
      let isChosen =
        manner == .rash ? random.next() % 4 == 0 : marking.condemnedByOthers.contains(pack)
      if isChosen {
        proposed.insert(pack)
        copies.append(target.chunks(in: [pack]).intersection(alive))
      }
    }
  }
}
