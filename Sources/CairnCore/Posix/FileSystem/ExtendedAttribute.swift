/// A name and a value that a file carries beside its content.
public struct ExtendedAttribute: Sendable, Hashable {
  /// The name with its namespace, such as "user.comment", in the bytes of the file system.
  public var name: [UInt8]
  public var value: [UInt8]

  public init(name: [UInt8], value: [UInt8]) {
    self.name = name
    self.value = value
  }
}
