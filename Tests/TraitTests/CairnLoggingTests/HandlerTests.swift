import CairnLog
import CairnLogging
import CairnTree
import Logging
import Synchronization
import Testing

@Suite struct HandlerTests {
  private let log: Log

  init() throws {
    log = try Log(
      entries: MemoryStorage(), index: MemoryStorage(), LogOptions(flushInterval: nil))
  }

  private func logger(_ label: String = "app") -> Logger {
    let log = log
    var logger = Logger(label: label) { CairnLogHandler(log, label: $0) }
    logger.logLevel = .trace
    return logger
  }

  private func entries() throws -> [LogEntry] {
    try log.flush()
    let snapshot = try log.snapshot()
    return try (0..<snapshot.count).map { try snapshot.entry(EntryID(UInt32($0))) }
  }

  /// The texts, by depth.
  private func outline() throws -> [String] {
    try log.flush()
    let view = LogView(try log.snapshot())
    view.expandAll()
    return try view.rows(in: 0..<1000).map { "\($0.depth) \($0.entry.text)" }
  }

  private func fields(_ entry: LogEntry) -> [String: LogField.Value] {
    Dictionary(uniqueKeysWithValues: entry.fields.map { ($0.name, $0.value) })
  }

  private struct Trouble: Error, CustomStringConvertible {
    var description: String { "trouble" }
  }

  @Test func levelsAreSeverities() throws {
    let logger = logger()
    for level in Logger.Level.allCases { logger.log(level: level, "\(level)") }
    let entries = try entries()
    #expect(entries.map(\.severity) == Severity.allCases)
    #expect(entries.map(\.text) == Severity.allCases.map(\.description))
    #expect(fields(entries[0]) == ["label": "app", "source": "CairnLoggingTests"])
    #expect(CairnLogHandler(log, label: "x").logLevel == .info)
  }

  @Test func metadataKeepsItsTypes() throws {
    var logger = logger()
    logger[metadataKey: "kept"] = "by the logger"
    logger[metadataKey: "both"] = "of the logger"
    logger.info(
      "x",
      metadata: [
        "integer": .stringConvertible(-5), "byte": .stringConvertible(UInt8(200)),
        "large": .stringConvertible(UInt64.max), "real": .stringConvertible(0.25),
        "truth": .stringConvertible(true), "list": ["a", "b"], "both": "of the message",
      ])
    logger[metadataKey: "kept"] = nil
    #expect(logger[metadataKey: "kept"] == nil)
    let found = fields(try entries()[0])
    #expect(
      found == [
        "label": "app", "source": "CairnLoggingTests", "kept": "by the logger", "integer": -5,
        "byte": 200, "large": .text("\(UInt64.max)"), "real": 0.25, "truth": true,
        "list": .text("[\"a\", \"b\"]"), "both": "of the message",
      ])
  }

  @Test func whatIsProvidedCounts() throws {
    let log = log
    let provider = Logger.MetadataProvider { ["task": "7"] }
    let logger = Logger(label: "app") {
      CairnLogHandler(log, label: $0, metadataProvider: provider)
    }
    logger.info("x")
    #expect(fields(try entries()[0])["task"] == "7")
  }

  @Test func whatIsTooLongIsCut() throws {
    let failures = Mutex(0)
    let handler = CairnLogHandler(log, label: "app") { _ in failures.withLock { $0 += 1 } }
    let logger = Logger(label: "app") { _ in handler }
    logger.info("\(String(repeating: "é", count: 1 << 20))")
    logger.info("x", metadata: ["y": "\(String(repeating: "y", count: 2 << 20))"])
    let found = try entries()
    #expect(found.count == 2)
    #expect(found[0].text == String(repeating: "é", count: 1 << 18))
    #expect(found[1].text == "x")
    try log.finish()
    logger.info("too late")
    #expect(failures.withLock { $0 } == 1)
  }

  @Test func messagesAreUnderTheEntryAroundThem() async throws {
    let (log, logger) = (log, logger())
    logger.info("before")
    let value = log.withEntry("outer") {
      logger.info("a")
      return log.withEntry("inner", .notice, fields: [LogField("n", 1)]) {
        logger.info("b")
        return 5
      }
    }
    #expect(value == 5)
    await #expect(throws: Trouble.self) {
      try await log.withEntry("fails") {
        await Task.yield()
        logger.info("c")
        throw Trouble()
      }
    }
    logger.info("after")
    #expect(
      try outline() == [
        "0 before", "0 outer", "1 a", "1 inner", "2 b", "0 fails", "1 c", "0 after",
      ])
    let entries = try entries()
    #expect(entries.allSatisfy { !$0.isOpen })
    let failed = try #require(entries.first { $0.text == "fails" })
    #expect(failed.severity == .error)
    #expect(failed.result?.text == "trouble")
  }

  @Test func childTasksInheritIt() async throws {
    let logger = logger()
    let log = log
    await log.withEntry("run") {
      await withTaskGroup(of: Void.self) { group in
        for task in 0..<8 {
          group.addTask {
            await log.withEntry("task \(task)") {
              for step in 0..<50 {
                logger.info("\(task) \(step)")
                await Task.yield()
              }
            }
          }
        }
      }
    }
    try log.flush()
    let snapshot = try log.snapshot()
    #expect(try snapshot.childCount(of: nil) == 1)
    let run = try snapshot.child(0, of: nil)
    #expect(try snapshot.childCount(of: run) == 8)
    for ordinal in 0..<8 {
      let task = try snapshot.child(ordinal, of: run)
      let name = try snapshot.entry(task).text.dropFirst("task ".count)
      let texts = try (0..<snapshot.childCount(of: task)).map {
        try snapshot.entry(snapshot.child($0, of: task)).text
      }
      #expect(texts == (0..<50).map { "\(name) \($0)" })
    }
    #expect(try entries().allSatisfy { !$0.isOpen })
  }

  @Test func whatGoesOnLongerIsUnderWhatIsOpen() async throws {
    let logger = logger()
    let log = log
    let (started, start) = AsyncStream<Void>.makeStream()
    let (ended, end) = AsyncStream<Void>.makeStream()
    let late = await log.withEntry("outer") {
      await log.withEntry("inner") {
        let late = Task {
          await log.withEntry("longer") {
            start.finish()
            for await _ in ended {}
            logger.info("within")
          }
          logger.info("behind")
        }
        for await _ in started {}
        return late
      }
    }
    // Both are open as long as what is under them.
    #expect(try entries().map(\.isOpen) == [true, true, true])
    end.finish()
    await late.value
    #expect(try outline() == ["0 outer", "1 inner", "2 longer", "3 within", "0 behind"])
    #expect(try entries().allSatisfy { !$0.isOpen })
  }

  @Test func logsAreNotMixedUp() throws {
    let other = try Log(
      entries: MemoryStorage(), index: MemoryStorage(), LogOptions(flushInterval: nil))
    let logger = logger()
    log.withEntry("here") {
      other.withEntry("there") {
        logger.info("x")
      }
    }
    #expect(try outline() == ["0 here", "1 x"])
    // Without a log that can be written, the work is done.
    try log.finish()
    #expect(log.withEntry("too late") { 7 } == 7)
  }
}
