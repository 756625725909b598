/// How much attention an entry asks for, the least first; the levels are those of swift-log.
///
/// The raw values are stored and never change.
public enum Severity: UInt8, Sendable, Hashable, CaseIterable {
  case trace = 0
  case debug = 1
  case info = 2
  case notice = 3
  case warning = 4
  case error = 5
  case critical = 6
}

extension Severity: Comparable {
  public static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }
}

extension Severity: LosslessStringConvertible, Codable {
  public init?(_ description: String) {
    guard let severity = Self.allCases.first(where: { $0.description == description }) else {
      return nil
    }
    self = severity
  }

  public var description: String {
    switch self {
    case .trace: "trace"
    case .debug: "debug"
    case .info: "info"
    case .notice: "notice"
    case .warning: "warning"
    case .error: "error"
    case .critical: "critical"
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let severity = Severity(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a severity")
    }
    self = severity
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
