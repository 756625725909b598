import CairnCore
import Synchronization
import SystemPackage

/// The shared arena, without the type that tells its symbols from others'.
@usableFromInline
final class SharedCore: @unchecked Sendable {
  // Sendable: `memory`, `tables` and `numbers` are used only with `lock` held. What is read without it
  // is atomic, constant, or a record: written before `end` and before the tag that leads to it, both
  // with releasing stores, and never again.
  //
  // The lock's own value is not used. It is no `Void`, which would lie at the address of the next
  // property, where ThreadSanitizer takes the two for one.
  private let lock = Monitor(0)
  private var memory: ReservedMemory
  /// All tables that ever were; the last is the one in use.
  private var tables: [SharedTable]
  private var numbers = NumberIndex()
  private let current: Atomic<Unmanaged<SharedTable>>

  private let start: UnsafeMutableRawPointer
  private let end = Atomic(0)
  private let added = Atomic(0)
  let layout: RecordLayout
  private let limit: Int
  private let longestString: Int
  private let growth: ArenaOptions.Growth
  private let seed: UInt64?
  let hash: ByteHash

  init(_ options: ArenaOptions) throws(InternError) {
    let limit = ArenaCore.limit(options)
    let memory = try ArenaCore.reserve(limit)
    start = memory.base
    self.memory = memory
    self.limit = limit
    layout = options.layout
    longestString = min(max(0, options.longestString), RecordLayout.longest)
    growth = options.growth
    seed = options.seed
    hash = options.hash
    let first = SharedTable(GroupTable())
    tables = [first]
    current = Atomic(Unmanaged.passUnretained(first))
  }

  /// All that has been added up to now.
  @usableFromInline
  var records: Records {
    Records(start: start, end: end.load(ordering: .acquiring), layout: layout)
  }

  @usableFromInline
  var count: Int { added.load(ordering: .relaxed) }

  @usableFromInline
  func content(of symbol: UInt32) -> UnsafeRawBufferPointer {
    guard let content = records.content(at: layout.offset(of: symbol)) else {
      preconditionFailure("the symbol is not one of this arena's")
    }
    return content
  }

  @usableFromInline
  func find(_ bytes: RawSpan) -> UInt32? {
    let (start, length) = bytes.lentBytes
    return lookUp(start, length, hash(start, length))
  }

  @usableFromInline
  func intern(_ bytes: RawSpan) throws(InternError) -> UInt32 {
    let (start, length) = bytes.lentBytes
    return try intern(start, length, hash(start, length))
  }

  func intern(
    _ start: UnsafeRawPointer, _ length: Int, _ key: UInt64
  ) throws(InternError) -> UInt32 {
    if let symbol = lookUp(start, length, key) { return symbol }
    let result: Result<UInt32, InternError> = lock.withLock { _ in
      // Another thread may have added it meanwhile.
      if let symbol = lookUp(start, length, key) { return .success(symbol) }
      return add(start, length, key)
    }
    return try result.get()
  }

  func contains(_ symbol: UInt32) -> Bool {
    guard let content = records.content(at: layout.offset(of: symbol)),
      let start = content.baseAddress
    else { return false }
    return lookUp(start, content.count, hash(start, content.count)) == symbol
  }

  func prefetch(_ hashes: UnsafeBufferPointer<UInt64>, _ displaced: UnsafeMutablePointer<UInt32>) {
    let view = current.load(ordering: .acquiring)._withUnsafeGuaranteedRef { $0.view }
    records.prefetch(hashes, displaced, view, SharedAccess.self)
  }

  func symbol(numbered number: Int) -> UInt32? {
    lock.withLock { _ in numbers.symbol(numbered: number, in: records) }
  }

  private func lookUp(_ start: UnsafeRawPointer, _ length: Int, _ key: UInt64) -> UInt32? {
    var table = current.load(ordering: .acquiring)
    while true {
      let view = table._withUnsafeGuaranteedRef { $0.view }
      if let symbol = lookUp(start, length, key, in: view) { return symbol }
      // A table that was replaced meanwhile may have been emptied while it was read.
      let newest = current.load(ordering: .acquiring)
      if newest.toOpaque() == table.toOpaque() { return nil }
      table = newest
    }
  }

  @inline(__always)
  private func lookUp(
    _ start: UnsafeRawPointer, _ length: Int, _ key: UInt64, in view: GroupView
  ) -> UInt32? {
    if length <= ShortString.longest {
      let words = ShortString.words(start, length)
      return view.find(key, SharedAccess.self) { records.equals($0, words, length) }
    }
    return view.find(key, SharedAccess.self) { records.equals($0, start, length) }
  }

  // MARK: With the lock held

  private func add(
    _ start: UnsafeRawPointer, _ length: Int, _ key: UInt64
  ) -> Result<UInt32, InternError> {
    guard length <= longestString else { return .failure(.tooLong(length, longestString)) }
    let offset = layout.aligned(end.load(ordering: .relaxed))
    let next = offset + layout.headSize(length: length) + length
    guard next <= limit else { return .failure(.full(limit)) }
    do throws(InternError) {
      if tables[tables.count - 1].table.isFull { try grow() }
    } catch {
      return .failure(error)
    }
    do throws(Errno) {
      try memory.commit(next)
    } catch {
      return .failure(.noMemory(next, error))
    }
    let number = added.load(ordering: .relaxed)
    ArenaCore.write(self.start + offset, layout, number: number, start, length)
    end.store(next, ordering: .releasing)
    let symbol = layout.symbol(at: offset)
    if layout.isNumbered { numbers.add(symbol, numbered: number) }
    tables[tables.count - 1].table.insert(key, symbol, SharedAccess.self)
    added.store(number + 1, ordering: .relaxed)
    return .success(symbol)
  }

  private func grow() throws(InternError) {
    let old = tables[tables.count - 1]
    let room = growth.room(after: old.table.limit)
    var larger = GroupTable()
    do throws(Errno) {
      try larger.replace(room: room)
    } catch {
      throw .noMemory(GroupTable.groups(for: room) * GroupView.groupSize, error)
    }
    larger.insertAll(of: records, from: 0, hash)
    let table = SharedTable(larger)
    tables.append(table)
    current.store(Unmanaged.passUnretained(table), ordering: .releasing)
    old.table.retire()
  }

  // MARK: Reports and files

  func memoryReport() -> ArenaMemory {
    lock.withLock { _ in
      let records = records
      let count = added.load(ordering: .relaxed)
      var report = ArenaMemory(
        strings: count, text: 0, heads: 0,
        table: tables[tables.count - 1].table.byteCount + numbers.byteCount,
        blocks: memory.committed, spare: memory.committed - records.end, mapped: 0)
      var cursor = RecordCursor(records)
      while let (_, content) = cursor.next() { report.text += content.count }
      report.heads = records.end - report.text
      return report
    }
  }

  /// Adds all records, and returns where they are there, ascending, and where here.
  func merge(_ other: Records) throws(InternError) -> [(there: UInt32, here: UInt32)] {
    var core = self
    return try other.intern(into: &core)
  }

  func freeze(to writer: inout some ByteWriter, withTable: Bool) throws(InternError) {
    // What is added from here on does not get into the file; what is there does not change.
    let (end, count) = lock.withLock { _ in
      (self.end.load(ordering: .relaxed), self.added.load(ordering: .relaxed))
    }
    let records = Records(start: start, end: end, layout: layout)
    try records.freeze(count, seed: seed, withTable: withTable, to: &writer)
  }
}
