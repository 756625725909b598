import CairnTree
import Foundation
import Testing

@testable import CairnLog

/// A log of version 1, entries and index, that was written once and for all: every later version
/// reads it, and goes on with it.
@Suite struct GoldenFileTests {
  /// Some of everything: all kinds of records and fields, several frames, lists of children in their
  /// head and in parts, open entries, and both checkpoints of the index.
  private static func write(_ log: Log) throws -> OutlineModel {
    var model = OutlineModel()
    var time: Int64 = 1_700_000_000_000_000_000
    func append(_ text: String, _ severity: Severity, _ parent: Int?, isNode: Bool) throws -> Int {
      time += 1_000_003
      let under = parent.map { EntryID(UInt32($0)) }
      let id =
        isNode
        ? try log.open(text, severity, under: under, time: time)
        : try log.append(text, severity, under: under, time: time)
      model.append(text, severity, under: parent, isNode: isNode, time: time)
      return Int(id.number)
    }
    let run = try append("Backup of /home", .info, nil, isNode: true)
    for file in 0..<300 {
      let node = try append("file \(file)", .info, run, isNode: true)
      for step in 0..<3 {
        _ = try append("file \(file), block \(step)", .debug, node, isNode: false)
      }
      if file == 77 { _ = try append("cannot be read", .error, node, isNode: false) }
      guard file % 50 != 49 else { continue }
      let result = file % 7 == 0 ? "left out" : nil
      try log.close(EntryID(UInt32(node)), result: result, time: time)
      model.close(node, .trace, result, time: time)
      if file == 150 { try log.synchronize() }
    }
    try log.setText("Backup of /home, 300 files", of: EntryID(UInt32(run)), time: time)
    model.setText("Backup of /home, 300 files", of: run)
    _ = try append(String(repeating: "a long text ", count: 2000), .notice, run, isNode: false)
    try log.finish()
    return model
  }

  /// What the model knows nothing of.
  private static let fields: [LogField] = [
    LogField("size", -5), LogField("ratio", 0.25), LogField("new", true), LogField("old", false),
    LogField("path", "/tmp/å"), LogField("digest", .bytes([0, 255])),
  ]

  private func golden(_ name: String) throws -> [UInt8] {
    let url = try #require(Bundle.module.url(forResource: "Golden/\(name)", withExtension: nil))
    return Array(try Data(contentsOf: url))
  }

  private func expectedModel() throws -> (OutlineModel, entries: [UInt8], index: [UInt8]) {
    let (entries, index) = (MemoryStorage(), MemoryStorage())
    let model = try Self.write(
      Log(entries: entries, index: index, LogOptions(flushInterval: nil, flushCount: 400)))
    return (model, entries.bytes, index.bytes)
  }

  @Test func whatWasWrittenIsRead() throws {
    let (model, entries, index) = try expectedModel()
    if let path = ProcessInfo.processInfo.environment["CAIRN_WRITE_GOLDEN"] {
      try Data(entries).write(to: URL(filePath: path).appending(path: "version1.entries"))
      try Data(index).write(to: URL(filePath: path).appending(path: "version1.index"))
      let fields = MemoryStorage()
      let log = try Log(entries: fields, index: MemoryStorage(), LogOptions(flushInterval: nil))
      let bytes: [UInt8] = [1, 0, 255]
      try log.append(bytes: bytes.span.bytes, .notice, fields: Self.fields, time: 5)
      try log.finish()
      try Data(fields.bytes).write(
        to: URL(filePath: path).appending(path: "version1.fields.entries"))
    }
    let storages = (
      MemoryStorage(try golden("version1.entries")), MemoryStorage(try golden("version1.index"))
    )
    let reader = try Log(
      entries: storages.0, index: storages.1, LogOptions(isReadOnly: true))
    #expect(try reader.verify().problems == [])
    try reader.snapshot().check(model)
    let log = try Log(
      entries: storages.0, index: storages.1, LogOptions(flushInterval: nil))
    #expect(log.recovery == LogRecovery())
    try log.snapshot().check(model)
    try log.append("more", under: EntryID(0))
    try log.flush()
    #expect(try log.snapshot().count == model.entries.count + 1)
    #expect(try log.verify().problems == [])
  }

  @Test func fieldsAreRead() throws {
    let log = try Log(
      entries: MemoryStorage(golden("version1.fields.entries")), index: MemoryStorage(),
      LogOptions(isReadOnly: true))
    let entry = try log.snapshot().entry(EntryID(0))
    #expect(entry.fields == Self.fields)
    #expect(entry.content == .bytes([1, 0, 255]))
    #expect(entry.severity == .notice && entry.time == 5)
  }

  /// Apart from the number of the log, the entries are written to the byte as they were.
  @Test func whatIsWrittenNowHasTheSameForm() throws {
    let (_, entries, index) = try expectedModel()
    let (goldenEntries, goldenIndex) = (
      try golden("version1.entries"), try golden("version1.index")
    )
    #expect(entries.count == goldenEntries.count && index.count == goldenIndex.count)
    let header = try #require(try LogHeader(Array(goldenEntries.prefix(LogHeader.byteCount))))
    let newHeader = try #require(try LogHeader(Array(entries.prefix(LogHeader.byteCount))))
    let (old, new) = (MemoryStorage(goldenEntries), MemoryStorage(entries))
    var offset = Int64(LogHeader.byteCount)
    var frames = 0
    while let frame = try Frame.read(old, header, at: offset, before: old.byteCount) {
      let now = try #require(try Frame.read(new, newHeader, at: offset, before: new.byteCount))
      #expect(frame.records.elementsEqual(now.records) && frame.ids == now.ids)
      offset = frame.end
      frames += 1
    }
    #expect(offset == old.byteCount && frames > 3)
  }

  @Test func newerVersionsAndCutFilesAreTold() throws {
    let entries = try golden("version1.entries")
    let index = try golden("version1.index")
    func open(_ entries: [UInt8], _ index: [UInt8]) throws -> Log {
      try Log(
        entries: MemoryStorage(entries), index: MemoryStorage(index),
        LogOptions(flushInterval: nil))
    }
    var newer = entries
    newer[16] = 2
    let error = #expect(throws: LogError.self) { try open(newer, index) }
    #expect(error?.code == .newerFormat)
    #expect("\(error!)".contains("version 2"))
    let short = #expect(throws: LogError.self) { try open(Array(entries.prefix(40)), index) }
    #expect(short?.code == .notALog)
    // The index covers more than there is, so it is made again.
    let cut = try open(Array(entries.dropLast(100)), index)
    #expect(cut.recovery.indexWasRebuilt && cut.recovery.bytesCut > 0)
    // An index of a version that is not known is made again: it is derived.
    var newerIndex = index
    for offset in [16, 8192 + 16] { newerIndex[offset] = 2 }
    let count = try open(entries, index).snapshot().count
    let rebuilt = try open(entries, newerIndex)
    #expect(rebuilt.recovery.indexWasRebuilt)
    #expect(try rebuilt.snapshot().count == count)
  }
}
