/// What ``Log/verify()`` has found.
public struct LogReport: Sendable, Hashable, Codable {
  /// The most problems that are listed; there may be more.
  public static let problemLimit = 1000

  /// Whole sentences without their full stops.
  public internal(set) var problems: [String] = []
  /// The number of entries, frames and bytes of entries that were looked at.
  public internal(set) var entries = 0
  public internal(set) var frames = 0
  public internal(set) var bytes: Int64 = 0

  public var isSound: Bool { problems.isEmpty }

  mutating func add(_ problem: String) {
    if problems.count < Self.problemLimit { problems.append(problem) }
  }
}
