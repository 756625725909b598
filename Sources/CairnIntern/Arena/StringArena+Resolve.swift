public import CairnCore

extension StringArena {
  /// The bytes of a string, where the arena keeps them.
  ///
  /// - Precondition: the symbol is one of this arena's. For one from outside there is
  ///   ``bytes(checking:)``; a symbol that is none gives other bytes of the arena, or traps.
  /// - Complexity: O(1).
  @inlinable
  @_lifetime(borrow self)
  public func bytes(of symbol: Symbol) -> RawSpan {
    _overrideLifetime(RawSpan(_unsafeBytes: core.content(of: symbol.rawValue)), borrowing: self)
  }

  /// The UTF-8, or whatever the bytes are, of a string, where the arena keeps them.
  ///
  /// - Precondition: the symbol is one of this arena's.
  @inlinable
  @_lifetime(borrow self)
  public func span(of symbol: Symbol) -> Span<UInt8> {
    _overrideLifetime(
      Span<UInt8>(_unsafeBytes: core.content(of: symbol.rawValue)), borrowing: self)
  }

  /// A string as a `String`; bytes that are not UTF-8 are repaired.
  ///
  /// - Precondition: the symbol is one of this arena's.
  public func string(of symbol: Symbol) -> String {
    String(repairing: bytes(of: symbol))
  }

  /// The bytes of a string whose symbol came from outside, from a file perhaps.
  ///
  /// - Throws: ``InternError/Code/unknownSymbol`` if the arena has not given out this symbol.
  /// - Complexity: that of a lookup.
  @_lifetime(borrow self)
  public func bytes(checking symbol: Symbol) throws(InternError) -> RawSpan {
    guard contains(symbol) else { throw .unknownSymbol(symbol.rawValue) }
    return bytes(of: symbol)
  }

  /// Whether the symbol is one that this arena gave out; for symbols that came from outside.
  public func contains(_ symbol: Symbol) -> Bool {
    core.contains(symbol.rawValue)
  }

  /// Whether the string of a symbol is these bytes.
  ///
  /// - Precondition: the symbol is one of this arena's.
  public func isEqual(_ symbol: Symbol, _ bytes: RawSpan) -> Bool {
    let content = self.bytes(of: symbol)
    guard content.byteCount == bytes.byteCount else { return false }
    let (left, right) = (content.lentBytes, bytes.lentBytes)
    return left.start.equals(right.start, left.count)
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
  /// - Precondition: the symbol is one of this arena's.
  /// - Throws: what `writer` throws.
  public func write(_ symbol: Symbol, to writer: inout some ByteWriter) throws(IOError) {
    try writer.write(bytes(of: symbol))
  }

  /// The symbol of a string, or `nil` if the arena does not have it.
  @inlinable
  public func symbol(for bytes: RawSpan) -> Symbol? {
    guard let known = core.find(bytes) else { return nil }
    return Symbol(known: known)
  }

  /// The symbol of a string, or `nil` if the arena does not have it.
  @inlinable
  public func symbol(for bytes: Span<UInt8>) -> Symbol? {
    symbol(for: bytes.bytes)
  }

  /// The symbol of a string, or `nil` if the arena does not have it.
  @inlinable
  public func symbol(for string: String) -> Symbol? {
    symbol(for: string.utf8.span.bytes)
  }

  /// The symbol of a string, or `nil` if the arena does not have it.
  @inlinable
  public func symbol(for string: Substring) -> Symbol? {
    symbol(for: string.utf8.span.bytes)
  }

  /// The number of a string, from 0 on, in the order in which they were added.
  ///
  /// - Precondition: the symbol is one of this arena's, and it numbers its strings, see
  ///   ``ArenaOptions/isNumbered``.
  public func number(of symbol: Symbol) -> Int {
    core.records.checkedNumber(of: symbol.rawValue)
  }

  /// The symbol of the string with a number, or `nil` if there is none, or strings are not numbered.
  ///
  /// - Complexity: O(1).
  public func symbol(numbered number: Int) -> Symbol? {
    guard let known = core.symbol(numbered: number) else { return nil }
    return Symbol(known: known)
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
}

extension String {
  /// Bytes as a string; what is not UTF-8 is repaired.
  init(repairing bytes: RawSpan) {
    self = bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}

extension InternError {
  @inline(never)
  static func unknownSymbol(_ symbol: UInt32) -> InternError {
    InternError(
      .unknownSymbol, "#\(symbol) is no symbol of this arena: it is another's, or damaged")
  }
}
