public import CairnCore

/// A pattern that chooses entries of a snapshot by their paths.
///
/// | in a pattern | stands for | |---|---| | `*` | any bytes within one component, also none | |
/// `?` | any one byte | | `[a-z]`, `[!a-z]`, `[^a-z]` | one byte that is, or is not, in the set;
/// `]` as its first member and `-` as its first or last stand for themselves | | `\` | takes its
/// meaning from the byte that follows, in brackets too | | `**` as a whole component | any number
/// of components, also none; at the end of a pattern at least one | | `/` at the end | only
/// directories match |
///
/// A pattern without a slash, not counting one at its end, matches an entry's name in whatever
/// directory it is: `*.o`, `node_modules/`. A pattern with a slash matches the path from the root
/// of the snapshot on, which begins with the name under which a root was stored: `home/*/.cache`,
/// or the same with a slash in front. With `**/` in front it matches in any directory:
/// `**/build/*.log`.
///
/// A directory that matches stands for all that is below it where a pattern excludes or selects
/// (``covers(_:kind:)``).
///
/// These are gitignore's rules with these differences: there is no negation by `!` and no comment
/// by `#` (both stand for themselves), white space at the end counts, and a name that begins with a
/// dot is a name like any other, as in gitignore. Unlike in rsync's rules a pattern with a slash in
/// the middle is anchored at the root, and `**` next to other bytes of a component means `*`.
/// Matching is by bytes: `?` matches a part of a character outside ASCII, and case counts.
///
/// - Complexity: matching takes at most O(*n* · *m*) for a path of *n* and a pattern of *m* bytes.
public struct Glob: Sendable, Hashable {
  /// The pattern as it was given.
  public let pattern: [UInt8]

  private let components: [GlobComponent]
  private let matchesDirectoriesOnly: Bool
  /// Whether the pattern is for a name in any directory.
  private let matchesNames: Bool

  /// - Throws: `malformed` for a pattern without a component, such as "" and "/".
  public init(_ pattern: String) throws(IOError) {
    try self.init(bytes: Array(pattern.utf8))
  }

  /// - Throws: `malformed` for a pattern without a component, such as "" and "/".
  public init(bytes pattern: [UInt8]) throws(IOError) {
    let slash = UInt8(ascii: "/")
    self.pattern = pattern
    matchesDirectoriesOnly = pattern.last == slash
    // Slashes side by side count as one, as in a path.
    let parts = pattern.split(separator: slash)
    guard !parts.isEmpty else {
      throw IOError(
        .malformed, operation: "use the pattern", subject: "\"\(String(displaying: pattern))\"",
        detail: "it names nothing; \"*\" matches everything")
    }
    matchesNames = parts.count == 1 && pattern.first != slash
    var components: [GlobComponent] = []
    for part in parts {
      let component = GlobComponent(part)
      // `**/**` says no more than `**`.
      if component.isDoubleStar, components.last?.isDoubleStar == true { continue }
      components.append(component)
    }
    self.components = components
  }
}

extension Glob {
  /// Whether the entry of this key itself matches.
  ///
  /// - Parameter key: components joined by zero bytes, as in ``SortedWalk/key``.
  public func matches(_ key: RawSpan, kind: FileKind) -> Bool {
    if matchesDirectoriesOnly, kind != .directory { return false }
    return key.withUnsafeBytes { key in
      matchesNames ? components[0].matches(lastComponent(of: key)) : matchesPath(key)
    }
  }

  /// Whether the entry of this key or a directory above it matches.
  public func covers(_ key: RawSpan, kind: FileKind) -> Bool {
    if matches(key, kind: kind) { return true }
    for end in 0..<key.byteCount where key.unsafeLoad(fromByteOffset: end, as: UInt8.self) == 0 {
      if matches(key.extracting(..<end), kind: .directory) { return true }
    }
    return false
  }

  private func lastComponent(of key: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    var start = key.count
    while start > 0, key[start - 1] != 0 { start -= 1 }
    return UnsafeRawBufferPointer(rebasing: key[start...])
  }

  /// Components against components, with `**` in the part that `*` plays within one.
  private func matchesPath(_ key: UnsafeRawBufferPointer) -> Bool {
    // Where the next component starts; one past the key's end when there is none.
    let end = key.count + 1
    var position = 0
    var index = 0
    var retry: (position: Int, index: Int)?
    while true {
      if index < components.count, components[index].isDoubleStar {
        index += 1
        if index == components.count { return position < end }
        retry = (position, index)
        continue
      }
      if index < components.count, position < end {
        let next = self.end(of: position, in: key)
        if components[index].matches(UnsafeRawBufferPointer(rebasing: key[position..<next])) {
          index += 1
          position = next + 1
          continue
        }
      }
      if index == components.count, position == end { return true }
      guard let last = retry, last.position < end else { return false }
      position = self.end(of: last.position, in: key) + 1
      index = last.index
      retry = (position, index)
    }
  }

  private func end(of start: Int, in key: UnsafeRawBufferPointer) -> Int {
    var end = start
    while end < key.count, key[end] != 0 { end += 1 }
    return end
  }
}

extension Glob: CustomStringConvertible {
  /// The pattern as text for people.
  public var description: String { String(displaying: pattern) }
}
