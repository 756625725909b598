import CairnCore
import CairnCrypto

@testable import CairnChunks

/// Somebody who takes one step at a time, with any delay between two.
protocol SimulatedParty {
  /// Takes one step, in which one operation on the target takes effect.
  ///
  /// - Returns: whether there are more.
  mutating func step(_ target: inout SimulatedTarget, _ random: inout SeededRandom) -> Bool
}

/// A writer: opens a session, perhaps builds on a root, stores what is not known, publishes, ends.
struct SimulatedWriter: SimulatedParty {
  private enum Phase {
    case opening, choosingBase, basing, storing, publishing, confirming, ending
  }

  var session: SessionID { opening.session }
  private var phase = Phase.opening
  private var opening: SessionOpening
  private var base: SessionBase?
  private var publication: SessionPublication
  private var interpreter: Interpreter
  private var known: Set<ChunkID> = []
  private var borrowed: [ChunkID] = []
  /// What is to be stored before the next publication, in packs.
  private var unstored: [Set<ChunkID>] = []
  private var rootChunk: ChunkID?
  private var root: RootReference?
  private var publicationsLeft: Int
  private var hasEnded = false
  private let broken: ProtocolRule?

  init(
    _ target: inout SimulatedTarget, _ random: inout SeededRandom, breaking broken: ProtocolRule?
  ) {
    let session = SessionID(bytes: target.newName())
    opening = SessionOpening(session)
    publication = SessionPublication(session)
    interpreter = Interpreter(.session, breaking: broken, at: target)
    publicationsLeft = 1 + Int(random.next() % 2)
    self.broken = broken
  }

  mutating func step(_ target: inout SimulatedTarget, _ random: inout SeededRandom) -> Bool {
    switch phase {
    case .opening:
      guard interpreter.advance(&opening, &target, &random) else { return true }
      known = target.chunks(in: opening.present.subtracting(opening.condemned))
      if random.next() % 2 == 0 {
        phase = .choosingBase
      } else {
        plan(&target, &random)
      }
    case .choosingBase:
      let sessions = target.sessions
      let roots = target.roots.values.filter { sessions[$0.session]?.counts($0.id) != false }
      if let root = roots.sorted(by: { $0.id < $1.id }).randomElement(using: &random) {
        base = SessionBase(root, of: opening.session)
        borrowed = target.links[root.chunk] ?? []
        phase = .basing
      } else {
        plan(&target, &random)
      }
    case .basing:
      guard var party = base else { return false }
      defer { base = party }
      guard interpreter.advance(&party, &target, &random) else { return true }
      if party.isUsable { target.events.bases += 1 } else { borrowed = [] }
      plan(&target, &random)
    case .storing:
      if let chunks = unstored.popLast() {
        target.putPack(of: chunks)
      } else {
        phase = broken == .endLast ? .ending : .publishing
      }
    case .publishing:
      guard let chunk = rootChunk else { return false }
      let root = RootReference(id: target.newDigest(), session: opening.session, chunk: chunk)
      target.roots[root.id] = root
      self.root = root
      publication = SessionPublication(opening.session)
      phase = .confirming
    case .confirming:
      guard interpreter.advance(&publication, &target, &random) else { return true }
      guard publication.isCertain || broken == .lookForRevocation else {
        target.events.refusals += 1
        return false
      }
      if let root, target.roots[root.id] != nil { target.committed.insert(root.id) }
      target.events.commits += 1
      publicationsLeft -= 1
      if publicationsLeft == 0 {
        if hasEnded { return false }
        phase = .ending
      } else {
        plan(&target, &random)
      }
    case .ending:
      target.announcements.insert(.ended(opening.session))
      hasEnded = true
      if broken != .endLast { return false }
      phase = .publishing
    }
    return true
  }

  /// Chooses what the next root leads to: nodes that are built from their leaves up, what is borrowed
  /// from the base, and a chunk of its own.
  private mutating func plan(_ target: inout SimulatedTarget, _ random: inout SeededRandom) {
    phase = .storing
    let nodes = SimulatedTarget.nodes
    let chosen = nodes.filter { _ in random.next() % 3 == 0 }
    var chunks: Set<ChunkID> = []
    for node in chosen { chunks.formUnion(target.reached(from: [node])) }
    let own = ChunkID(target.newDigest())
    target.links[own] = chosen + borrowed
    rootChunk = own
    let new = chunks.subtracting(known)
    known.formUnion(new)
    unstored = [new.union([own])]
    if new.count > 1 { unstored = [[own], new] }
  }
}

extension SimulatedTarget {
  /// Content that every writer may have: leaves, and nodes that link to some of them.
  static let leaves = (1...5).map { ChunkID(Digest(bytes: [UInt64($0), 1, 1, 1].span.bytes)) }
  static let nodes = (1...4).map { ChunkID(Digest(bytes: [UInt64($0), 2, 2, 2].span.bytes)) }

  static let contentLinks = Dictionary(
    uniqueKeysWithValues: nodes.enumerated().map { number, node in
      (node, [leaves[number], leaves[(number + 1) % leaves.count]])
    })
}
