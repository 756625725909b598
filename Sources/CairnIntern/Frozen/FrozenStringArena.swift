public import CairnCore
public import SystemPackage

/// A string arena that was frozen to a file, mapped back: nothing is parsed or copied, and all
/// symbols are as they were.
///
/// Several processes that map a file share its memory. The arena may be used by several threads at
/// once, and copies of it are one arena. To add strings, put a ``StringArena`` on top of it, see
/// ``StringArena/init(extending:_:)``.
///
/// The file must stay as it is while it is mapped; it may be removed, or replaced by another of its
/// name. If somebody cuts it short, reading what is gone ends the process (`SIGBUS`).
public struct FrozenStringArena<Space>: Sendable {
  public typealias Symbol = CairnIntern.Symbol<Space>

  @usableFromInline let core: FrozenCore

  /// Maps the frozen arena at a path.
  ///
  /// - Throws: ``InternError``: ``InternError/Code/io`` if it cannot be opened or mapped, and
  ///   ``InternError/Code/unknownFormat``, ``InternError/Code/unknownVersion``,
  ///   ``InternError/Code/truncated`` or ``InternError/Code/damaged`` if it is not sound.
  public init(opening path: FilePath, checking check: FrozenCheck = .everything) throws(InternError)
  {
    core = try FrozenCore(MappedFile(opening: path), check)
  }

  /// Maps the frozen arena that a file consists of; the descriptor is borrowed, and may be closed
  /// afterwards.
  ///
  /// - Throws: as ``init(opening:checking:)-(FilePath,_)``.
  public init(
    opening file: FileDescriptor, checking check: FrozenCheck = .everything
  ) throws(InternError) {
    core = try FrozenCore(MappedFile(file), check)
  }

  /// The number of strings.
  public var count: Int { core.count }

  /// Whether strings can be found: whether the arena was frozen with its table.
  public var isSearchable: Bool { core.isSearchable }

  /// The size of the file.
  public var byteCount: Int { core.byteCount }

  /// The bytes of a string, in the file's memory.
  ///
  /// - Precondition: the symbol is one of this arena's. For one from outside, ask
  ///   ``contains(_:)`` first; a symbol that is none gives other bytes of the arena, or traps.
  /// - Complexity: O(1).
  @inlinable
  @_lifetime(borrow self)
  public func bytes(of symbol: Symbol) -> RawSpan {
    let records = core.records
    guard let content = records.content(at: records.layout.offset(of: symbol.rawValue)) else {
      preconditionFailure("the symbol is not one of this arena's")
    }
    return _overrideLifetime(RawSpan(_unsafeBytes: content), borrowing: self)
  }

  /// A string as a `String`; bytes that are not UTF-8 are repaired.
  ///
  /// - Precondition: the symbol is one of this arena's.
  public func string(of symbol: Symbol) -> String {
    String(repairing: bytes(of: symbol))
  }

  /// The symbol of a string, or `nil` if the arena does not have it.
  ///
  /// - Precondition: ``isSearchable``.
  @inlinable
  public func symbol(for bytes: RawSpan) -> Symbol? {
    guard let known = core.find(bytes) else { return nil }
    return Symbol(known: known)
  }

  /// The symbol of a string, or `nil` if the arena does not have it.
  ///
  /// - Precondition: ``isSearchable``.
  @inlinable
  public func symbol(for string: String) -> Symbol? {
    symbol(for: string.utf8.span.bytes)
  }

  /// The bytes of a string whose symbol came from outside, from another file perhaps.
  ///
  /// - Precondition: ``isSearchable``.
  /// - Throws: ``InternError/Code/unknownSymbol`` if the arena has not given out this symbol.
  @_lifetime(borrow self)
  public func bytes(checking symbol: Symbol) throws(InternError) -> RawSpan {
    guard contains(symbol) else { throw .unknownSymbol(symbol.rawValue) }
    return bytes(of: symbol)
  }

  /// Whether the symbol is one that this arena gave out; for symbols that came from outside.
  ///
  /// - Precondition: ``isSearchable``.
  public func contains(_ symbol: Symbol) -> Bool {
    core.contains(symbol.rawValue)
  }

  /// Whether the string of `left` comes before that of `right`, in the order of their bytes.
  ///
  /// Symbols themselves compare in the order in which their strings were added.
  ///
  /// - Precondition: the symbols are this arena's.
  public func precedes(_ left: Symbol, _ right: Symbol) -> Bool {
    core.records.precedes(left.rawValue, right.rawValue)
  }

  /// The symbol of the string with a number, or `nil` if there is none, or strings are not numbered.
  ///
  /// The first call goes through all strings, and keeps a quarter of a byte for each.
  ///
  /// - Complexity: O(1) after that.
  public func symbol(numbered number: Int) -> Symbol? {
    guard let known = core.symbol(numbered: number) else { return nil }
    return Symbol(known: known)
  }

  /// Writes the bytes of a string.
  ///
  /// - Precondition: as ``bytes(of:)``.
  /// - Throws: what `writer` throws.
  public func write(_ symbol: Symbol, to writer: inout some ByteWriter) throws(IOError) {
    try writer.write(bytes(of: symbol))
  }

  /// Calls `body` with each string, in the order in which they were added.
  @inlinable
  public func forEach<Failure: Error>(
    _ body: (Symbol, RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    var cursor = RecordCursor(core.records)
    while let (symbol, content) = cursor.next() {
      try body(Symbol(known: symbol), RawSpan(_unsafeBytes: content))
    }
  }

  /// The number of a string, from 0 on, in the order in which they were added.
  ///
  /// - Precondition: the symbol is one of this arena's, which numbers its strings.
  public func number(of symbol: Symbol) -> Int {
    core.records.checkedNumber(of: symbol.rawValue)
  }
}
