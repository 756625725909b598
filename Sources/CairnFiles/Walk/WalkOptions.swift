public import CairnCore

/// What a ``SortedWalk`` visits and what it may use.
public struct WalkOptions: Sendable {
  /// Whether the content of directories on other file systems than their root's is left out. The
  /// directories themselves, the mount points, are still entries.
  public var staysOnFileSystem = false

  /// Says of an entry, by its key and its kind, whether it is left out, with all that is below it.
  ///
  /// Not asked for roots: those were named by the user. It runs once for each other entry, so it
  /// has to be fast.
  public var isExcluded: (@Sendable (_ key: RawSpan, _ kind: FileKind) -> Bool)?

  /// How many of the directories on the way to the current entry are kept open, at least 2.
  ///
  /// Deeper trees work: the upper directories are opened again on the way back. 128 is deeper than
  /// trees are in practice, and leaves most of a usual limit of 1,024 descriptors to others.
  public var openDirectories = 128

  /// The defaults.
  public init() {}
}
