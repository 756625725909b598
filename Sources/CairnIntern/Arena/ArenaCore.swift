import CPrefetch
import CairnCore
import SystemPackage

/// The arena, without the type that tells its symbols from others': plain code, compiled once.
///
/// Must: the records from `frozenEnd` to `end` are whole, distinct, and each in the table under its
/// hash; none of them is in the frozen arena beneath.
@usableFromInline
struct ArenaCore: ~Copyable {
  private var memory: ReservedMemory
  /// Where the records start: behind the header of the frozen arena beneath, if there is one.
  private let lead: Int
  private(set) var end: Int
  private let limit: Int
  private let longestString: Int
  private let growth: ArenaOptions.Growth
  let seed: UInt64?
  let layout: RecordLayout
  let hash: ByteHash
  private var table = GroupTable()
  /// The strings that were added here.
  private(set) var added = 0
  /// The bytes of their content.
  private var text = 0
  /// The numbers of those strings, from 0 on.
  private var numbers = NumberIndex()

  let frozen: FrozenCore?
  private let frozenView: GroupView
  private let frozenHash: ByteHash
  private var frozenCount: Int { frozen?.count ?? 0 }
  private var frozenEnd: Int { frozen?.records.end ?? 0 }

  /// - Throws: ``InternError/Code/memory`` if the system has no address space to give.
  init(_ options: ArenaOptions, hash: ByteHash) throws(InternError) {
    layout = options.layout
    limit = Self.limit(options)
    memory = try Self.reserve(limit)
    lead = 0
    end = 0
    longestString = min(max(0, options.longestString), RecordLayout.longest)
    growth = options.growth
    seed = options.seed
    self.hash = hash
    frozen = nil
    frozenView = .empty
    frozenHash = hash
  }

  /// An arena on top of a frozen one, whose layout it takes.
  init(extending frozen: FrozenCore, _ options: ArenaOptions) throws(InternError) {
    var options = options
    options.granule = .init(shift: frozen.records.layout.granuleShift)
    let reach = max(Self.limit(options), frozen.records.end)
    var reserved = try Self.reserve(FrozenHeader.size + reach)
    try frozen.place(into: &reserved)
    memory = reserved
    layout = frozen.records.layout
    limit = reach
    lead = FrozenHeader.size
    end = frozen.records.end
    longestString = min(max(0, options.longestString), RecordLayout.longest)
    growth = options.growth
    seed = options.seed
    hash = options.hash
    self.frozen = frozen
    frozenView = frozen.view
    frozenHash = frozen.hash
  }

  /// The bytes up to which records may go.
  static func limit(_ options: ArenaOptions) -> Int {
    let reach = (Int(Symbol<Never>.largestRawValue) + 1) << options.granule.shift
    return max(0, min(options.byteLimit ?? reach, reach))
  }

  static func reserve(_ count: Int) throws(InternError) -> ReservedMemory {
    do throws(Errno) {
      return try ReservedMemory(reserving: count)
    } catch {
      throw .noMemory(count, error)
    }
  }

  // MARK: Reading

  @usableFromInline
  var records: Records {
    Records(start: UnsafeRawPointer(memory.base) + lead, end: end, layout: layout)
  }

  @usableFromInline
  var count: Int { frozenCount + added }

  @usableFromInline
  func find(_ bytes: RawSpan) -> UInt32? {
    let (start, length) = bytes.lentBytes
    return lookUp(start, length, hash(start, length))
  }

  @inline(__always)
  private func lookUp(_ start: UnsafeRawPointer, _ length: Int, _ key: UInt64) -> UInt32? {
    if frozenView.groupCount > 0,
      let symbol = records.find(start, length, hashedBy: frozenHash, in: frozenView)
    {
      return symbol
    }
    return records.find(start, length, key, in: table.view)
  }

  /// The content of a symbol that this arena gave out, or that of another record.
  @inlinable @inline(__always)
  func content(of symbol: UInt32) -> UnsafeRawBufferPointer {
    let records = records
    guard let content = records.content(at: records.layout.offset(of: symbol)) else {
      preconditionFailure("the symbol is not one of this arena's")
    }
    return content
  }

  /// Whether a string of this arena starts where the symbol says.
  @usableFromInline
  func contains(_ symbol: UInt32) -> Bool {
    let records = records
    guard let content = records.content(at: layout.offset(of: symbol)) else { return false }
    let start = content.baseAddress ?? GroupView.empty.base
    return lookUp(start, content.count, hash(start, content.count)) == symbol
  }

  func symbol(numbered number: Int) -> UInt32? {
    if number < frozenCount { return frozen?.symbol(numbered: number) }
    return numbers.symbol(numbered: number - frozenCount, in: records)
  }

  func memoryReport() -> ArenaMemory {
    let shared = frozen == nil ? 0 : lead + frozenEnd
    return ArenaMemory(
      strings: added, text: text, heads: end - frozenEnd - text,
      table: table.byteCount + numbers.byteCount,
      blocks: max(0, memory.committed - shared), spare: max(0, memory.committed - lead - end),
      mapped: frozen?.byteCount ?? 0)
  }

  @inline(__always)
  func prefetch(_ hashes: UnsafeBufferPointer<UInt64>, _ displaced: UnsafeMutablePointer<UInt32>) {
    records.prefetch(hashes, displaced, table.view, PlainAccess.self)
  }

  // MARK: Adding

  @usableFromInline
  mutating func intern(_ bytes: RawSpan) throws(InternError) -> UInt32 {
    let (start, length) = bytes.lentBytes
    // The common case with as few instructions as it takes, as the words of a short string are both
    // hashed and compared: the fewer a lookup has, the more lookups a processor starts while it waits
    // for memory.
    if length <= ShortString.longest, frozenView.groupCount == 0 {
      let words = ShortString.words(start, length)
      let key = hash(words, length: length)
      if let symbol = records.find(words, length, key, in: table.view) { return symbol }
      return try add(start, length, key)
    }
    return try internAny(start, length)
  }

  @inline(never)
  private mutating func internAny(
    _ start: UnsafeRawPointer, _ length: Int
  ) throws(InternError) -> UInt32 {
    try intern(start, length, hash(start, length))
  }

  @inline(__always)
  mutating func intern(
    _ start: UnsafeRawPointer, _ length: Int, _ key: UInt64
  ) throws(InternError) -> UInt32 {
    if let symbol = lookUp(start, length, key) { return symbol }
    return try add(start, length, key)
  }

  @inline(never)
  private mutating func add(
    _ start: UnsafeRawPointer, _ length: Int, _ key: UInt64
  ) throws(InternError) -> UInt32 {
    guard length <= longestString else { throw .tooLong(length, longestString) }
    let offset = layout.aligned(end)
    let next = offset + layout.headSize(length: length) + length
    guard next <= limit else { throw .full(limit) }
    if table.isFull { try grow() }
    do throws(Errno) {
      try memory.commit(lead + next)
    } catch {
      throw .noMemory(lead + next, error)
    }
    let record = memory.base + lead + offset
    // What was there before ``removeAll(keepingCapacity:)`` must not get into a frozen file.
    for gap in end..<offset {
      memory.base.storeBytes(of: 0, toByteOffset: lead + gap, as: UInt8.self)
    }
    Self.write(record, layout, number: count, start, length)
    let symbol = layout.symbol(at: offset)
    table.insert(key, symbol)
    if layout.isNumbered { numbers.add(symbol, numbered: added) }
    end = next
    added += 1
    text += length
    return symbol
  }

  @inline(__always)
  static func write(
    _ record: UnsafeMutableRawPointer, _ layout: RecordLayout, number: Int,
    _ start: UnsafeRawPointer, _ length: Int
  ) {
    var place = record
    if layout.isNumbered {
      let stored = UInt32(truncatingIfNeeded: number).littleEndian
      place.storeBytes(of: stored, as: UInt32.self)
      place += 4
    }
    var rest = length
    while rest >= 0x80 {
      place.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
      place += 1
      rest >>= 7
    }
    place.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
    (place + 1).copyMemory(from: start, byteCount: length)
  }

  private mutating func grow() throws(InternError) {
    let room = growth.room(after: table.limit)
    do throws(Errno) {
      try table.replace(room: room)
    } catch {
      throw .noMemory(GroupTable.groups(for: room) * GroupView.groupSize, error)
    }
    table.insertAll(of: records, from: frozenEnd, hash)
  }

  /// Forgets all strings that were added here.
  mutating func removeAll(keepingCapacity keepsCapacity: Bool) {
    end = frozenEnd
    added = 0
    text = 0
    numbers.removeAll(keepingCapacity: keepsCapacity)
    if keepsCapacity {
      table.clear()
    } else {
      table.removeAll()
      // The frozen arena beneath ends within a page that holds the first of the strings.
      memory.release(from: frozen == nil ? 0 : lead + frozenEnd)
    }
  }
}

extension Records {
  /// The symbol of a string in a table that leads here.
  @inline(__always)
  func find(
    _ start: UnsafeRawPointer, _ length: Int, _ key: UInt64, in view: GroupView
  ) -> UInt32? {
    if length <= ShortString.longest {
      return find(ShortString.words(start, length), length, key, in: view)
    }
    return findLong(start, length, key, in: view)
  }

  /// The symbol of a short string in a table that leads here.
  @inline(__always)
  func find(
    _ words: (UInt64, UInt64), _ length: Int, _ key: UInt64, in view: GroupView
  ) -> UInt32? {
    view.find(key) { equals($0, words, length) }
  }

  /// The symbol of a string in a table with a hash of its own.
  @inline(never)
  func find(
    _ start: UnsafeRawPointer, _ length: Int, hashedBy hash: ByteHash, in view: GroupView
  ) -> UInt32? {
    find(start, length, hash(start, length), in: view)
  }

  // Apart, so that the way of the short strings is short too.
  @inline(never)
  private func findLong(
    _ start: UnsafeRawPointer, _ length: Int, _ key: UInt64, in view: GroupView
  ) -> UInt32? {
    view.find(key) { equals($0, start, length) }
  }
}

extension Records {
  /// Has the groups of hashes read, and then the records that likely have them, so that they are in
  /// the cache when they are wanted.
  @inline(__always)
  func prefetch<Access: GroupAccess>(
    _ hashes: UnsafeBufferPointer<UInt64>, _ displaced: UnsafeMutablePointer<UInt32>,
    _ view: GroupView, _ access: Access.Type
  ) {
    let (start, layout) = (start, layout)
    view.prefetch(hashes, displaced, access) { symbol in
      let record = start + layout.offset(of: symbol)
      cairn_prefetch(record)
      // A short string may end in the next cache line.
      cairn_prefetch(record + ShortString.longest)
    }
  }
}

extension GroupTable {
  /// Adds all records from `first` on, which are distinct, some at a time: their groups are read
  /// together, in a loop that does nothing else, so that the waits for memory overlap.
  mutating func insertAll(of records: Records, from first: Int, _ hash: ByteHash) {
    let batchSize = 64
    let hashes = UnsafeMutablePointer<UInt64>.allocate(capacity: batchSize)
    let symbols = UnsafeMutablePointer<UInt32>.allocate(capacity: batchSize)
    defer {
      hashes.deallocate()
      symbols.deallocate()
    }
    let layout = records.layout
    var offset = layout.aligned(first)
    var isAtEnd = false
    while !isAtEnd {
      var filled = 0
      while filled < batchSize {
        guard let content = records.content(at: offset) else {
          isAtEnd = true
          break
        }
        let start = content.baseAddress.unsafelyUnwrapped
        hashes[filled] = hash(start, content.count)
        symbols[filled] = layout.symbol(at: offset)
        filled += 1
        offset = layout.aligned(offset + layout.headSize(length: content.count) + content.count)
      }
      insert(UnsafeBufferPointer(start: hashes, count: filled)) { symbols[$0] }
    }
  }

  /// Adds the numbers of some hashes, which are not there.
  @inline(__always)
  mutating func insert(_ hashes: UnsafeBufferPointer<UInt64>, _ number: (Int) -> UInt32) {
    view.prefetch(hashes)
    for index in hashes.indices { insert(hashes[index], number(index)) }
  }
}

extension InternError {
  @inline(never)
  static func full(_ limit: Int) -> InternError {
    InternError(
      .full,
      "the arena is full: its strings may take \(limit) bytes; a larger limit, or a granule of 4 or "
        + "8 bytes, gives it more room")
  }

  @inline(never)
  static func tooLong(_ length: Int, _ longest: Int) -> InternError {
    InternError(
      .stringTooLong, "a string has \(length) bytes, and the arena takes at most \(longest)")
  }

  @inline(never)
  static func noMemory(_ count: Int, _ errno: Errno) -> InternError {
    InternError(
      .memory,
      "the system gives no \(count) bytes of memory or address space: raise the limits of the "
        + "process (ulimit -v), or set a lower limit for the arena",
      cause: errno)
  }
}
