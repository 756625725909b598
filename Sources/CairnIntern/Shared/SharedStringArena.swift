public import CairnCore

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
  public func freeze(to writer: inout some ByteWriter, withTable: Bool = true) throws(InternError) {
    try core.freeze(to: &writer, withTable: withTable)
  }
}
