import CairnCore
import CairnCrypto
import Synchronization
import SystemPackage

@testable import CairnChunks

/// One course of events, made from a seed, in which programs of their own use a repository: they write,
/// build on what is there, merge the index, forget, collect and verify, sleep and die between any two
/// operations.
struct RepositorySchedule {
  /// What happened, to see that the schedules are worth something.
  struct Events {
    var commits = 0
    var refusals = 0
    var bases = 0
    var deaths = 0
    var sleeps = 0
    var lags = 0
    var merges = 0
    var verifications = 0
    var collections = 0
    var compactedPacks = 0
    var deletedPacks = 0
    var closedSessions = 0
    var postponedPacks = 0
    var neededPacks = 0
  }

  private struct Ledger {
    /// The roots whose publication succeeded, and which nobody forgot.
    var committed: [Digest: Root] = [:]
    /// Perhaps before their publication was known to have succeeded.
    var forgotten: Set<Digest> = []
    var chunks: [ChunkID: Chunk] = [:]
    var events = Events()
    /// What should never happen to somebody who is alive.
    var problems: [String] = []
  }

  private let seed: UInt64
  private let target: MemoryTarget
  private let turns: Turns
  private let ledger: Mutex<Ledger>.Box
  private let partyCount: Int

  private static let options = SessionOptions(spoolDirectory: "/tmp", workerCount: 1)

  /// A repository with some roots and garbage, and an index that is about to be merged.
  private struct Beginning {
    let target: MemoryTarget
    let roots: [Root]
    let chunks: [ChunkID: Chunk]
  }

  private static let beginning = Task {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    var random = SeededRandom(801)
    let ledger = Mutex<Ledger>.Box(Ledger())
    for _ in 0..<6 {
      let session = try await repository.startSession(options)
      _ = try await publish(in: session, on: [], ledger, &random)
      try await session.end()
    }
    let (roots, chunks) = ledger.value.withLock { ($0.committed, $0.chunks) }
    let kept = roots.values.sorted { $0.id < $1.id }
    try await repository.forget(Array(kept[..<2]))
    return Beginning(target: target, roots: Array(kept[2...]), chunks: chunks)
  }

  init(seed: UInt64) async throws {
    let beginning = try await Self.beginning.value
    self.seed = seed
    target = try beginning.target.copy()
    partyCount = 4 + Int(seed % 3)
    turns = Turns(partyCount, seed: seed)
    var ledger = Ledger()
    ledger.committed = Dictionary(uniqueKeysWithValues: beginning.roots.map { ($0.id, $0) })
    ledger.chunks = beginning.chunks
    self.ledger = Mutex<Ledger>.Box(ledger)
  }

  /// Runs until every party is done, then collects until nothing is left to collect.
  ///
  /// - Returns: what happened, and what is wrong.
  func run() async throws -> (events: Events, problem: String?) {
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<partyCount { group.addTask { await take(part: number) } }
    }
    ledger.value.withLock { $0.events.sleeps = turns.sleeps }
    func outcome(_ problem: String?) -> (events: Events, problem: String?) {
      ledger.value.withLock { ($0.events, $0.problems.first ?? problem) }
    }
    if let problem = try await loss() { return outcome(problem) }
    let collector = try await Repository.open(on: target)
    var options = CollectionOptions(
      maximumUnused: 0, patience: .zero, closesSessionsAfter: .seconds(-3600),
      session: Self.options)
    for _ in 0..<3 { _ = try await collector.collectGarbage(options: options) }
    if let problem = try await loss() { return outcome("at the end: \(problem)") }
    options.closesSessionsAfter = nil
    let plan = try await collector.planCollection(options)
    if !plan.deadPacks.isEmpty || !plan.compactedPacks.isEmpty { return outcome("garbage stays") }
    let report = try await Repository.open(on: target).verify(VerifyOptions(.data))
    if !report.isSound { return outcome("at the end: \(report.problems[0].message)") }
    if report.gonePacks > 0 { return outcome("the index describes packs that are gone") }
    return outcome(nil)
  }

  /// Deletes a pack that a root needs, which ``loss()`` must find out.
  func loseAPack() async throws {
    let repository = try await Repository.open(on: target)
    try await repository.loadIndexOnce()
    let root = ledger.value.withLock { $0.committed.values.min { $0.id < $1.id } }
    guard let root, let place = try repository.loadedIndex.place(of: root.chunk) else { return }
    target.remove(try repository.loadedIndex.pack(place.block.pack).blob)
  }

  /// What of the commits is not there as it was stored, by a fresh look.
  func loss() async throws -> String? {
    let (committed, chunks) = ledger.value.withLock { ($0.committed, $0.chunks) }
    let repository = try await Repository.open(on: target)
    let listed = Set(try await repository.roots().map(\.id))
    for root in committed.values.sorted(by: { $0.id < $1.id }) {
      guard listed.contains(root.id) else { return "a commit is passed over" }
      var pending = [root.chunk]
      var seen = Set(pending)
      while let id = pending.popLast() {
        do {
          let chunk = try await repository.chunk(id)
          guard chunk == chunks[id] else { return "a chunk of a commit has changed" }
          pending += chunk.links.filter { seen.insert($0).inserted }
        } catch {
          return "a commit lost a chunk: \(error)"
        }
      }
    }
    return nil
  }

  // MARK: The parties

  private func take(part number: Int) async {
    await turns.wait(number)
    let view = TurnTarget(target, turns, number)
    var random = SeededRandom(seed &* 31 &+ UInt64(number))
    do {
      let repository = try await Repository.open(on: view)
      switch number {
      case 0, 1, 5: try await write(repository, &random)
      case 2: try await collect(repository, &random)
      case 3 where seed & 1 == 0: try await collect(repository, &random)
      case 3: try await forget(repository, &random)
      default:
        if random.next() % 2 == 0 {
          try await forget(repository, &random)
        } else {
          try await verify(repository, view)
        }
      }
    } catch {
      let isExpected =
        view.isDead || [.revoked, .notFound].contains((error as? ChunkStoreError)?.code)
      ledger.value.withLock {
        if isExpected, !view.isDead { $0.events.refusals += 1 }
        if !isExpected { $0.problems.append("party \(number) failed: \(error)") }
      }
    }
    ledger.value.withLock {
      $0.events.deaths += view.isDead ? 1 : 0
      $0.events.lags += view.lags
      $0.events.deletedPacks += view.deletedPacks
    }
    turns.finish(number)
  }

  private func write(_ repository: Repository, _ random: inout SeededRandom) async throws {
    let session = try await repository.startSession(Self.options)
    let indexBlobs = target.names("index/", after: nil, limit: .max).count
    for _ in 0..<1 + random.next() % 3 {
      var links: [ChunkID] = []
      let roots = try await repository.roots()
      if random.next() % 2 == 0, let base = roots.randomElement(using: &random) {
        do throws(ChunkStoreError) {
          try await session.build(on: base)
          links = [base.chunk]
          ledger.value.withLock { $0.events.bases += 1 }
        } catch {
          // Somebody forgot it.
          guard error.code == .notFound else { throw error }
        }
      }
      try await Self.publish(in: session, on: links, ledger, &random)
    }
    if target.names("index/", after: nil, limit: .max).count < indexBlobs {
      ledger.value.withLock { $0.events.merges += 1 }
    }
    try await session.end()
  }

  /// Stores chunks, some of which others store as well, and publishes them.
  private static func publish(
    in session: WriteSession, on links: [ChunkID], _ ledger: Mutex<Ledger>.Box,
    _ random: inout SeededRandom
  ) async throws {
    var links = links
    func store(_ chunk: Chunk) async throws -> ChunkID {
      let id = try await session.store(chunk)
      ledger.value.withLock { $0.chunks[id] = chunk }
      return id
    }
    for number in 0..<4 where random.next() % 2 == 0 {
      let leaf = try await store(Chunk(data: SeededRandom.bytes(500, seed: UInt64(number))))
      links.append(try await store(Chunk(links: [leaf], data: [UInt8(number)])))
    }
    let top = try await store(Chunk(links: links, data: random.bytes(100)))
    let root = try await session.publish(name: "root", chunk: top)
    ledger.value.withLock {
      if !$0.forgotten.contains(root.id) { $0.committed[root.id] = root }
      $0.events.commits += 1
    }
  }

  private func forget(_ repository: Repository, _ random: inout SeededRandom) async throws {
    for _ in 0..<1 + random.next() % 3 {
      let roots = try await repository.roots()
      guard let root = roots.randomElement(using: &random) else { return }
      ledger.value.withLock {
        $0.committed[root.id] = nil
        $0.forgotten.insert(root.id)
      }
      try await repository.forget([root])
    }
  }

  private func collect(_ repository: Repository, _ random: inout SeededRandom) async throws {
    for _ in 0..<1 + random.next() % 2 {
      // As clocks say that are right, hours late, or hours early.
      let closing: [Duration?] = [nil, .seconds(24 * 3600), .seconds(-3600)]
      let options = CollectionOptions(
        maximumUnused: random.next() % 2 == 0 ? 0 : 1, patience: .zero,
        closesSessionsAfter: closing[Int(random.next() % 3)], session: Self.options)
      do throws(ChunkStoreError) {
        let report = try await repository.collectGarbage(options: options)
        ledger.value.withLock {
          $0.events.collections += 1
          $0.events.compactedPacks += Int(report.compactedPacks)
          $0.events.closedSessions += report.closedSessions.count
          $0.events.postponedPacks += Int(report.postponedPacks)
          $0.events.neededPacks += Int(report.neededPacks)
        }
      } catch {
        // A root was forgotten, and what it led to deleted, between two looks of this collector.
        guard error.code == .missing else { throw error }
      }
    }
  }

  private func verify(_ repository: Repository, _ view: TurnTarget) async throws {
    let report = try await repository.verify(VerifyOptions(.data, workerCount: 1))
    if view.isDead { return }
    ledger.value.withLock {
      $0.events.verifications += 1
      for problem in report.problems { $0.problems.append("a false alarm: \(problem.message)") }
    }
  }
}

extension Mutex {
  /// A mutex that several tasks hold.
  final class Box: Sendable where Value: Sendable {
    let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
  }
}
