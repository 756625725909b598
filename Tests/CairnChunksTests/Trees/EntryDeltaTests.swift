import CairnCore
import CairnCrypto
import Foundation
import Testing

@testable import CairnChunks

/// Trees of which nodes are stored as deltas, against the entries that they must have.
@Suite struct EntryDeltaTests {
  /// Nodes of some sixty entries, so that there is something to be saved.
  private static let layout = RepositoryLayout(
    chunker: RepositoryLayout.small.chunker, blockSize: 16 << 10, packSize: 256 << 10,
    nodeSize: 4 << 10)!

  private static func makeSession() async throws -> WriteSession {
    try await Repository.create(
      on: MemoryTarget(), for: [owner.recipient], layout: layout
    ).startSession(.test)
  }

  /// Chunks for entries to refer to.
  private static func links(_ session: WriteSession) async throws -> [ChunkID] {
    var ids: [ChunkID] = []
    for number in 0..<20 {
      ids.append(try await session.store(Chunk(data: [UInt8(number), 77])))
    }
    return ids
  }

  /// The model's entries, every other one with links.
  private static func model(
    count: Int, seed: UInt64, _ links: [ChunkID]
  ) -> [Entry] {
    var random = SeededRandom(seed &+ 1)
    return EntryModel.random(count: count, seed: seed).entries.map { entry in
      var entry = entry
      if random.next() % 2 == 0 {
        entry.links = (0..<random.next() % 3).map { _ in links.randomElement(using: &random)! }
      }
      return entry
    }
  }

  /// A few changes at random places, in order.
  private static func changes(
    _ entries: [Entry], _ random: inout SeededRandom, _ links: [ChunkID]
  ) -> [EntryEdit] {
    var edits: [[UInt8]: EntryEdit] = [:]
    for _ in 0..<1 + random.next() % 4 {
      guard let entry = entries.randomElement(using: &random) else { break }
      switch random.next() % 4 {
      case 0: edits[entry.key] = .remove(entry.key)
      case 1:
        let key = entry.key + random.bytes(1)
        edits[key] = .set(Entry(key: key, value: random.bytes(20), weight: 5))
      default:
        edits[entry.key] = .set(
          Entry(
            key: entry.key, value: random.bytes(30), links: [links.randomElement(using: &random)!],
            weight: random.next() % 1000))
      }
    }
    return edits.values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
  }

  private static func apply(_ edits: [EntryEdit], to entries: [Entry]) -> [Entry] {
    var found = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0) })
    for edit in edits {
      if case .set(let entry) = edit { found[entry.key] = entry } else { found[edit.key] = nil }
    }
    return found.values.sorted { $0.key.lexicographicallyPrecedes($1.key) }
  }

  /// A delta of a tree, with what it is put together from.
  private struct Delta {
    let level: Int
    let size: Int
    let node: EntryNodeBytes
    let base: EntryNodeBytes
  }

  /// The deltas among a tree's nodes.
  private static func deltas(
    of tree: EntryTree, _ chunks: ChunkReader
  ) throws(ChunkStoreError) -> [Delta] {
    var found: [Delta] = []
    var pending = tree.count > 0 ? [(tree.root, tree.height)] : []
    while let (id, level) = pending.popLast() {
      let stored = try chunks.withChunk(id) { $0.entryNodeBytes }
      let (node, baseID) = try chunks.withEntryNode(id, level: level) {
        (EntryNodeBytes(data: Array($0), links: Array($1)), $2)
      }
      if let baseID {
        let base = try chunks.withChunk(baseID) { $0.entryNodeBytes }
        found.append(
          Delta(
            level: level, size: stored.data.count + stored.links.count, node: node, base: base))
      }
      guard level > 0 else { continue }
      for start in stride(from: 0, to: node.links.count, by: ChunkID.byteCount) {
        let link = node.links.span.bytes.extracting(start..<start + ChunkID.byteCount)
        pending.append((ChunkID(Digest(bytes: link)), level - 1))
      }
    }
    return found
  }

  /// The weight of what the base has with links and the node has not.
  private static func unreachableWeight(_ delta: Delta) throws(ChunkStoreError) -> UInt64 {
    func records(_ bytes: EntryNodeBytes) throws(ChunkStoreError) -> [[UInt8]: (UInt64, [[UInt8]])]
    {
      var found: [[UInt8]: (UInt64, [[UInt8]])] = [:]
      var reader = try EntryRecordReader(bytes, tag: EntryNode.tag, level: delta.level)
      var key: [UInt8] = []
      for _ in 0..<(try reader.readNumber(upTo: .max)) {
        try reader.readRecord(after: &key)
        found[key] = (
          reader.weight, [Array(bytes.data[reader.body]), Array(bytes.links[reader.links])]
        )
      }
      return found
    }
    let node = try records(delta.node)
    return try records(delta.base).reduce(0) { sum, record in
      let isKept = node[record.key]?.1 == record.value.1
      return isKept || record.value.1[1].isEmpty ? sum : sum + record.value.0
    }
  }

  static let policies: [DeltaPolicy] = [
    .none, .leaves(unreachableWeight: 0), .leaves(unreachableWeight: 2000), .all,
  ]

  @Test(arguments: policies, UInt64(0)..<4)
  func aHistoryOfEditsHasItsEntries(policy: DeltaPolicy, seed: UInt64) async throws {
    let session = try await Self.makeSession()
    let links = try await Self.links(session)
    let start = Self.model(count: 700, seed: seed &* 17, links)
    let deltaCount = try await session.withBlockingSession { session in
      var random = SeededRandom(seed)
      var entries = start
      var tree = try session.store(sortedEntries: entries)
      var deltaCount = 0
      for step in 0..<30 {
        let old = (tree, entries)
        let edits = Self.changes(entries, &random, links)
        tree = try session.edit(tree, edits, deltas: policy)
        entries = Self.apply(edits, to: entries)
        #expect(tree.count == UInt64(entries.count), "seed \(seed), step \(step)")
        guard step % 10 == 9 else { continue }
        try Self.check(tree, entries, from: old, session, "seed \(seed), step \(step)")
        let deltas = try Self.deltas(of: tree, session.chunks)
        deltaCount += deltas.count
        for delta in deltas {
          #expect(delta.base.data.first == EntryNode.tag)
          #expect(delta.size <= (delta.node.data.count + delta.node.links.count) / 4)
          guard case .leaves(let limit) = policy else { continue }
          #expect(delta.level == 0)
          #expect(try Self.unreachableWeight(delta) <= limit, "seed \(seed), step \(step)")
        }
      }
      return deltaCount
    }
    #expect((deltaCount == 0) == (policy == .none), "\(deltaCount) deltas")
  }

  /// Whether a tree has its entries, whoever asks, and differs from the one before as it should.
  private static func check(
    _ tree: EntryTree, _ entries: [Entry], from old: (tree: EntryTree, entries: [Entry]),
    _ session: BlockingSession, _ what: Comment
  ) throws {
    var read: [Entry] = []
    try session.forEachEntry(of: tree) { entry in
      read.append(entry.entry)
      return true
    }
    #expect(read == entries, what)
    let cursor = try EntryCursor(tree, session.chunks)
    for rank in stride(from: 0, to: entries.count, by: 97) {
      try cursor.seek(toRank: UInt64(rank))
      #expect(cursor.entry == entries[rank], what)
      try cursor.seek(toKey: entries[rank].key)
      #expect(cursor.rank == UInt64(rank), what)
    }
    let before = Dictionary(uniqueKeysWithValues: old.entries.map { ($0.key, $0) })
    let after = Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0) })
    var changed: Set<[UInt8]> = []
    try session.forEachDifference(from: old.tree, to: tree) { old, new in
      let key = (old ?? new)!.key
      #expect(old == before[key] && new == after[key] && old != new, what)
      changed.insert(key)
    }
    let expected = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
    #expect(changed == expected, what)
  }

  /// A run that finds everything as it was stores nothing, and makes the same tree, of which some
  /// nodes are deltas.
  @Test func aRevisionWithoutChangesIsTheSameTree() async throws {
    let session = try await Self.makeSession()
    let links = try await Self.links(session)
    let entries = Self.model(count: 1500, seed: 5, links)
    let first = try await session.store(sortedEntries: entries)
    var changed = entries
    for place in stride(from: 3, to: entries.count, by: 150) {
      changed[place].value = [1]
      changed[place].links = []
    }
    let second = try await Self.revise(first, changed, session)
    #expect(second.root != first.root)
    #expect(second == (try await Self.revise(second, changed, session)))
    #expect(try await session.repository.entries(of: second) == changed)
    // What a delta's base has is not reached through another tree: both ways back are whole.
    #expect(first == (try await Self.revise(second, entries, session)))
  }

  /// Builds a tree of the entries with a builder that has an older one, as a backup does.
  private static func revise(
    _ tree: EntryTree, _ entries: [Entry], _ session: WriteSession
  ) async throws -> EntryTree {
    try await session.flush()
    let core = session.core
    let revised = try await core.workers.run { () throws(ChunkStoreError) -> EntryTree in
      let builder = EntryTreeBuilder(
        nodeSize: core.repository.layout.nodeSize, revising: tree, .leaves(unreachableWeight: 9999),
        ChunkReader(core.repository))
      return try core.withLane { (lane) throws(ChunkStoreError) in
        for entry in entries { try builder.append(entry, lane) }
        return try builder.finish(lane)
      }
    }
    try await session.flush()
    return revised
  }

  /// One change in each of a hundred folders costs little more than the changes.
  @Test func changesCostLittleMoreThanThemselves() async throws {
    let session = try await Self.makeSession()
    var random = SeededRandom(12)
    let entries = (0..<10_000).map { number in
      Entry("file \(100_000 + number)", "\(number)" + String(repeating: "x", count: 90))
    }
    let tree = try await session.store(sortedEntries: entries)
    try await session.flush()
    var changed = entries
    for place in stride(from: 50, to: entries.count, by: 100) {
      changed[place].value = random.bytes(100)
    }
    let before = session.statistics.newBytes
    let edits = zip(entries, changed).compactMap { $0 == $1 ? nil : EntryEdit.set($1) }
    let whole = try await session.withBlockingSession { try $0.edit(tree, edits) }
    let wholeBytes = session.statistics.newBytes - before
    let revised = try await Self.revise(tree, changed, session)
    let deltaBytes = session.statistics.newBytes - before - wholeBytes
    #expect(whole == revised)
    #expect(deltaBytes == 0, "what is stored whole is not stored again as a delta")

    let other = try await Self.makeSession()
    let first = try await other.store(sortedEntries: entries)
    try await other.flush()
    let start = other.statistics.newBytes
    _ = try await Self.revise(first, changed, other)
    let cost = other.statistics.newBytes - start
    #expect(cost < wholeBytes / 3, "\(cost) bytes instead of \(wholeBytes)")
  }

  /// A base that nobody can read any more does not keep a new tree from being stored.
  @Test func aLostBaseIsDoneWithout() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.create(
      on: target, for: [owner.recipient], layout: Self.layout)
    let session = try await repository.startSession(.test)
    let entries = EntryModel.random(count: 600, seed: 8).entries
    let tree = try await session.store(sortedEntries: entries)
    try await session.publish(name: "first", chunk: tree.root)
    for blob in try await target.list("packs/", after: nil, limit: 1000) {
      try await target.delete(blob.name)
    }
    let next = try await repository.reopened().startSession(.test)
    var changed = entries
    changed[300].value = [9]
    let revised = try await Self.revise(tree, changed, next)
    #expect(revised.count == tree.count)
  }

  // MARK: Bad deltas

  private static let base = leafOf((0..<5).map { ("k\($0)", "v") })

  /// A leaf without links, its keys sharing what they can.
  private static func leafOf(_ entries: [(key: String, value: String)]) -> EntryNodeBytes {
    var last = ""
    let records = entries.map { key, value in
      let shared = key.commonPrefix(with: last).utf8.count
      last = key
      return LeafRecord(shared: shared, rest: String(key.dropFirst(shared)), value: value)
    }
    return EntryNodeBytes(data: leaf(records), links: [])
  }

  private static func delta(
    tag: UInt8 = UInt8(ascii: "D"), level: UInt8 = 0, count: Int, _ runs: [UInt64],
    _ tail: [UInt8] = []
  ) -> EntryNodeBytes {
    var writer = BinaryWriter()
    writer.append(tag)
    writer.append(level)
    writer.append(varint: count)
    for number in runs { writer.append(varint: number) }
    writer.append(tail)
    return EntryNodeBytes(data: writer.bytes, links: [UInt8](repeating: 7, count: 32))
  }

  @Test func deltasThatMakeNoSenseAreErrors() throws {
    let sound = try EntryNodeDelta.apply(
      Self.delta(count: 3, [1, 1, 0, 2, 0, 0]), to: Self.base, level: 0)
    #expect(sound == Self.leafOf([("k0", "v"), ("k2", "v"), ("k3", "v")]))
    let bad: [EntryNodeBytes] = [
      Self.delta(count: 6, [5, 0, 0]), Self.delta(count: 6, [6, 0, 0]),
      Self.delta(count: 5, [5, 1, 0]), Self.delta(count: 1, [0, 6, 0, 1, 0, 0]),
      Self.delta(count: 1, [0, 1, 0, 0, 1, 0, 0, 1, 0]), Self.delta(count: 1, [0, 0, 2]),
      Self.delta(count: 1, [0, 0, 1]), Self.delta(count: 1, [1, 0, 0], [0]),
      Self.delta(count: .max, [5, 0, 0]), Self.delta(count: 1, []),
      Self.delta(level: 1, count: 1, [1, 0, 0]), Self.delta(tag: 0, count: 1, [1, 0, 0]),
      Self.delta(count: 1, [0, 0, 1, 1, 1], Array("a".utf8)),
      EntryNodeBytes(data: Self.delta(count: 1, [1, 0, 0]).data, links: []),
      EntryNodeBytes(
        data: Self.delta(count: 1, [1, 0, 0]).data, links: [UInt8](repeating: 7, count: 64)),
    ]
    for (number, delta) in bad.enumerated() {
      #expect(throws: ChunkStoreError.self, "\(number)") {
        try EntryNodeDelta.apply(delta, to: Self.base, level: 0)
      }
    }
  }

  @Test func damagedDeltasAreErrorsOrOtherNodes() async throws {
    var entries = (0..<40).map { (key: "key \(100 + $0)", value: "value \($0)") }
    let base = Self.leafOf(entries)
    entries[20].value = "changed"
    entries.remove(at: 30)
    let node = Self.leafOf(entries)
    let delta = try #require(
      try EntryNodeDelta.make(of: node, from: FixedSecrets.id(1), base, level: 0, .all))
    try Golden.check("entry-delta.bin", delta.data)
    let stored = EntryNodeBytes(data: try Golden.read("entry-delta.bin"), links: delta.links)
    #expect(try EntryNodeDelta.apply(stored, to: base, level: 0) == node)
    for damaged in Damage.truncations(of: delta.data) + [delta.data + [0]] {
      #expect(throws: ChunkStoreError.self) {
        try EntryNodeDelta.apply(
          EntryNodeBytes(data: damaged, links: delta.links), to: base, level: 0)
      }
    }
    for damaged in Damage.flips(of: delta.data) {
      // Some say the same in another way: "two, and one more" for "three".
      _ = try? EntryNodeDelta.apply(
        EntryNodeBytes(data: damaged, links: delta.links), to: base, level: 0)
    }
  }

  /// A delta whose base is a delta, or is not there, as somebody with the keys might write it.
  @Test func deltasOfWhatIsNoWholeNodeAreErrors() async throws {
    let session = try await Self.makeSession()
    let base = try await session.store(Chunk(data: Self.base.data))
    let data = Self.delta(count: 5, [5, 0, 0]).data
    let delta = try await session.store(Chunk(links: [base], data: data))
    let deltaOfDelta = try await session.store(Chunk(links: [delta], data: data))
    let alone = try await session.store(Chunk(data: data))
    try await session.flush()
    func tree(_ root: ChunkID) -> EntryTree {
      EntryTree(root: root, height: 0, count: 5, weight: 5)
    }
    #expect(try await session.repository.entries(of: tree(delta)).count == 5)
    for root in [deltaOfDelta, alone] {
      let error = await #expect(throws: ChunkStoreError.self) {
        try await session.repository.entries(of: tree(root))
      }
      #expect(error?.code == .damaged)
    }
  }
}
