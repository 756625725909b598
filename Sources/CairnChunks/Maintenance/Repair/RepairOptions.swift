/// How a repository is repaired.
public struct RepairOptions: Sendable {
  /// Other places that hold copies of the repository's blobs, or of some: a mirror, an older copy. What
  /// is taken from them is checked as everything else is. At most 200.
  public var copies: [any Target]

  /// Brings back roots that a copy holds and the repository does not: they were lost, or forgotten
  /// on purpose, which cannot be told apart. What they lead to is taken from the copies too.
  public var restoresRoots: Bool

  /// The session that writes again what was saved.
  public var session: SessionOptions

  public init(
    copies: [any Target] = [], restoresRoots: Bool = false,
    session: SessionOptions = SessionOptions()
  ) {
    self.copies = copies
    self.restoresRoots = restoresRoots
    self.session = session
  }
}
