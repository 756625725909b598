public import CairnCore
public import SystemPackage

/// A ``StringArena`` that any number of threads use at once, with one space of symbols.
///
/// Finding a string that is there, and resolving a symbol, take no lock and never wait; adding one
/// takes a lock for as long as that takes, which is long only when the table grows. Two threads that
/// add the same string get the same symbol.
///
/// It keeps strings until it is released: there is no clearing while others may resolve.
public final class SharedStringArena<Space>: Sendable {
  public typealias Symbol = CairnIntern.Symbol<Space>

  @usableFromInline let core: SharedCore

  /// Makes an empty arena.
  ///
  /// - Throws: ``InternError/Code/memory`` if the system does not give the address space.
  public init(_ options: ArenaOptions = ArenaOptions()) throws(InternError) {
    core = try SharedCore(options)
  }

  /// The number of strings; others may be adding some.
  public var count: Int { core.count }

  /// What the arena takes. Threads that add wait meanwhile.
  ///
  /// - Complexity: O(*n*).
  public var memory: ArenaMemory { core.memoryReport() }

  /// The symbol of a string, which is added if the arena does not have it.
  ///
  /// - Throws: as ``StringArena/intern(_:)-(RawSpan)``.
  @inlinable
  public func intern(_ bytes: RawSpan) throws(InternError) -> Symbol {
    Symbol(known: try core.intern(bytes))
  }

  /// The symbol of a string, as ``intern(_:)-(RawSpan)``.
  @inlinable
  public func intern(_ string: String) throws(InternError) -> Symbol {
    try intern(string.utf8.span.bytes)
  }

  /// The symbol of a string, as ``intern(_:)-(RawSpan)``.
  @inlinable
  public func intern(_ string: Substring) throws(InternError) -> Symbol {
    try intern(string.utf8.span.bytes)
  }

  /// Interns the pieces of a text between separators, and appends their symbols; see
  /// ``StringArena/internMany(_:separatedBy:into:)``.
  ///
  /// - Throws: as ``intern(_:)-(RawSpan)``; what was before it has been added, and its symbols have
  ///   been appended.
  @inlinable
  public func internMany(
    _ text: RawSpan, separatedBy separator: UInt8, into symbols: inout [Symbol]
  ) throws(InternError) {
    let batch = StringBatch()
    var offset = 0
    while offset <= text.byteCount {
      let failure = core.internPieces(of: text, separatedBy: separator, from: &offset, batch)
      for symbol in batch.symbols { symbols.append(Symbol(known: symbol)) }
      if let failure { throw failure }
    }
  }

  /// Interns strings that lie one behind the other, and appends their symbols; see
  /// ``StringArena/internMany(_:endingAt:into:)``.
  ///
  /// - Precondition: `ends` ascend, and are at most the length of `text`.
  /// - Throws: as ``internMany(_:separatedBy:into:)``.
  @inlinable
  public func internMany(
    _ text: RawSpan, endingAt ends: Span<Int>, into symbols: inout [Symbol]
  ) throws(InternError) {
    let batch = StringBatch()
    var position = 0
    while position < ends.count {
      let failure = core.internPieces(of: text, endingAt: ends, from: &position, batch)
      for symbol in batch.symbols { symbols.append(Symbol(known: symbol)) }
      if let failure { throw failure }
    }
  }

  /// Interns strings, and returns their symbols in the same order.
  ///
  /// - Throws: as ``intern(_:)-(RawSpan)``; some of the strings have been added then.
  public func internMany(_ strings: some Sequence<String>) throws(InternError) -> [Symbol] {
    var symbols: [Symbol] = []
    symbols.reserveCapacity(strings.underestimatedCount)
    var chunk = StringChunk()
    for string in strings {
      chunk.append(string)
      guard chunk.isFull else { continue }
      try internMany(chunk.text.span.bytes, endingAt: chunk.ends.span, into: &symbols)
      chunk.removeAll()
    }
    try internMany(chunk.text.span.bytes, endingAt: chunk.ends.span, into: &symbols)
    return symbols
  }

  /// Adds all strings of an arena, and returns which symbol here stands for which there.
  ///
  /// - Throws: as ``intern(_:)-(RawSpan)``; some of the strings have been added then.
  public func merge<Other>(
    _ other: borrowing StringArena<Other>
  ) throws(InternError) -> SymbolMap<Other, Space> {
    SymbolMap(try core.merge(other.core.records))
  }

  /// Adds all strings of a frozen arena, and returns which symbol here stands for which there.
  ///
  /// - Throws: as ``intern(_:)-(RawSpan)``; some of the strings have been added then.
  public func merge<Other>(
    _ other: FrozenStringArena<Other>
  ) throws(InternError) -> SymbolMap<Other, Space> {
    SymbolMap(try core.merge(other.core.records))
  }

  /// The symbol of a string, or `nil` if no thread has added it yet.
  @inlinable
  public func symbol(for bytes: RawSpan) -> Symbol? {
    guard let known = core.find(bytes) else { return nil }
    return Symbol(known: known)
  }

  /// The symbol of a string, or `nil` if no thread has added it yet.
  @inlinable
  public func symbol(for string: String) -> Symbol? {
    symbol(for: string.utf8.span.bytes)
  }

  /// The bytes of a string, where the arena keeps them.
  ///
  /// - Precondition: the symbol is one of this arena's; if it came from another thread, it did so in
  ///   a way that orders memory (a lock, a task, an actor), as anything must.
  @inlinable
  @_lifetime(borrow self)
  public func bytes(of symbol: Symbol) -> RawSpan {
    _overrideLifetime(RawSpan(_unsafeBytes: core.content(of: symbol.rawValue)), borrowing: self)
  }

  /// A string as a `String`; bytes that are not UTF-8 are repaired.
  ///
  /// - Precondition: as ``bytes(of:)``.
  public func string(of symbol: Symbol) -> String {
    String(repairing: bytes(of: symbol))
  }

  /// Whether the symbol is one that this arena gave out; for symbols that came from outside.
  public func contains(_ symbol: Symbol) -> Bool {
    core.contains(symbol.rawValue)
  }

  /// The number of a string, see ``ArenaOptions/isNumbered``.
  ///
  /// - Precondition: as ``bytes(of:)``, and the arena numbers its strings.
  public func number(of symbol: Symbol) -> Int {
    core.records.checkedNumber(of: symbol.rawValue)
  }

  /// The symbol of the string with a number, or `nil` if there is none, or strings are not numbered.
  ///
  /// It takes the lock.
  ///
  /// - Complexity: O(1).
  public func symbol(numbered number: Int) -> Symbol? {
    guard let known = core.symbol(numbered: number) else { return nil }
    return Symbol(known: known)
  }

  /// Whether the string of `left` comes before that of `right`, in the order of their bytes.
  ///
  /// Symbols themselves compare in the order in which their strings were added.
  ///
  /// - Precondition: the symbols are this arena's.
  public func precedes(_ left: Symbol, _ right: Symbol) -> Bool {
    core.records.precedes(left.rawValue, right.rawValue)
  }

  /// Writes the bytes of a string.
  ///
  /// - Precondition: as ``bytes(of:)``.
  /// - Throws: what `writer` throws.
  public func write(_ symbol: Symbol, to writer: inout some ByteWriter) throws(IOError) {
    try writer.write(bytes(of: symbol))
  }

  /// Calls `body` with each string that is there when the call starts, in the order in which they
  /// were added.
  @inlinable
  public func forEach<Failure: Error>(
    _ body: (Symbol, RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    var cursor = RecordCursor(core.records)
    while let (symbol, content) = cursor.next() {
      try body(Symbol(known: symbol), RawSpan(_unsafeBytes: content))
    }
  }

  /// Writes the strings that are there when the call starts, as a file to open with
  /// ``FrozenStringArena``; see ``StringArena/freeze(to:withTable:)-(FilePath,_)``.
  ///
  /// Other threads may add and resolve meanwhile.
  public func freeze(to path: FilePath, withTable: Bool = true) throws(InternError) {
    var file = try NewFile(at: path)
    try core.freeze(to: &file.writer, withTable: withTable)
    try file.publish()
  }

  /// Writes the strings that are there when the call starts to a descriptor, from its current offset
  /// on; nothing is synchronized.
  public func freeze(to file: FileDescriptor, withTable: Bool = true) throws(InternError) {
    var writer = FileWriter(file, name: "the frozen arena")
    try core.freeze(to: &writer, withTable: withTable)
  }

  /// Writes the strings that are there when the call starts to a writer of the host's.
  public func freeze(to writer: inout some ByteWriter, withTable: Bool = true) throws(InternError) {
    try core.freeze(to: &writer, withTable: withTable)
  }
}
