extension LogField {
  /// The raw values are stored.
  private enum Kind: UInt8 {
    case integer = 0
    case real = 1
    case no = 2
    case yes = 3
    case text = 4
    case bytes = 5
  }

  /// Appends the number of a name (a varint), a byte for the kind, and the value: a zigzag varint, 8
  /// bytes, nothing, or a counted string.
  static func encode(_ value: Value, name: UInt32, into bytes: inout [UInt8]) {
    bytes.append(varint: UInt64(name))
    switch value {
    case .integer(let number):
      bytes.append(Kind.integer.rawValue)
      bytes.append(varint: UInt64(bitPattern: number << 1 ^ number >> 63))
    case .real(let number):
      bytes.append(Kind.real.rawValue)
      withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    case .boolean(let truth):
      bytes.append(truth ? Kind.yes.rawValue : Kind.no.rawValue)
    case .text(let text):
      bytes.append(Kind.text.rawValue)
      bytes.append(varint: UInt64(text.utf8.count))
      bytes.append(contentsOf: text.utf8)
    case .bytes(let content):
      bytes.append(Kind.bytes.rawValue)
      bytes.append(varint: UInt64(content.count))
      bytes.append(contentsOf: content)
    }
  }

  /// Reads fields up to the end; `nil` if they do not follow the format.
  static func decode(_ bytes: UnsafeRawBufferPointer) -> [(name: UInt32, value: Value)]? {
    var cursor = ByteCursor(bytes)
    var fields: [(name: UInt32, value: Value)] = []
    do throws(ByteCursor.Malformed) {
      while cursor.remaining > 0 {
        let name = try cursor.readUInt32()
        fields.append((name, try value(&cursor)))
      }
    } catch {
      return nil
    }
    return fields
  }

  private static func value(_ cursor: inout ByteCursor) throws(ByteCursor.Malformed) -> Value {
    guard let kind = Kind(rawValue: try cursor.readByte()) else { throw ByteCursor.Malformed() }
    switch kind {
    case .integer: return .integer(try cursor.readSigned())
    case .real: return .real(Double(bitPattern: try cursor.readUInt64()))
    case .no: return .boolean(false)
    case .yes: return .boolean(true)
    case .text: return .text(String(decoding: try cursor.readCounted(), as: UTF8.self))
    case .bytes: return .bytes([UInt8](try cursor.readCounted()))
    }
  }
}
