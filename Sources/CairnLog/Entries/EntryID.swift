/// The number of an entry: how many had arrived in the log before it.
///
/// An entry's id is larger than its parent's. It never changes.
public struct EntryID: Sendable, Hashable {
  public let number: UInt32

  /// The largest number that an entry can have.
  public static let maximum = EntryID(UInt32.max - 1)

  public init(_ number: UInt32) {
    self.number = number
  }
}

extension EntryID: Comparable {
  public static func < (a: EntryID, b: EntryID) -> Bool { a.number < b.number }
}

extension EntryID: LosslessStringConvertible {
  public init?(_ description: String) {
    guard let number = UInt32(description) else { return nil }
    self.number = number
  }

  public var description: String { String(number) }
}

extension EntryID: Codable {
  public init(from decoder: any Decoder) throws {
    number = try decoder.singleValueContainer().decode(UInt32.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(number)
  }
}
