/// A copy of an entry of a tree.
public struct TreeEntry: Sendable, Hashable, Codable {
  public var key: [UInt8]
  public var value: [UInt8]
  /// 0 in a tree without weights.
  public var weight: UInt64

  public init(key: [UInt8], value: [UInt8], weight: UInt64 = 0) {
    self.key = key
    self.value = value
    self.weight = weight
  }
}

/// How a tree stores its entries; chosen when it is created.
public struct TreeOptions: Sendable, Hashable {
  /// The number of bytes of every key, or `nil` for any number up to 1024.
  public var keyWidth: Int?
  /// The number of bytes of every value, or `nil` for any number. Needs a ``keyWidth``; together
  /// they are at most 512.
  public var valueWidth: Int?
  /// Whether each entry has a weight.
  public var isWeighted: Bool

  /// Fixed widths take less space and time: entries are stored without lengths and offsets.
  public init(keyWidth: Int? = nil, valueWidth: Int? = nil, isWeighted: Bool = false) {
    self.keyWidth = keyWidth
    self.valueWidth = valueWidth
    self.isWeighted = isWeighted
  }
}
