import CairnCore
import Foundation
import Synchronization
import SystemPackage
import Testing

@testable import CairnTree

/// `compact` in place: short files, whole trees, whatever happens.
@Suite struct CompactTests {
  /// A tree of random entries, most of which were removed, one that was filled at random, and one
  /// with long values.
  private func fill(_ store: TreeStore, scale: Int = 1) throws {
    var random = SeededRandom(41)
    var writing = try store.beginWriting()
    for _ in 0..<3000 * scale {
      try writing.tree("numbers", creating: TreeOptions(for: UInt64.self, UInt64.self))
        .typed(UInt64.self, UInt64.self).put(random.next(), random.next())
    }
    let long = try writing.tree("long", creating: TreeOptions(isWeighted: true))
      .typed(UInt16.self, [UInt8].self)
    let gone = try writing.tree("gone", creating: TreeOptions()).typed(UInt32.self, String.self)
    for number in 0..<UInt32(3000 * scale) { try gone.put(number, "number \(number)") }
    for number in 0..<UInt16(30) {
      try long.put(number, random.bytes(Int(random.next() % 20_000)), weight: 2)
    }
    try writing.commit(.checkpoint)
    writing = try store.beginWriting()
    try writing.tree("gone").typed(UInt32.self, String.self).remove(keys: 20..<3_000_000)
    try writing.tree("long").typed(UInt16.self, [UInt8].self).remove(keys: 3..<20)
    try writing.commit(.checkpoint)
  }

  private func content(_ reader: ReadTransaction) throws -> [String: [TreeEntry]] {
    var content: [String: [TreeEntry]] = [:]
    for name in try reader.treeNames {
      content[name] = try reader.tree(name).entries(in: 0..<1_000_000)
    }
    return content
  }

  @Test(arguments: [0, 8 << 20]) func theFileIsAsShortAsACopy(_ cacheBytes: Int) throws {
    let storage = MemoryStorage()
    let options = TreeStoreOptions(pageSize: 4096, cacheBytes: cacheBytes)
    let store = try TreeStore(on: storage, options)
    try fill(store)
    let before = try content(store.beginReading())
    let length = storage.bytes.count
    let saved = try store.compact()
    #expect(saved == Int64(length - storage.bytes.count) && saved > length / 3)
    #expect(try store.verify().problems == [])
    #expect(try content(store.beginReading()) == before)
    let copy = MemoryStorage()
    try store.copy(to: copy)
    // Two space maps and some pages that the last checkpoints have replaced.
    #expect(storage.bytes.count <= copy.bytes.count + 10 * 4096)
    let reopened = try TreeStore(on: MemoryStorage(storage.bytes), options)
    #expect(try reopened.verify().problems == [])
    #expect(try content(reopened.beginReading()) == before)
    // The checkpoint before the last one is whole, too.
    let older = MemoryStorage(storage.bytes)
    try TreeStore.revert(older)
    #expect(try content(TreeStore(on: older).beginReading()) == before)
    // There is nothing left to gain, and the trees can be changed as before.
    #expect(try store.compact() == 0)
    try fill(store)
    #expect(try store.verify().problems == [])
  }

  @Test func readersOfOldSnapshotsAreNotDisturbed() throws {
    let storage = MemoryStorage()
    let store = try TreeStore(on: storage, TreeStoreOptions(pageSize: 4096, cacheBytes: 0))
    try fill(store)
    var reader: ReadTransaction? = try store.beginReading()
    let before = try content(try #require(reader))
    let writing = try store.beginWriting()
    try writing.drop("numbers")
    try writing.commit(.checkpoint)
    try store.compact()
    let during = storage.bytes.count
    #expect(try content(try #require(reader)) == before)
    #expect(try store.verify().problems == [])
    reader = nil
    #expect(try store.compact() > 0)
    #expect(storage.bytes.count < during / 2)
    let after = try content(store.beginReading())
    #expect(after == before.filter { $0.key != "numbers" })
  }

  @Test func aFileGetsShorter() throws {
    let path = FilePath(NSTemporaryDirectory()).appending("cairn-compact-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: path.string) }
    let store = try TreeStore(path, TreeStoreOptions(pageSize: 4096))
    try fill(store)
    let before = try content(store.beginReading())
    let length = try FileManager.default.attributesOfItem(atPath: path.string)[.size] as? Int
    #expect(try store.compact() > 0)
    let after = try FileManager.default.attributesOfItem(atPath: path.string)[.size] as? Int
    #expect(try #require(after) < #require(length))
    #expect(try content(store.beginReading()) == before)
  }

  /// Keeps every call, so that any moment can be made again as a power cut would leave it.
  private final class Journal: PageStorage {
    enum Call {
      case write(Int, [UInt8])
      case resize(Int)
      case synchronize
    }
    private struct State {
      var content: [UInt8]
      var calls: [Call] = []
      var failingCall: Int?
    }
    private let state: Mutex<State>
    let isReadOnly = false

    init(_ bytes: [UInt8]) { state = Mutex(State(content: bytes)) }

    var calls: [Call] { state.withLock { $0.calls } }
    func fail(at call: Int) { state.withLock { $0.failingCall = call } }

    static func apply(_ call: Call, to content: inout [UInt8]) {
      switch call {
      case .write(let offset, let bytes):
        if content.count < offset + bytes.count {
          content += [UInt8](repeating: 0, count: offset + bytes.count - content.count)
        }
        content.replaceSubrange(offset..<offset + bytes.count, with: bytes)
      case .resize(let count):
        content = Array(content.prefix(count))
        content += [UInt8](repeating: 0, count: count - content.count)
      case .synchronize: break
      }
    }

    private func make(_ call: Call) throws(IOError) {
      let fails = state.withLock { state in
        guard state.failingCall != state.calls.count else { return true }
        state.calls.append(call)
        Self.apply(call, to: &state.content)
        return false
      }
      if fails { throw .systemCall("write to", "the journal", .ioError) }
    }

    var byteCount: Int64 { state.withLock { Int64($0.content.count) } }
    func read(at offset: Int64, into buffer: inout OutputRawSpan) -> Int {
      let bytes = state.withLock { $0.content.dropFirst(Int(offset)).prefix(buffer.freeCapacity) }
      for byte in bytes { buffer.append(byte) }
      return bytes.count
    }
    func write(_ bytes: RawSpan, at offset: Int64) throws(IOError) {
      try make(.write(Int(offset), Array(bytes)))
    }
    func resize(to byteCount: Int64) throws(IOError) { try make(.resize(Int(byteCount))) }
    func synchronize() throws(IOError) { try make(.synchronize) }
  }

  @Test func nothingIsLostWhereverThePowerIsCut() throws {
    let storage = MemoryStorage()
    let options = TreeStoreOptions(pageSize: 4096, cacheBytes: 0)
    try fill(TreeStore(on: storage, options))
    let start = storage.bytes
    let before = try content(TreeStore(on: MemoryStorage(start)).beginReading())
    let journal = Journal(start)
    try TreeStore(on: journal, options).compact()
    let calls = journal.calls
    #expect(calls.count > 20)
    var random = SeededRandom(42)
    var durable = start
    var pending: [Journal.Call] = []
    let step = runsLongTests ? 1 : max(1, calls.count / 25)
    for (index, call) in calls.enumerated() {
      if case .synchronize = call {
        for call in pending { Journal.apply(call, to: &durable) }
        pending = []
      } else {
        pending.append(call)
      }
      // Always around the checkpoints and the cut, where there is little that is pending.
      guard index % step == 0 || pending.count < 2 else { continue }
      var content = durable
      for call in pending.shuffled(using: &random) where random.next() % 2 == 0 {
        Journal.apply(call, to: &content)
      }
      let store = try TreeStore(on: MemoryStorage(content), options)
      #expect(try self.content(store.beginReading()) == before, "cut after call \(index)")
      #expect(try store.verify().problems == [], "cut after call \(index)")
    }
  }

  @Test func anErrorAtAnyCallLosesNothing() throws {
    let storage = MemoryStorage()
    let options = TreeStoreOptions(pageSize: 4096, cacheBytes: 0)
    try fill(TreeStore(on: storage, options))
    let start = storage.bytes
    let before = try content(TreeStore(on: MemoryStorage(start)).beginReading())
    let count = try {
      let journal = Journal(start)
      try TreeStore(on: journal, options).compact()
      return journal.calls.count
    }()
    for call in stride(from: 0, to: count, by: runsLongTests ? 1 : max(1, count / 20)) {
      let journal = Journal(start)
      let store = try TreeStore(on: journal, options)
      journal.fail(at: call)
      #expect(throws: TreeError.self) { try store.compact() }
      #expect(try content(store.beginReading()) == before)
      var bytes = start
      for call in journal.calls { Journal.apply(call, to: &bytes) }
      let reopened = try TreeStore(on: MemoryStorage(bytes), options)
      #expect(try content(reopened.beginReading()) == before)
      #expect(try reopened.verify().problems == [])
    }
  }

  @Test func statisticsTellOfAllPages() throws {
    let store = try TreeStore(on: MemoryStorage(), TreeStoreOptions(pageSize: 4096))
    try fill(store)
    try store.compact()
    let reader = try store.beginReading()
    var pages = 0
    for name in try reader.treeNames {
      let tree = try reader.tree(name)
      let statistics = try tree.statistics()
      let entries = try tree.entries(in: 0..<1_000_000)
      #expect(statistics.entries == entries.count)
      let bytes = entries.reduce(0) { $0 + $1.key.count + $1.value.count }
      #expect(
        statistics.contentBytes == Int64(bytes + (tree.options.isWeighted ? 8 * entries.count : 0)))
      let own = statistics.leafPages + statistics.innerPages + statistics.overflowPages
      #expect(statistics.pageBytes == Int64(own * 4096))
      if name == "numbers" { #expect(statistics.fill > 0.95 && statistics.depth == 2) }
      pages += own
    }
    // Those of the trees, and of the catalogue.
    #expect(try store.verify().pages == pages + 1)
  }
}
