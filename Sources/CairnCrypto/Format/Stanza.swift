/// One entry of a header: the file key, wrapped in one way (C2SP age.md, "Recipient stanza").
///
/// A header stores it as `-> type argument…`, then the body in base64.
public struct Stanza: Sendable, Hashable {
  /// What kind of recipient this is for, such as `X25519`.
  public var type: String
  /// What follows the type on the first line.
  public var arguments: [String]
  /// The wrapped file key, as the type defines it.
  public var body: [UInt8]

  /// Makes a stanza. The type and the arguments must be visible ASCII characters, at least one
  /// each, or sealing refuses it.
  public init(type: String, arguments: [String], body: [UInt8]) {
    self.type = type
    self.arguments = arguments
    self.body = body
  }

  /// Base64 columns to a line of the body.
  static let columns = 64
  /// Bytes that make a full line of the body.
  static let bytesPerLine = columns / 4 * 3

  /// Whether the type and all arguments can be written.
  var isWritable: Bool {
    ([type] + arguments).allSatisfy { word in
      !word.isEmpty && word.utf8.allSatisfy { (33...126).contains($0) }
    }
  }

  /// Appends the stanza as the header stores it.
  func encode(into bytes: inout [UInt8]) {
    bytes += "->".utf8
    for word in [type] + arguments {
      bytes.append(UInt8(ascii: " "))
      bytes += word.utf8
    }
    bytes.append(UInt8(ascii: "\n"))
    // The last line is always a short one, if need be an empty one: it marks the end of the body.
    var start = 0
    while true {
      let line = body[start..<min(start + Self.bytesPerLine, body.count)]
      Base64.append(line, to: &bytes)
      bytes.append(UInt8(ascii: "\n"))
      if line.count < Self.bytesPerLine { return }
      start += line.count
    }
  }
}
