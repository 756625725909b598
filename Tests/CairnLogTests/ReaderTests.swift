import CairnTestKit
import CairnTree
import Testing

@testable import CairnLog

/// Those who read beside one who writes, each with storages of his own on the same disks.
@Suite struct ReaderTests {
  /// The disks of a log, as several processes have them open.
  private struct Disks {
    let entries = SimulatedStorage()
    let index = SimulatedStorage()

    func writer(_ options: LogOptions = ReaderTests.options) throws -> Writer {
      let (entries, index) = (entries.openedAgain(), index.openedAgain())
      return Writer(
        log: try Log(entries: entries, index: index, options), entries: entries, index: index)
    }

    func reader() throws -> Log {
      try Log(
        entries: entries.openedAgain(readOnly: true), index: index.openedAgain(readOnly: true),
        LogOptions(isReadOnly: true))
    }
  }

  private struct Writer {
    let log: Log
    let entries: SimulatedStorage
    let index: SimulatedStorage

    func kill() {
      entries.kill()
      index.kill()
    }
  }

  private static let options = LogOptions(
    flushInterval: nil, flushCount: 97, checkpointBytes: 20_000)

  /// All that was flushed, and what of the rest is in whole frames.
  private static func state(_ states: [OutlineModel], _ log: Log) throws -> OutlineModel? {
    let snapshot = try log.snapshot()
    let candidates = states.filter { $0.entries.count == snapshot.count }
    for model in candidates where try snapshot.isAsIn(model) { return model }
    return nil
  }

  @Test(arguments: ModelTests.seeds)
  func readersSeeWhatIsFlushed(_ seed: UInt64) throws {
    let disks = Disks()
    var pair = LogPair(seed: seed, isDeep: seed % 2 == 0)
    var writer = try disks.writer()
    try writer.log.flush()
    let reader = try disks.reader()
    let view = LogView(try reader.snapshot())
    var rows = 0
    for round in 0..<(runsLongTests ? 60 : 14) {
      for _ in 0..<pair.number(150) { try pair.change(writer.log) }
      try pair.number(4) == 0 ? writer.log.synchronize() : writer.log.flush()
      try reader.snapshot().check(pair.model)
      #expect(try Self.state([pair.model], disks.reader()) != nil, "seed \(seed) \(round)")
      let update = try view.update(to: reader.snapshot())
      var shown = view.snapshot.count == 0 ? 0 : try view.rowCount
      for change in update.insertions ?? [] { shown -= change.inserted }
      #expect(shown == rows, "the changes do not explain the rows; seed \(seed), round \(round)")
      let ids = pair.model.entries.indices
      if pair.number(3) == 0, let id = ids.randomElement(using: &pair.random) {
        try view.toggle(EntryID(UInt32(id)))
      }
      rows = try view.rowCount
      guard pair.number(3) == 0 else { continue }
      writer.kill()
      try reader.snapshot().check(pair.model)
      try view.update(to: reader.snapshot()).insertions.map { #expect($0 == []) }
      writer = try disks.writer()
      try reader.snapshot().check(pair.model)
    }
    let report = try reader.verify()
    #expect(report.problems == [])
  }

  @Test func whatWasNotFlushedIsCutOff() throws {
    let disks = Disks()
    var pair = LogPair(seed: 11, isDeep: false)
    let options = LogOptions(flushInterval: nil, flushCount: .max)
    var writer = try disks.writer(options)
    for _ in 0..<200 { try pair.change(writer.log) }
    try writer.log.flush()
    let flushed = pair.model
    var states = [flushed]
    for _ in 0..<200 {
      try pair.change(writer.log)
      states.append(pair.model)
    }
    writer.kill()
    let reader = try disks.reader()
    let before = try #require(try Self.state(states, reader))
    writer = try disks.writer(options)
    let after = try #require(try Self.state([before], reader))
    #expect(after.entries.count >= flushed.entries.count)
  }

  @Test func anIndexThatIsMissingOrDamagedIsDoneWithout() throws {
    let (entries, index) = (MemoryStorage(), MemoryStorage())
    var pair = LogPair(seed: 5, isDeep: true)
    let log = try Log(entries: entries, index: index, Self.options)
    for _ in 0..<500 { try pair.change(log) }
    try log.finish()
    let reading = LogOptions(isReadOnly: true)
    var damaged = index.bytes
    damaged.replaceSubrange(0..<damaged.count, with: SeededRandom.bytes(damaged.count, seed: 1))
    for bytes in [[], damaged, Array(index.bytes.prefix(9000))] {
      let left = MemoryStorage(bytes)
      let reader = try Log(entries: MemoryStorage(entries.bytes), index: left, reading)
      try reader.snapshot().check(pair.model)
      // Nothing is written, and what is wrong is told: that there is no index is not.
      #expect(left.bytes == bytes)
      #expect(try reader.verify().isSound == bytes.isEmpty)
      let view = LogView(try reader.snapshot())
      view.expandAll()
      #expect(try view.rowCount == pair.model.entries.count)
    }
  }

  @Test func oneAtATimeWrites() throws {
    let disks = Disks()
    let writer = try disks.writer()
    let error = #expect(throws: LogError.self) { try disks.writer() }
    #expect(error?.code == .busy)
    #expect(try WriterLock.isHeld(disks.entries))
    writer.kill()
    #expect(try !WriterLock.isHeld(disks.entries))
    _ = try disks.writer()
  }

  @Test func aSnapshotOutlivesItsWriter() throws {
    let disks = Disks()
    var writer = try disks.writer()
    let parent = try writer.log.open("parent")
    for number in 0..<300 { try writer.log.append("entry \(number)", under: parent) }
    try writer.log.flush()
    let reader = try disks.reader()
    let kept = try reader.snapshot()
    writer.kill()
    let replayed = try reader.snapshot()
    writer = try disks.writer()
    for _ in 0..<20 {
      for number in 0..<200 { try writer.log.append("later \(number)", under: parent) }
      try writer.log.synchronize()
    }
    for snapshot in [kept, replayed] {
      #expect(try snapshot.childCount(of: parent) == 300)
      for number in 0..<300 {
        let id = try snapshot.child(number, of: parent)
        #expect(try snapshot.entry(id).text == "entry \(number)")
      }
    }
    #expect(try reader.snapshot().childCount(of: parent) == 4300)
  }
}

extension LogSnapshot {
  /// Whether all entries are the model's.
  fileprivate func isAsIn(_ model: OutlineModel) throws -> Bool {
    for (number, expected) in model.entries.enumerated() {
      let entry = try entry(EntryID(UInt32(number)))
      guard entry.text == expected.text, entry.isOpen == expected.isOpen,
        entry.parent?.number == expected.parent.map({ UInt32($0) }),
        entry.result?.text == expected.result
      else { return false }
    }
    return true
  }
}
