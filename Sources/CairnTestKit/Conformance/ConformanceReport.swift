/// What a conformance suite has found, check by check.
///
/// Its description has a line for each check, for a person to read.
public struct ConformanceReport: Sendable, Hashable, Codable {
  /// One promise that was examined.
  public struct Check: Sendable, Hashable, Codable {
    public enum Outcome: Sendable, Hashable, Codable {
      case passed
      /// It does not hold; the text says what was expected and what was found.
      case failed(String)
      /// It cannot be examined here, for this reason.
      case skipped(String)
    }

    /// The promise, as a sentence without its full stop.
    public let promise: String
    public let outcome: Outcome

    package init(promise: String, outcome: Outcome) {
      self.promise = promise
      self.outcome = outcome
    }
  }

  /// In the order in which they were made.
  public package(set) var checks: [Check] = []

  package init() {}

  /// Those that failed.
  public var failures: [Check] {
    checks.filter { if case .failed = $0.outcome { true } else { false } }
  }

  /// Whether none failed.
  public var isSound: Bool { failures.isEmpty }
}

extension ConformanceReport: CustomStringConvertible {
  public var description: String {
    checks.map(\.description).joined(separator: "\n")
  }
}

extension ConformanceReport.Check: CustomStringConvertible {
  public var description: String {
    switch outcome {
    case .passed: "passed   \(promise)"
    case .failed(let reason): "FAILED   \(promise): \(reason)"
    case .skipped(let reason): "skipped  \(promise): \(reason)"
    }
  }
}
