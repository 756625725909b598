import CairnTree
import Foundation
import SystemPackage
import Testing

@testable import CairnLog

@Suite struct LogTests {
  private func withDirectory(_ body: (FilePath) throws -> Void) throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "cairn-log-\(UUID())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try body(FilePath(url.path))
  }

  private func logInMemory(flushCount: Int = .max) throws -> Log {
    try Log(
      entries: MemoryStorage(), index: MemoryStorage(),
      LogOptions(flushInterval: nil, flushCount: flushCount))
  }

  @Test func fieldsAndBytesComeBack() throws {
    let log = try logInMemory()
    let fields: [LogField] = [
      LogField("size", -5), LogField("ratio", 0.25), LogField("new", true),
      LogField("old", false), LogField("path", "/tmp/å"), LogField("digest", .bytes([0, 255])),
    ]
    let first = try log.append("with fields", .notice, fields: fields, time: 5)
    let second = try log.append(bytes: [1, 0, 255].span.bytes, fields: [fields[2]], time: 4)
    try log.flush()
    let snapshot = try log.snapshot()
    #expect(try snapshot.entry(first).fields == fields)
    let entry = try snapshot.entry(second)
    #expect(entry.fields == [fields[2]])
    #expect(entry.time == 4)
    guard case .bytes(let bytes) = entry.content else {
      Issue.record("the content is text")
      return
    }
    #expect(bytes.first == 1)
  }

  @Test func onlyOpenEntriesHaveChildren() throws {
    let log = try logInMemory()
    let leaf = try log.append("leaf")
    let parent = try log.open("parent")
    let child = try log.open("child", under: parent)
    func code(_ body: () throws -> Void) -> LogError.Code? {
      #expect(throws: LogError.self) { try body() }?.code
    }
    #expect(code { try log.append("x", under: leaf) } == .notOpen)
    #expect(code { try log.append("x", under: EntryID(99)) } == .notOpen)
    #expect(code { try log.append("x", under: EntryID(.max)) } == .notOpen)
    #expect(code { try log.close(leaf) } == .notOpen)
    #expect(code { try log.setText("x", of: leaf) } == .notOpen)
    #expect(code { try log.close(parent) } == .invalid)
    try log.close(child, .error, result: "failed")
    try log.close(parent)
    #expect(code { try log.append("x", under: parent) } == .notOpen)
    #expect(code { _ = try log.append(String(repeating: "x", count: 2 << 20)) } == .invalid)
    try log.flush()
    let snapshot = try log.snapshot()
    #expect(snapshot.count == 3)
    #expect(try snapshot.entry(parent).severity == .error)
    #expect(try snapshot.entry(child).result?.text == "failed")
    #expect(code { _ = try snapshot.entry(EntryID(3)) } == .notFound)
  }

  @Test func aSnapshotStaysAsItWas() throws {
    let log = try logInMemory()
    let parent = try log.open("parent")
    try log.flush()
    let before = try log.snapshot()
    for number in 0..<1000 { try log.append("entry \(number)", under: parent) }
    #expect(try log.snapshot().count == 1)
    try log.flush()
    #expect(try before.childCount(of: parent) == 0)
    #expect(try log.snapshot().childCount(of: parent) == 1000)
    #expect(try log.snapshot().entry(EntryID(700)).text == "entry 699")
  }

  @Test func entriesAreFlushedInTime() throws {
    let log = try Log(
      entries: MemoryStorage(), index: MemoryStorage(),
      LogOptions(flushInterval: .milliseconds(1)))
    try log.append("soon")
    // No duration is asserted: without the timer this would not end.
    while try log.snapshot().count == 0 { usleep(1000) }
  }

  @Test func severalThreadsAppend() throws {
    let log = try logInMemory(flushCount: 100)
    let parent = try log.open("parent")
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      do {
        let own = try log.open("thread \(thread)", under: parent)
        for number in 0..<500 { try log.append("\(thread) \(number)", under: own) }
        try log.close(own)
      } catch {
        Issue.record("\(error)")
      }
    }
    try log.close(parent)
    try log.flush()
    let snapshot = try log.snapshot()
    #expect(try snapshot.subtreeCount(of: parent) == 2005)
    for ordinal in 0..<4 {
      let own = try snapshot.child(ordinal, of: parent)
      let thread = try #require(try snapshot.entry(own).text.split(separator: " ").last)
      for number in [0, 127, 128, 499] {
        let id = try snapshot.child(number, of: own)
        #expect(try snapshot.entry(id).text == "\(thread) \(number)")
      }
    }
  }

  @Test func aLogInFilesIsLockedAndReadAgain() throws {
    try withDirectory { directory in
      let path = directory.appending("log")
      var log: Log? = try Log(path)
      let parent = try log!.open("parent")
      try log!.append("child", under: parent)
      let busy = #expect(throws: LogError.self) { try Log(path) }
      #expect(busy?.code == .busy)
      try log!.finish()
      let finished = #expect(throws: LogError.self) { try log!.append("late") }
      #expect(finished?.code == .failed)
      log = nil
      let reading = try Log(path, LogOptions(isReadOnly: true))
      let other = try Log(path, LogOptions(isReadOnly: true))
      // Who reads is in nobody's way.
      #expect(try Log(path).snapshot().count == 2)
      #expect(try reading.snapshot().count == 2)
      #expect(try other.snapshot().entry(EntryID(1)).text == "child")
      let refused = #expect(throws: LogError.self) { try reading.append("x") }
      #expect(refused?.code == .readOnly)
    }
  }

  /// By iteration: recursion would end the process.
  @Test func aChainOfManyLevels() throws {
    let depth = runsLongTests ? 100_000 : 4000
    let (entries, index) = (MemoryStorage(), MemoryStorage())
    let options = LogOptions(flushInterval: nil, flushCount: .max)
    var log: Log? = try Log(entries: entries, index: index, options)
    var last: EntryID?
    for _ in 0..<depth { last = try log!.open("level", under: last) }
    try log!.append("bottom", .error, under: last)
    try log!.finish()
    log = try Log(entries: entries, index: index, options)
    #expect(try log!.openEntries.count == depth)
    let snapshot = try log!.snapshot()
    #expect(try snapshot.subtreeCount(of: EntryID(0)) == depth + 1)
    #expect(try snapshot.depth(of: EntryID(UInt32(depth))) == depth)
    #expect(try snapshot.nextEntry(after: nil, severity: .error) == EntryID(UInt32(depth)))
    let view = LogView(snapshot)
    #expect(try view.reveal(EntryID(UInt32(depth))).row == depth)
    #expect(try view.rows(in: depth - 1..<depth + 1).map(\.depth) == [depth - 1, depth])
    #expect(try view.collapse(EntryID(1)) == RowChange(row: 2, removed: depth - 1))
    view.expandAll()
    #expect(try view.rowCount == depth + 1)
    try view.filter(.error)
    #expect(try view.rowCount == depth + 1)
    for level in (0..<depth).reversed() { try log!.close(EntryID(UInt32(level))) }
    try log!.flush()
    #expect(try log!.snapshot().worstSeverity(of: EntryID(0)) == .error)
  }

  /// Ten million with `CAIRN_LONG_TESTS=1`.
  @Test func aNodeWithManyChildren() throws {
    let count = runsLongTests ? 10_000_000 : 30_000
    let log = try logInMemory(flushCount: 65_536)
    let parent = try log.open("parent")
    for number in 0..<count {
      try log.append("x", number == count - 7 ? .error : .debug, under: parent, time: 0)
    }
    try log.flush()
    let snapshot = try log.snapshot()
    #expect(try snapshot.childCount(of: parent) == count)
    #expect(try snapshot.nextEntry(after: nil, severity: .error)?.number == UInt32(count - 6))
    let view = LogView(snapshot)
    #expect(try view.expand(parent) == RowChange(row: 1, inserted: count))
    for row in [1, 127, 128, 129, count / 3, count] {
      #expect(try view.rows(in: row..<row + 1).first?.entry.id.number == UInt32(row))
      #expect(try view.row(of: EntryID(UInt32(row))) == row)
    }
    try log.close(parent)
    try log.flush()
    #expect(try view.update(to: log.snapshot()).insertions == [])
  }
}
