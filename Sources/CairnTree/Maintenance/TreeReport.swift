/// What ``TreeStore/verify(progress:)`` has found.
public struct TreeReport: Sendable, Hashable, Codable {
  /// Something that is not as it should be.
  public struct Problem: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The tree that it concerns; `nil` for the catalogue and the space map.
    public var tree: String?
    /// The page that it concerns, if it is one.
    public var page: UInt32?
    /// A whole sentence without its full stop.
    public var message: String

    public var description: String {
      (tree.map { "tree \($0): " } ?? "") + message
    }
  }

  /// The most problems that are listed; there may be more.
  public static let problemLimit = 1000

  public internal(set) var problems: [Problem] = []
  /// The number of trees, entries and pages that were looked at.
  public internal(set) var trees = 0
  public internal(set) var entries: UInt64 = 0
  public internal(set) var pages = 0

  public var isSound: Bool { problems.isEmpty }

  mutating func add(_ message: String, tree: String?, page: UInt32?) {
    guard problems.count < Self.problemLimit else { return }
    problems.append(Problem(tree: tree, page: page, message: message))
  }
}
