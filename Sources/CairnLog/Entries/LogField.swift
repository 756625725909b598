/// A named value of an entry.
public struct LogField: Sendable, Hashable {
  public var name: String
  public var value: Value

  public enum Value: Sendable, Hashable {
    case integer(Int64)
    case real(Double)
    case boolean(Bool)
    case text(String)
    case bytes([UInt8])
  }

  public init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }
}

extension LogField.Value: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByStringLiteral
{
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .real(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(stringLiteral value: String) { self = .text(value) }
}
