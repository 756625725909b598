import CairnLog
import Foundation
import SystemPackage
import Testing

/// What writers and readers see of one another in real processes, which are killed.
@Suite struct ProcessTests {
  static let options = LogOptions(
    flushInterval: nil, flushCount: .max, checkpointBytes: 64 << 10)
  static let reading = LogOptions(isReadOnly: true)

  private static func withFolder(_ body: (FilePath) async throws -> Void) async throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "cairn-log-\(UUID())")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: url) }
    try await body(FilePath(url.path))
  }

  /// Waits as long as a busy machine may need.
  static func wait(until isDone: () throws -> Bool) throws {
    let start = ContinuousClock.now
    while try !isDone() {
      guard ContinuousClock.now - start < .seconds(900) else {
        throw CocoaError(.fileReadUnknown)
      }
      usleep(1000)
    }
  }

  static func text(_ id: EntryID) -> String { "this is entry \(id)" }

  /// Appends entries under the first one, and flushes them in groups.
  static func append(_ groups: Int, to log: Log) throws {
    for _ in 0..<groups {
      var next = try UInt32(log.snapshot().count)
      if next == 0 {
        _ = try log.open(text(EntryID(0)))
        next = 1
      }
      for id in next..<next + 50 { try log.append(text(EntryID(id)), under: EntryID(0)) }
      try log.flush()
    }
  }

  /// Follows a log until it has so many entries, and compares every one, and all reported changes.
  private static func watch(_ view: LogView, _ log: Log, until count: Int) throws {
    try wait {
      let before = try view.rowCount
      let first = view.snapshot.count
      let update = try view.update(to: log.snapshot())
      if first == 0, view.snapshot.count > 0 {
        try view.expand(EntryID(0))
      } else {
        let inserted = (update.insertions ?? []).reduce(0) { $0 + $1.inserted }
        guard try view.rowCount == before + inserted else { throw CocoaError(.coderInvalidValue) }
      }
      guard try view.rowCount == view.snapshot.count, view.snapshot.count >= first else {
        throw CocoaError(.coderInvalidValue)
      }
      for row in try view.rows(in: first..<view.snapshot.count)
      where row.entry.text != text(row.entry.id) || Int(row.entry.id.number) != row.row {
        throw CocoaError(.coderReadCorrupt)
      }
      return view.snapshot.count >= count
    }
  }

  @Test func aWriterIsKilledAndBegunAgainWhileAReaderLooksOn() async throws {
    try await Self.withFolder { folder in
      let path = folder.appending("log").string
      let watching = OwnThread { () -> Int in
        let index = path + "/index"
        try Self.wait { FileManager.default.fileExists(atPath: index) }
        let reader = try Log(FilePath(path), Self.reading)
        let view = LogView(try reader.snapshot())
        if view.snapshot.count > 0 { try view.expand(EntryID(0)) }
        try Self.watch(view, reader, until: 2001)
        // The first writer is alive until here.
        try Data().write(to: URL(filePath: path + ".seen"))
        try Self.watch(view, reader, until: 4001)
        try Data().write(to: URL(filePath: path + ".seen2"))
        try Self.watch(view, reader, until: 4501)
        return view.snapshot.count
      }
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
        let log = try Log(FilePath(path), ProcessTests.options)
        try ProcessTests.append(40, to: log)
        try ProcessTests.wait { FileManager.default.fileExists(atPath: path + ".seen") }
        kill(getpid(), SIGKILL)
      }
      // All that was flushed is there, for those who begin to read only now, too.
      #expect(try Log(FilePath(path), Self.reading).snapshot().count == 2001)
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
        let log = try Log(FilePath(path), ProcessTests.options)
        try ProcessTests.append(40, to: log)
        try ProcessTests.wait { FileManager.default.fileExists(atPath: path + ".seen2") }
        kill(getpid(), SIGKILL)
      }
      // A lost index is made again while somebody reads what it was.
      let writer = try Log(
        FilePath(path), LogOptions(flushInterval: nil, rebuildsIndex: true))
      #expect(writer.recovery.indexWasRebuilt && writer.recovery.entriesIndexed == 4001)
      try Self.append(10, to: writer)
      #expect(try watching.value() == 4501)
      #expect(try writer.verify().isSound)
    }
  }

  @Test func aReaderNeedNotBeAbleToWrite() async throws {
    try await Self.withFolder { folder in
      let path = folder.appending("log").string
      await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
        try ProcessTests.append(20, to: Log(FilePath(path), ProcessTests.options))
        let log = try Log(FilePath(path), ProcessTests.options)
        try ProcessTests.append(4, to: log)
        kill(getpid(), SIGKILL)
      }
      let files = FileManager.default
      for name in ["/entries", "/index"] {
        try files.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path + name)
      }
      try files.setAttributes([.posixPermissions: 0o555], ofItemAtPath: path)
      let before = try files.contentsOfDirectory(atPath: path)
      await #expect(processExitsWith: .success) { [path = path as String] in
        // Root may do everything.
        let nobody: UInt32 = 65534
        if getuid() == 0 { guard setgid(nobody) == 0, setuid(nobody) == 0 else { exit(2) } }
        guard !FileManager.default.createFile(atPath: path + "/new", contents: nil) else { exit(3) }
        let log = try Log(FilePath(path), ProcessTests.reading)
        guard try log.snapshot().count == 1201, try log.verify().isSound else { exit(4) }
        let view = LogView(try log.snapshot())
        view.expandAll()
        guard try view.rows(in: 1190..<1201).last?.entry.text == "this is entry 1200" else {
          exit(5)
        }
      }
      #expect(try files.contentsOfDirectory(atPath: path) == before)
      try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
  }
}
