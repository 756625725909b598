/// How files are restored.
public struct RestoreOptions: Sendable {
  /// What to do about the owners of restored files.
  public struct Ownership: Sendable, Hashable {
    private enum Kind: Hashable { case whenPossible, required, ignored }
    private let kind: Kind

    /// Owners and groups are set. What fails is reported to root, for whom it should not fail;
    /// others can give files only to themselves and their groups, so it is not worth a word.
    public static let whenPossible = Ownership(kind: .whenPossible)
    /// Owners and groups are set, and what fails is reported.
    public static let required = Ownership(kind: .required)
    /// Files belong to who restores them.
    public static let ignored = Ownership(kind: .ignored)
  }

  /// What to do about owners.
  public var ownership = Ownership.whenPossible

  /// Restores files of which something is lost, with holes where it was, rather than leaving them out.
  /// The report names each, and the first of the ranges.
  public var restoresDamagedFiles = false

  /// How many directories are kept open between uses, at least 1.
  ///
  /// Each file that is being written keeps its directory open beyond that. 128 holds the
  /// directories on the way to an entry in most trees, with those whose files are still being
  /// written.
  public var openDirectories = 128

  /// The defaults.
  public init() {}
}
