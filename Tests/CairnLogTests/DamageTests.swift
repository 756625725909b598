import CairnCore
import CairnTree
import Testing

@testable import CairnLog

/// Damaged, cut and foreign bytes are errors, and never more.
@Suite struct DamageTests {
  /// A log with a few frames, closed well.
  private func log(_ seed: UInt64, count: Int = 700) throws -> (LogPair, [UInt8], [UInt8]) {
    var pair = LogPair(seed: seed, isDeep: false)
    let (entries, index) = (MemoryStorage(), MemoryStorage())
    let log = try Log(
      entries: entries, index: index, LogOptions(flushInterval: nil, flushCount: 150))
    for _ in 0..<count { try pair.change(log) }
    try log.finish()
    return (pair, entries.bytes, index.bytes)
  }

  private func open(
    _ entries: [UInt8], _ index: [UInt8], rebuildsIndex: Bool = false
  ) throws -> Log {
    try Log(
      entries: MemoryStorage(entries), index: MemoryStorage(index),
      LogOptions(flushInterval: nil, rebuildsIndex: rebuildsIndex))
  }

  @Test func aLostIndexIsDerivedAgain() throws {
    let (pair, entries, index) = try log(1)
    let lost = try open(entries, [])
    #expect(lost.recovery.entriesIndexed == pair.model.entries.count)
    try lost.snapshot().check(pair.model)
    let foreign = try open(entries, SeededRandom.bytes(30_000, seed: 2))
    #expect(foreign.recovery.indexWasRebuilt)
    try foreign.snapshot().check(pair.model)
    let wanted = try open(entries, index, rebuildsIndex: true)
    #expect(wanted.recovery.indexWasRebuilt)
    try wanted.snapshot().check(pair.model)
  }

  @Test func theIndexOfAnotherLogIsNotUsed() throws {
    let (pair, entries, _) = try log(3)
    let (_, _, index) = try log(4)
    let log = try open(entries, index)
    #expect(log.recovery.indexWasRebuilt)
    try log.snapshot().check(pair.model)
  }

  @Test func aCutEndIsCutOffAtAFrame() throws {
    let (pair, entries, _) = try log(5)
    var random = SeededRandom(5)
    for _ in 0..<(runsLongTests ? 400 : 25) {
      let length = 64 + Int(random.next() % UInt64(entries.count - 64))
      let log = try open(Array(entries[..<length]), [])
      let snapshot = try log.snapshot()
      #expect(snapshot.byteCount + log.recovery.bytesCut == Int64(length))
      #expect(snapshot.count <= pair.model.entries.count)
      for id in 0..<snapshot.count where !pair.model.entries[id].isNode {
        #expect(
          try snapshot.entry(EntryID(UInt32(id))).text == pair.model.entries[id].text)
      }
    }
  }

  @Test func verifyingFindsWhatIsWrong() throws {
    let (pair, entries, index) = try log(9, count: 600)
    let sound = try open(entries, index).verify()
    #expect(sound.problems == [])
    #expect(sound.entries == pair.model.entries.count)
    #expect(sound.bytes + 64 == Int64(entries.count))
    // Damage in the middle, which the index covers.
    var damaged = entries
    damaged[entries.count / 2] ^= 1
    #expect(try !open(damaged, index).verify().isSound)
    // An index that is whole, but says something else.
    let storage = MemoryStorage(index)
    do {
      let store = try TreeStore(on: storage)
      let writing = try store.beginWriting()
      let nodes = try writing.tree(IndexTree.nodes)
      let id = try #require(pair.model.entries.firstIndex { $0.isNode && !$0.children.isEmpty })
      var head = NodeHead()
      head.worst = .critical
      var value: [UInt8] = []
      head.encode(into: &value)
      try withKey(nodePart(NodeKey(id: UInt32(id)), 0)) { (key) throws(TreeError) in
        _ = try nodes.put(key, value.span.bytes)
      }
      try writing.commit(.checkpoint)
    }
    let report = try Log(
      entries: MemoryStorage(entries), index: storage, LogOptions(isReadOnly: true)
    ).verify()
    #expect(!report.isSound)
  }

  /// Asks for everything; whatever is found, it ends with an error or without.
  private func readAll(_ log: Log) throws {
    let snapshot = try log.snapshot()
    try snapshot.forEachEntry { _ in true }
    for id in 0..<snapshot.count {
      let id = EntryID(UInt32(id))
      let count = try snapshot.childCount(of: id)
      if count > 0 { _ = try snapshot.child(count - 1, of: id) }
      _ = try snapshot.parent(of: id)
    }
    let view = LogView(snapshot)
    view.expandAll()
    _ = try view.rows(in: 0..<snapshot.count)
    try view.filter(.warning)
    _ = try view.rows(in: 0..<100)
    _ = try snapshot.nextEntry(after: nil, severity: .critical)
  }

  /// What is read of damaged files is an error, or as it was before; only what is behind a frame that
  /// is damaged may be missing, and then the log says so. Then it goes on.
  private func isErrorOrAsBefore(
    _ pair: LogPair, _ entries: [UInt8], _ index: [UInt8], _ what: String
  ) throws {
    let storage = (MemoryStorage(entries), MemoryStorage(index))
    do {
      let reader = try Log(
        entries: storage.0, index: storage.1, LogOptions(isReadOnly: true, cacheBytes: 0))
      try check(pair.model, reader.snapshot(), what)
    } catch let error as LogError {
      #expect(Self.damage.contains(error.code), "\(what): \(error)")
    }
    do {
      let log = try Log(
        entries: storage.0, index: storage.1, LogOptions(flushInterval: nil, cacheBytes: 0))
      let snapshot = try log.snapshot()
      try check(pair.model, snapshot, what)
      if log.recovery.bytesCut == 0, entries.count > 64 {
        #expect(snapshot.count == pair.model.entries.count, "\(what)")
      }
      try readAll(log)
      let id = try log.append("after", .error, under: log.openEntries.last)
      try log.flush()
      #expect(try log.snapshot().entry(id).text == "after", "\(what)")
      try log.finish()
    } catch let error as LogError {
      #expect(Self.damage.contains(error.code), "\(what): \(error)")
    }
  }

  private static let damage: [LogError.Code] = [.damaged, .index, .notALog, .newerFormat]

  /// Compares what a log has, which may be its beginning only.
  private func check(_ model: OutlineModel, _ snapshot: LogSnapshot, _ what: String) throws {
    var found: [String] = []
    var wanted: [String] = []
    let view = LogView(snapshot)
    view.expandAll()
    for row in try view.rows(in: 0..<snapshot.count + 1) {
      found.append("\(row.entry.id) \(row.depth) \(row.entry.time)")
    }
    for (id, depth) in model.outline() where id < snapshot.count {
      wanted.append("\(id) \(depth) \(model.entries[id].time)")
    }
    #expect(found == wanted, "\(what)")
    for id in 0..<snapshot.count {
      let entry = try snapshot.entry(EntryID(UInt32(id)))
      #expect(model.entries[id].texts.contains(entry.text), "\(what): entry \(id)")
    }
  }

  /// A log of a few frames, a part of whose bits, or lengths, each call looks at.
  private static let parts = 16

  /// - Returns: the numbers below `count` that one part looks at: all of them in long tests.
  private func sample(_ count: Int, part: Int, of step: Int) -> StrideTo<Int> {
    runsLongTests
      ? stride(from: part, to: count, by: Self.parts)
      : stride(from: part * step, to: count, by: step * Self.parts)
  }

  @Test(arguments: 0..<parts)
  func aFlippedBitIsFoundOrWithoutConsequence(_ part: Int) throws {
    let (pair, entries, index) = try log(6, count: 60)
    for bit in sample(entries.count * 8, part: part, of: 997) {
      var damaged = entries
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      // With an index that covers everything, and without one.
      try isErrorOrAsBefore(pair, damaged, index, "bit \(bit) of the entries")
      try isErrorOrAsBefore(pair, damaged, [], "bit \(bit) of the entries, no index")
    }
    for bit in sample(index.count * 8, part: part, of: 16_381) {
      var damaged = index
      damaged[bit / 8] ^= 1 << UInt8(bit % 8)
      try isErrorOrAsBefore(pair, entries, damaged, "bit \(bit) of the index")
    }
  }

  @Test(arguments: 0..<parts)
  func aCutFileIsFoundOrWithoutConsequence(_ part: Int) throws {
    let (pair, entries, index) = try log(10, count: 60)
    for length in sample(entries.count, part: part, of: 199) {
      try isErrorOrAsBefore(
        pair, Array(entries[..<length]), index, "entries of \(length) bytes")
    }
    for length in sample(index.count, part: part, of: 2039) {
      try isErrorOrAsBefore(pair, entries, Array(index[..<length]), "index of \(length) bytes")
    }
  }

  /// Frames whose checksums are right, but whose records are not.
  @Test func hostileFramesAreErrors() throws {
    let (_, entries, _) = try log(7, count: 60)
    var random = SeededRandom(7)
    let header = try #require(try LogHeader(Array(entries[..<64])))
    for _ in 0..<(runsLongTests ? 20_000 : 80) {
      var damaged = entries
      for _ in 0..<1 + random.next() % 4 {
        damaged[72 + Int(random.next() % UInt64(entries.count - 72))] = UInt8(
          truncatingIfNeeded: random.next() >> (random.next() % 8))
      }
      var size = Int(damaged[76]) | Int(damaged[77]) << 8 | Int(damaged[78]) << 16
      size = min(size, damaged.count - 64) / 32 * 32
      guard size >= 64 else { continue }
      let checksum = damaged[64..<64 + size].withUnsafeBytes {
        BlockChecksum.of($0.baseAddress!, size, seed: header.seed(at: 64))
      }
      withUnsafeBytes(of: checksum.littleEndian) { damaged.replaceSubrange(64..<72, with: $0) }
      do {
        try readAll(try open(damaged, []))
      } catch let error as LogError {
        #expect([.damaged, .index].contains(error.code), "\(error)")
      }
    }
  }

  @Test func somethingElseIsNotALog() throws {
    let error = #expect(throws: LogError.self) {
      try open(Array("A file of somebody else's that nobody wants to lose.".utf8), [])
    }
    #expect(error?.code == .notALog)
    let (_, entries, _) = try log(8, count: 5)
    var newer = entries
    newer[16] = 2
    #expect(throws: LogError.self) { try open(newer, []) }
  }
}
