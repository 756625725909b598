public import CairnCore

/// Patterns of which any may match.
///
///     var options = WalkOptions()
///     let excluded = try GlobSet(["*.o", "node_modules/"])
///     options.isExcluded = { key, kind in excluded.matches(key, kind: kind) }
public struct GlobSet: Sendable, Hashable {
  /// The patterns, in the order in which they were given.
  public let globs: [Glob]

  /// A set of patterns.
  public init(_ globs: [Glob]) {
    self.globs = globs
  }

  /// - Throws: `malformed` for a pattern that is none.
  public init(_ patterns: [String]) throws(IOError) {
    var globs: [Glob] = []
    for pattern in patterns { globs.append(try Glob(pattern)) }
    self.globs = globs
  }

  /// Whether there are no patterns, so that nothing matches.
  public var isEmpty: Bool { globs.isEmpty }

  /// Whether the entry of this key itself matches one of the patterns.
  public func matches(_ key: RawSpan, kind: FileKind) -> Bool {
    for glob in globs where glob.matches(key, kind: kind) { return true }
    return false
  }

  /// Whether the entry of this key or a directory above it matches one of the patterns.
  public func covers(_ key: RawSpan, kind: FileKind) -> Bool {
    for glob in globs where glob.covers(key, kind: kind) { return true }
    return false
  }
}
