extension String {
  /// The bytes of a name or path as text for people: what is not printable UTF-8 is written as
  /// an escape, so that a name cannot forge a line of output.
  public init(displaying bytes: some Sequence<UInt8>) {
    let bytes = Array(bytes)
    if let text = String(validating: bytes, as: UTF8.self),
      text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
    {
      self = text
      return
    }
    var text = ""
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var position = 0
    decoding: while true {
      switch decoder.decode(&iterator) {
      case .scalarValue(let scalar):
        position += UTF8.width(scalar)
        switch scalar {
        case "\n": text += "\\n"
        case "\t": text += "\\t"
        case _ where scalar.properties.generalCategory == .control:
          text += Self.escape(UInt8(truncatingIfNeeded: scalar.value))
        default: text.unicodeScalars.append(scalar)
        }
      case .error:
        // How many bytes the decoder took is not told; begin again after the one that is wrong.
        text += Self.escape(bytes[position])
        position += 1
        decoder = UTF8()
        iterator = Array(bytes[position...]).makeIterator()
      case .emptyInput:
        break decoding
      }
    }
    self = text
  }

  package init(displaying bytes: RawSpan) {
    self = bytes.withUnsafeBytes { String(displaying: $0) }
  }

  private static func escape(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
  }
}
