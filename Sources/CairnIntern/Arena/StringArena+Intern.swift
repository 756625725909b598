extension StringArena {
  /// The symbol of a string, which is added if the arena does not have it.
  ///
  /// - Throws: ``InternError``: ``InternError/Code/full``, ``InternError/Code/stringTooLong`` or
  ///   ``InternError/Code/memory``. The arena is as it was then.
  /// - Complexity: O(length), and amortised O(1) for the table.
  @inlinable
  public mutating func intern(_ bytes: RawSpan) throws(InternError) -> Symbol {
    Symbol(known: try core.intern(bytes))
  }

  /// The symbol of a string, as ``intern(_:)-(RawSpan)``.
  @inlinable
  public mutating func intern(_ bytes: Span<UInt8>) throws(InternError) -> Symbol {
    try intern(bytes.bytes)
  }

  /// The symbol of a string, as ``intern(_:)-(RawSpan)``.
  @inlinable
  public mutating func intern(_ string: String) throws(InternError) -> Symbol {
    try intern(string.utf8.span.bytes)
  }

  /// The symbol of a string, as ``intern(_:)-(RawSpan)``.
  @inlinable
  public mutating func intern(_ string: Substring) throws(InternError) -> Symbol {
    try intern(string.utf8.span.bytes)
  }

  /// The symbol of a string, as ``intern(_:)-(RawSpan)``.
  @inlinable
  public mutating func intern(_ utf8: String.UTF8View) throws(InternError) -> Symbol {
    try intern(utf8.span.bytes)
  }

  /// The symbol of a string, as ``intern(_:)-(RawSpan)``.
  @inlinable
  public mutating func intern(_ utf8: Substring.UTF8View) throws(InternError) -> Symbol {
    try intern(utf8.span.bytes)
  }

  /// The symbol of a string, as ``intern(_:)-(RawSpan)``.
  public mutating func intern(_ string: StaticString) throws(InternError) -> Symbol {
    guard string.hasPointerRepresentation else { return try intern(string.description) }
    return try intern(
      UnsafeRawBufferPointer(start: string.utf8Start, count: string.utf8CodeUnitCount))
  }

  /// The symbol of a string, as ``intern(_:)-(RawSpan)``; the bytes are read during the call only.
  @inlinable
  public mutating func intern(_ bytes: UnsafeRawBufferPointer) throws(InternError) -> Symbol {
    try intern(RawSpan(_unsafeBytes: bytes))
  }

  /// The symbol of a string, as ``intern(_:)-(RawSpan)``.
  @inlinable
  public mutating func intern(_ bytes: [UInt8]) throws(InternError) -> Symbol {
    try intern(bytes.span.bytes)
  }
}
