import CairnTree
import Foundation
import SystemPackage
import Testing

/// What the neighbours do in real processes, which are killed.
@Suite struct ProcessTests {
  static let options = TreeStoreOptions(pageSize: 4096, cacheBytes: 0, publishesToAll: true)
  static let readOnly = TreeStoreOptions(pageSize: 4096, cacheBytes: 0, isReadOnly: true)
  static let entryCount: UInt32 = 600

  static func change(_ store: TreeStore, to value: UInt32, _ kind: CommitKind) throws {
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions(for: UInt32.self, UInt32.self))
      .typed(UInt32.self, UInt32.self)
    for number in 0..<entryCount { try tree.put(number, value) }
    try writing.commit(kind)
  }

  /// The one value that all entries have.
  static func value(_ transaction: ReadTransaction) throws -> UInt32 {
    let tree = try transaction.tree("t").typed(UInt32.self, UInt32.self)
    var values: Set<UInt32> = []
    try tree.forEach(in: 0..<Int(entryCount)) { _, value in
      values.insert(value)
      return true
    }
    guard values.count == 1, let value = values.first, try tree.count == Int(entryCount) else {
      throw TreeError(.damaged, "a state is not whole: \(values)")
    }
    return value
  }

  /// Waits as long as a busy machine may need; for nothing at all if the other process has died.
  static func wait(until isDone: () throws -> Bool) throws {
    let start = ContinuousClock.now
    while try !isDone() {
      guard ContinuousClock.now - start < .seconds(900) else {
        throw TreeError(.busy, "the other process takes too long")
      }
      usleep(2000)
    }
  }

  @Test func aWriterThatIsKilled() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file.string
    try Self.change(TreeStore(folder.file, Self.options), to: 1000, .checkpoint)
    // Reads while the other process writes, and for as long as it lives.
    let watching = OwnThread { () -> (UInt32, ReadTransaction) in
      let reader = try TreeStore(folder.file, Self.readOnly)
      var last: UInt32 = 1000
      var kept: [(ReadTransaction, UInt32)] = []
      try Self.wait {
        let transaction = try reader.beginReading()
        let value = try Self.value(transaction)
        guard value == 1000 ? last == 1000 : value >= last else {
          throw TreeError(.damaged, "\(value) follows \(last)")
        }
        last = value
        if kept.last?.1 != value { kept.append((transaction, value)) }
        return value >= 1040
      }
      for (transaction, value) in kept where try Self.value(transaction) != value {
        throw TreeError(.damaged, "a state has changed")
      }
      try Data().write(to: URL(filePath: path + ".seen"))
      let (transaction, value) = try #require(kept.last)
      return (value, transaction)
    }
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let store = try TreeStore(FilePath(path), ProcessTests.options)
      for value in UInt32(1001)...1040 { try ProcessTests.change(store, to: value, .publish) }
      try ProcessTests.wait { FileManager.default.fileExists(atPath: path + ".seen") }
      kill(getpid(), SIGKILL)
    }
    let (value, transaction) = try watching.value()
    #expect(value == 1040)
    // All who begin now see the checkpoint; who has begun before sees what he saw.
    let reader = try TreeStore(folder.file, Self.readOnly)
    #expect(try Self.value(reader.beginReading()) == 1000)
    let writer = try TreeStore(folder.file, Self.options)
    for value in UInt32(2000)..<2010 {
      try Self.change(writer, to: value, value % 3 == 0 ? .checkpoint : .publish)
      #expect(try Self.value(reader.beginReading()) == value)
      #expect(try Self.value(transaction) == 1040)
    }
    #expect(try writer.verify().problems == [])
  }

  @Test func aReaderThatIsKilled() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file.string
    let writer = try TreeStore(folder.file, Self.options)
    for value in UInt32(0)..<4 { try Self.change(writer, to: value, .checkpoint) }
    let before = try writer.statistics().pageCount
    let killing = OwnThread { () -> (pages: Int, held: Int) in
      let ready = path + ".ready"
      try Self.wait { FileManager.default.fileExists(atPath: ready) }
      for value in UInt32(4)..<24 { try Self.change(writer, to: value, .publish) }
      let statistics = try writer.statistics()
      let pid = try #require(Int32(String(contentsOfFile: ready, encoding: .utf8)))
      kill(pid, SIGKILL)
      return (statistics.pageCount, statistics.heldPages)
    }
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let reader = try TreeStore(FilePath(path), ProcessTests.readOnly)
      let transaction = try reader.beginReading()
      guard try ProcessTests.value(transaction) == 3 else { return }
      try "\(getpid())".write(toFile: path + ".ready", atomically: true, encoding: .utf8)
      try ProcessTests.wait { try ProcessTests.value(transaction) != 3 }
    }
    let (pages, held) = try killing.value()
    #expect(pages > before + 20 && held > 20)
    for value in UInt32(24)..<60 { try Self.change(writer, to: value, .publish) }
    let after = try writer.statistics()
    #expect(after.pageCount <= pages + 4 && after.heldPages < 20)
    #expect(try writer.verify().problems == [])
  }
}
