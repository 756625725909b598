import CairnCrypto

@testable import CairnChunks

/// One course of events, made from a seed: writers, collectors and somebody who forgets roots take
/// their steps in a random order, sleep for any time between two, and die.
struct Schedule {
  private var target = SimulatedTarget()
  private var random: SeededRandom
  private let broken: ProtocolRule?
  private var parties: [Member] = []
  var events: ScheduleEvents { target.events }

  private struct Member {
    var party: any SimulatedParty
    var wakesAt: Int
    /// Whether it has fallen asleep in the midst of things, and not taken a step since.
    var isAsleep = false

    var session: SessionID? { (party as? SimulatedWriter)?.session }
  }

  init(seed: UInt64, breaking broken: ProtocolRule? = nil) {
    random = SeededRandom(seed)
    self.broken = broken
  }

  /// Runs until every party is done, then collects until nothing is left to collect.
  ///
  /// - Returns: what is wrong, if anything.
  mutating func run() -> String? {
    let length = 400
    for _ in 0..<3 + random.next() % 4 {
      let writer = SimulatedWriter(&target, &random, breaking: broken)
      parties.append(Member(party: writer, wakesAt: Int(random.next() % 200)))
    }
    for _ in 0..<1 + random.next() % 3 {
      let collector = SimulatedCollector(.rash, breaking: broken)
      parties.append(Member(party: collector, wakesAt: Int(random.next() % 200)))
    }
    var time = 0
    while !parties.isEmpty, time < length * 2 {
      time += 1
      let awake = parties.indices.filter { parties[$0].wakesAt <= time }
      guard let number = awake.randomElement(using: &random) else { continue }
      let luck = random.next()
      if luck % 64 == 0 { forget() }
      if luck >> 8 % 24 == 0 {
        parties[number].wakesAt = time + Int(random.next() % 150)
        parties[number].isAsleep = true
        target.events.sleeps += 1
        continue
      }
      if parties[number].isAsleep {
        parties[number].isAsleep = false
        if let session = parties[number].session, isRevoked(session) {
          target.events.awakenings += 1
        }
      }
      let isDead = luck >> 16 % 150 == 0
      let before = target.shape
      if isDead { target.events.deaths += 1 }
      if isDead || !parties[number].party.step(&target, &random) {
        parties.remove(at: number)
      }
      if target.shape == before { continue }
      if let loss = target.loss(countingAll: broken == .countOnlyNamed) { return loss }
    }
    return broken == nil ? collectAll() : nil
  }

  private func isRevoked(_ session: SessionID) -> Bool {
    target.announcements.contains(.revoked(session))
  }

  private mutating func forget() {
    guard let root = target.roots.keys.sorted().randomElement(using: &random) else { return }
    target.committed.remove(root)
    target.roots[root] = nil
  }

  /// When all is quiet, everything that nobody needs goes within three collections.
  private mutating func collectAll() -> String? {
    for _ in 0..<3 {
      var collector = SimulatedCollector(.thorough, breaking: nil)
      while collector.step(&target, &random) {
        if let loss = target.loss(countingAll: false) { return "at the end: \(loss)" }
      }
    }
    let marking = Marking(
      chunks: target.rootChunks, bases: [], present: target.packs, condemned: target.packs,
      condemnedByOthers: [])
    let garbage = target.packs.subtracting(target.needed(marking)).count
    if garbage > 0 { return "\(garbage) packs are garbage and stay" }
    if !target.condemned.isEmpty { return "a condemnation stays" }
    if target.sessions.values.contains(where: { $0.isOpen || ($0.hasEnded && !$0.isRevoked) }) {
      return "a session stays"
    }
    return nil
  }
}
