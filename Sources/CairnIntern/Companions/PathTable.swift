/// Distinct paths, each named by a ``Symbol`` and kept as its parent's symbol and its last component.
///
/// Paths that start alike share what they have in common, so that each directory takes its name
/// once. A path is taken apart at each `/` and nowhere else: an absolute path starts with an empty
/// component, and what is put together again is what was given, byte by byte. A path that was
/// interned is there with all of its parents.
///
/// One owner at a time, who may hand it to another thread.
public struct PathTable<Space>: ~Copyable {
  /// The space of the symbols of components.
  public enum Components {}
  public typealias Path = Symbol<Space>
  public typealias Component = Symbol<Components>

  /// The components of all paths.
  public private(set) var components: StringArena<Components>
  private var core: PathCore

  /// Makes an empty table.
  ///
  /// - Parameters:
  ///   - options: those of the arena that holds the components.
  ///   - limit: the most paths, at most 4,026,531,840; addresses are reserved for that many.
  /// - Throws: ``InternError/Code/memory`` if the system does not give the address space.
  public init(
    _ options: ArenaOptions = ArenaOptions(), limit: Int = 1 << 30
  ) throws(InternError) {
    let core = try PathCore(
      limit: limit, growth: options.growth, hash: options.hash)
    components = try StringArena(options)
    self.core = core
  }

  /// The number of paths, those among them that are only parents of others.
  public var count: Int { core.count }

  /// The bytes of the table and of the pairs, without those of ``components``.
  public var byteCount: Int { core.byteCount }

  /// The symbol of a path, which is added with its parents if the table does not have it.
  ///
  /// - Throws: as ``StringArena/intern(_:)-(RawSpan)``; some of the parents may have been added.
  public mutating func intern(_ path: RawSpan) throws(InternError) -> Path {
    Symbol(known: try core.intern(path, &components.core))
  }

  /// The symbol of a path, as ``intern(_:)-(RawSpan)``.
  public mutating func intern(_ path: String) throws(InternError) -> Path {
    try intern(path.utf8.span.bytes)
  }

  /// Interns the paths of a text between separators, a newline or a byte of zero perhaps, and appends
  /// their symbols: one more than there are separators.
  ///
  /// Faster than one by one where neighbours start alike, as in a listing: what both start with is
  /// looked for once.
  ///
  /// - Throws: as ``intern(_:)-(RawSpan)``; what was before it has been added, and its symbols have
  ///   been appended.
  @inlinable
  public mutating func internMany(
    _ text: RawSpan, separatedBy separator: UInt8, into paths: inout [Path]
  ) throws(InternError) {
    let batch = PathBatch()
    var offset = 0
    while offset <= text.byteCount {
      let failure = internNext(of: text, separatedBy: separator, from: &offset, batch)
      for path in batch.paths { paths.append(Path(known: path)) }
      if let failure { throw failure }
    }
  }

  @usableFromInline
  mutating func internNext(
    of text: RawSpan, separatedBy separator: UInt8, from offset: inout Int, _ batch: PathBatch
  ) -> InternError? {
    batch.intern(text, separatedBy: separator, from: &offset, &core, &components.core)
  }

  /// The symbol of the path of `component` in `parent`, or of that component alone.
  ///
  /// - Precondition: the symbols are this table's.
  /// - Throws: ``InternError/Code/full`` or ``InternError/Code/memory``.
  public mutating func intern(
    _ component: Component, in parent: Path?
  ) throws(InternError) -> Path {
    if let parent { precondition(contains(parent), "the path is not one of this table's") }
    return Symbol(known: try core.intern(parent?.rawValue ?? PathCore.none, component.rawValue))
  }

  /// Interns a component, for ``intern(_:in:)``.
  ///
  /// - Throws: as ``StringArena/intern(_:)-(RawSpan)``.
  public mutating func internComponent(_ component: RawSpan) throws(InternError) -> Component {
    try components.intern(component)
  }

  /// The symbol of a path, or `nil` if the table does not have it.
  public func symbol(for path: RawSpan) -> Path? {
    guard let known = core.find(path, components.core) else { return nil }
    return Symbol(known: known)
  }

  /// The symbol of a path, or `nil` if the table does not have it.
  public func symbol(for path: String) -> Path? {
    symbol(for: path.utf8.span.bytes)
  }

  /// Whether the symbol is one that this table gave out; for symbols that came from outside.
  public func contains(_ path: Path) -> Bool { Int(path.rawValue) < core.count }

  /// The path above, or `nil` for one of a single component.
  ///
  /// - Precondition: the symbol is one of this table's.
  public func parent(of path: Path) -> Path? {
    let parent = core.pair(path.rawValue).parent
    return parent == PathCore.none ? nil : Symbol(known: parent)
  }

  /// The last component of a path.
  ///
  /// - Precondition: the symbol is one of this table's.
  public func lastComponent(of path: Path) -> Component {
    Symbol(known: core.pair(path.rawValue).component)
  }

  /// The bytes of a path.
  ///
  /// - Precondition: the symbol is one of this table's.
  public func bytes(of path: Path) -> [UInt8] {
    core.bytes(of: path.rawValue, components.core)
  }

  /// A path as a `String`; bytes that are not UTF-8 are repaired.
  ///
  /// - Precondition: the symbol is one of this table's.
  public func string(of path: Path) -> String {
    String(decoding: bytes(of: path), as: UTF8.self)
  }

  /// Forgets all paths and components. All symbols end.
  public mutating func removeAll() {
    components.removeAll()
    core.removeAll()
  }
}

// Sendable: a table has one owner, who alone reaches the memory that it points to.
extension PathTable: @unchecked Sendable {}
