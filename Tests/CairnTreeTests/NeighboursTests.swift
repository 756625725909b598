import CairnCore
import CairnTree
import Synchronization
import SystemPackage
import Testing

/// Stores of one file that know of each other by its locks alone, as those of several processes do.
@Suite struct NeighboursTests {
  private func put(_ store: TreeStore, _ numbers: Range<UInt32>, _ kind: CommitKind) throws {
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions(for: UInt32.self, UInt32.self))
      .typed(UInt32.self, UInt32.self)
    for number in numbers { try tree.put(number, number) }
    try writing.commit(kind)
  }

  /// Gives each of so many entries a new value, so that every page is replaced.
  private func change(
    _ store: TreeStore, to value: UInt32, _ kind: CommitKind, count: UInt32 = 600
  ) throws {
    let writing = try store.beginWriting()
    let tree = try writing.tree("t", creating: TreeOptions(for: UInt32.self, UInt32.self))
      .typed(UInt32.self, UInt32.self)
    for number in 0..<count { try tree.put(number, value) }
    try writing.commit(kind)
  }

  private func count(_ transaction: ReadTransaction) throws -> Int {
    try transaction.treeIfExists("t")?.count ?? 0
  }

  /// All values that there are: one, in a state that is whole.
  private func values(_ transaction: ReadTransaction) throws -> Set<UInt32> {
    let tree = try transaction.tree("t").typed(UInt32.self, UInt32.self)
    var values: Set<UInt32> = []
    try tree.forEach(in: 0..<(try tree.count)) { _, value in
      values.insert(value)
      return true
    }
    return values
  }

  private func options(
    publishesToAll: Bool = true, isReadOnly: Bool = false, whenBusy: WhenBusy = .fail
  ) -> TreeStoreOptions {
    TreeStoreOptions(
      pageSize: 4096, cacheBytes: 0, isReadOnly: isReadOnly, whenBusy: whenBusy,
      publishesToAll: publishesToAll)
  }

  @Test func readersSeeWhatIsPublishedToAll() throws {
    let folder = try TemporaryFolder()
    let writer = try TreeStore(folder.file, options())
    let reader = try TreeStore(folder.file, options(isReadOnly: true))
    #expect(try count(reader.beginReading()) == 0)
    try put(writer, 0..<10, .publish)
    #expect(try count(reader.beginReading()) == 10)
    try put(writer, 10..<2000, .publish)
    let old = try reader.beginReading()
    #expect(try count(old) == 2000)
    try put(writer, 2000..<2500, .checkpoint)
    #expect(try count(reader.beginReading()) == 2500)
    try put(writer, 2500..<2600, .publish)
    #expect(try count(reader.beginReading()) == 2600)
    #expect(try count(old) == 2000)
    #expect(try reader.verify().problems == [])
    #expect(try reader.beginReading().number == writer.beginReading().number)
    // One who opens it now sees the same.
    #expect(
      try count(TreeStore(folder.file, options(isReadOnly: true)).beginReading()) == 2600)
  }

  @Test func withoutThatTheySeeCheckpoints() throws {
    let folder = try TemporaryFolder()
    let writer = try TreeStore(folder.file, options(publishesToAll: false))
    let reader = try TreeStore(folder.file, options(isReadOnly: true))
    try put(writer, 0..<10, .publish)
    #expect(try count(reader.beginReading()) == 0)
    try put(writer, 10..<20, .checkpoint)
    #expect(try count(reader.beginReading()) == 20)
    try put(writer, 20..<30, .publish)
    #expect(try count(reader.beginReading()) == 20)
    try writer.checkpoint()
    #expect(try count(reader.beginReading()) == 30)
  }

  @Test func aWriterThatIsGoneFallsBackToItsCheckpoint() throws {
    let folder = try TemporaryFolder()
    let reader = try {
      let writer = try TreeStore(folder.file, options())
      let reader = try TreeStore(folder.file, options(isReadOnly: true))
      try change(writer, to: 1, .checkpoint)
      try change(writer, to: 2, .publish)
      #expect(try values(reader.beginReading()) == [2])
      return reader
    }()
    // Its lock is gone, as if the process had been killed.
    #expect(try values(reader.beginReading()) == [1])
    let writer = try TreeStore(folder.file, options())
    #expect(try values(writer.beginReading()) == [1])
    try change(writer, to: 3, .publish)
    #expect(try values(reader.beginReading()) == [3])
  }

  /// A reader of what a dead writer has published keeps it, whatever the next one writes.
  @Test(arguments: [CommitKind.publish, .checkpoint])
  func readersOutliveWriters(_ kind: CommitKind) throws {
    let folder = try TemporaryFolder()
    _ = try TreeStore(folder.file, options())
    let reader = try TreeStore(folder.file, options(isReadOnly: true))
    var kept: [(ReadTransaction, UInt32)] = []
    for life in UInt32(0)..<4 {
      let writer = try TreeStore(folder.file, options())
      for round in UInt32(0)..<4 {
        let value = life * 100 + round
        try change(writer, to: value, round == 0 ? .checkpoint : kind)
        if round % 2 == 1 { kept.append((try reader.beginReading(), value)) }
      }
      #expect(try writer.verify().problems == [])
    }
    // Not looked at before, so nothing of it is in a cache.
    for (transaction, value) in kept { #expect(try values(transaction) == [value]) }
    #expect(Set(kept.map(\.0.number)).count == kept.count)
  }

  /// A publication that reports a failure, but was there for somebody to see, stays his.
  @Test func whatFailedMayHaveBeenSeen() throws {
    let folder = try TemporaryFolder()
    let storage = WatchedStorage(try FileStorage(folder.file))
    let writer = try TreeStore(on: storage, options())
    try change(writer, to: 1, .checkpoint)
    try change(writer, to: 2, .publish)
    let reader = try TreeStore(folder.file, options(isReadOnly: true))
    let seen = Mutex<ReadTransaction?>(nil)
    storage.watch { offset throws(IOError) in
      guard offset == 2 * 4096 else { return }
      seen.withLock { $0 = try? reader.beginReading() }
      throw .systemCall("write to", "the file", .ioError)
    }
    let error = #expect(throws: TreeError.self) { try change(writer, to: 3, .publish) }
    #expect(error?.code == .storage)
    storage.watch(nil)
    let transaction = try #require(seen.withLock { $0 })
    #expect(try values(writer.beginReading()) == [2])
    // Nobody else sees it; for the time being, others see the checkpoint.
    #expect(try values(reader.beginReading()) == [1])
    for value in UInt32(4)..<12 {
      try change(writer, to: value, value % 4 == 0 ? .checkpoint : .publish)
      #expect(try values(reader.beginReading()) == [value])
    }
    // Not looked at before, so nothing of it is in a cache.
    #expect(try values(transaction) == [3])
    #expect(try reader.beginReading().number > transaction.number)
    #expect(try writer.verify().problems == [])
  }

  @Test func spaceIsUsedAgainWhenTheReaderEnds() throws {
    let folder = try TemporaryFolder()
    let writer = try TreeStore(folder.file, options())
    for value in UInt32(0)..<6 { try change(writer, to: value, .checkpoint) }
    let pages = try writer.statistics().pageCount
    let reader = try TreeStore(folder.file, options(isReadOnly: true))
    do {
      let long = try reader.beginReading()
      for value in UInt32(6)..<12 { try change(writer, to: value, .publish) }
      try writer.checkpoint()
      #expect(try values(long) == [5])
      #expect(try writer.statistics().pageCount > pages + 2 * 5)
    }
    let grown = try writer.statistics().pageCount
    for value in UInt32(12)..<30 { try change(writer, to: value, .publish) }
    #expect(try writer.statistics().pageCount == grown)
    // A store that reads nothing just now holds nothing.
    withExtendedLifetime(reader) {}
  }

  @Test func aSecondWriterFailsOrWaits() throws {
    let folder = try TemporaryFolder()
    let first = try TreeStore(folder.file, options())
    var error = #expect(throws: TreeError.self) { try TreeStore(folder.file, options()) }
    #expect(error?.code == .busy)
    let start = ContinuousClock.now
    error = #expect(throws: TreeError.self) {
      try TreeStore(folder.file, options(whenBusy: .wait(atMost: .milliseconds(60))))
    }
    #expect(error?.code == .busy)
    #expect(ContinuousClock.now - start >= .milliseconds(60))
    withExtendedLifetime(first) {}
  }

  @Test func whoWaitsWritesWhenTheOtherHasClosed() throws {
    let folder = try TemporaryFolder()
    let first = Mutex<TreeStore?>(try TreeStore(folder.file, options()))
    try first.withLock { try put(#require($0), 0..<10, .checkpoint) }
    let start = ContinuousClock.now
    try withThread {
      pause(nanoseconds: 30_000_000)
      first.withLock { $0 = nil }
    } meanwhile: {
      let second = try TreeStore(folder.file, options(whenBusy: .wait(atMost: .seconds(60))))
      #expect(ContinuousClock.now - start >= .milliseconds(30))
      try put(second, 10..<20, .checkpoint)
    }
    #expect(
      try count(TreeStore(folder.file, options(isReadOnly: true)).beginReading()) == 20)
  }

  /// Runs one of both on a thread of its own, and waits for it.
  private func withThread(
    _ body: @escaping @Sendable () -> Void, meanwhile: () throws -> Void
  ) throws {
    let isDone = Monitor(false)
    ThreadPool.blocking.submit {
      body()
      isDone.change { $0 = true }
    }
    defer { _ = isDone.wait { $0 ? true : nil } }
    try meanwhile()
  }

  @Test func aStorageInUseIsNotTakenTwice() throws {
    let folder = try TemporaryFolder()
    let storage = try FileStorage(folder.file)
    var store: TreeStore? = try TreeStore(on: storage)
    let error = #expect(throws: TreeError.self) { try TreeStore(on: storage) }
    #expect(error?.code == .busy)
    #expect(throws: TreeError.self) { try TreeStore.revert(storage) }
    withExtendedLifetime(store) {}
    store = nil
    _ = try TreeStore(on: storage)
  }

  @Test func whatWasTakenBackIsNotMistakenForWhatFollows() throws {
    let folder = try TemporaryFolder()
    _ = try TreeStore(folder.file, options())
    let reader = try TreeStore(folder.file, options(isReadOnly: true))
    func write(_ value: UInt32) throws {
      let writer = try TreeStore(folder.file, options(publishesToAll: false))
      try change(writer, to: value, .checkpoint)
    }
    try write(1)
    try write(2)
    let taken = try reader.beginReading()
    #expect(try values(taken) == [2])
    try TreeStore.revert(FileStorage(folder.file))
    #expect(try values(reader.beginReading()) == [1])
    let error = #expect(throws: TreeError.self) {
      try TreeStore.revert(FileStorage(folder.file))
    }
    #expect(error?.code == .notFound)
    for value in UInt32(3)..<7 {
      try write(value)
      #expect(try values(reader.beginReading()) == [value])
      #expect(try values(taken) == [2])
    }
  }

  /// Many commits under the eyes of many readers, each state whole and none older than the last.
  @Test func readersOfAllAgesDuringWrites() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file
    let rounds: UInt32 = runsLongTests ? 2000 : 60
    let writer = try TreeStore(path, options())
    try change(writer, to: 0, .checkpoint, count: 400)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in UInt64(0)..<3 {
        group.addTask {
          let reader = try TreeStore(path, options(isReadOnly: true))
          var random = SeededRandom(seed)
          var kept: [(ReadTransaction, Set<UInt32>)] = []
          var last: UInt32 = 0
          while last < rounds {
            let transaction = try reader.beginReading()
            let found = try values(transaction)
            let value = try #require(found.first)
            #expect(found.count == 1 && value >= last)
            last = value
            kept.append((transaction, found))
            if kept.count > 4 {
              let (old, before) = kept.remove(at: Int(random.next() % 5))
              #expect(try values(old) == before)
            }
            // There may be fewer threads than readers.
            await Task.yield()
          }
        }
      }
      group.addTask {
        for value in 1...rounds {
          try change(writer, to: value, value % 10 == 0 ? .checkpoint : .publish, count: 400)
        }
      }
      try await group.waitForAll()
    }
    #expect(try writer.verify().problems == [])
  }
}
