/// Distinct byte strings, each kept once and named by a ``Symbol`` of four bytes.
///
/// ```swift
/// enum Names {}
/// var names = try StringArena<Names>()
/// let makefile = try names.intern("Makefile")
/// names.string(of: makefile)  // "Makefile"
/// ```
///
/// A string is its bytes: case, and how Unicode text is composed, make a difference, and what is not
/// UTF-8 is as good as what is. Strings never move, so what is resolved is a span of the arena's own
/// bytes, which the compiler keeps from outliving the arena or a change to it.
///
/// One owner at a time, who may hand it to another thread; for many threads at once there is
/// ``SharedStringArena``.
public struct StringArena<Space>: ~Copyable {
  public typealias Symbol = CairnIntern.Symbol<Space>

  @usableFromInline var core: ArenaCore

  /// Makes an empty arena.
  ///
  /// - Throws: ``InternError/Code/memory`` if the system does not give the address space.
  public init(_ options: ArenaOptions = ArenaOptions()) throws(InternError) {
    try self.init(options, hash: options.hash)
  }

  /// With a hash that tests choose.
  init(_ options: ArenaOptions, hash: ByteHash) throws(InternError) {
    core = try ArenaCore(options, hash: hash)
  }

  /// Makes an arena that starts with the strings of a frozen one, under the same symbols, and adds
  /// its own behind them.
  ///
  /// What is in the file stays there, shared with others who map it. The granule, and whether
  /// strings are numbered, are those of the frozen arena.
  ///
  /// - Throws: ``InternError/Code/notSearchable`` if `frozen` has no table, else as
  ///   ``init(_:)``.
  public init(
    extending frozen: FrozenStringArena<Space>, _ options: ArenaOptions = ArenaOptions()
  ) throws(InternError) {
    guard frozen.isSearchable else { throw .notSearchable() }
    core = try ArenaCore(extending: frozen.core, options)
  }

  /// The number of strings.
  @inlinable
  public var count: Int { core.count }

  /// Whether there are no strings.
  @inlinable
  public var isEmpty: Bool { core.count == 0 }

  /// What the arena takes.
  public var memory: ArenaMemory { core.memoryReport() }

  /// Forgets all strings, but for those of the frozen arena beneath.
  ///
  /// All symbols of what is forgotten end: the same values will name other strings.
  ///
  /// - Parameter keepingCapacity: whether the memory is kept for the strings to come.
  public mutating func removeAll(keepingCapacity: Bool = false) {
    core.removeAll(keepingCapacity: keepingCapacity)
  }
}

// Sendable: an arena has one owner, who alone reaches the memory that it points to; the frozen arena
// beneath, which others may have too, never changes.
extension StringArena: @unchecked Sendable {}

extension InternError {
  @inline(never)
  static func notSearchable() -> InternError {
    InternError(
      .notSearchable,
      "the frozen arena was written without its table, so nothing can be found in it: freeze it with "
        + "the table")
  }
}
