/// Base64 (RFC 4648, standard alphabet) without padding, as age uses it: one text for each value.
enum Base64 {
  /// How many characters `count` bytes become.
  static func encodedCount(_ count: Int) -> Int { (count * 4 + 2) / 3 }

  static func append(_ bytes: some Sequence<UInt8>, to text: inout [UInt8]) {
    var bits: UInt32 = 0
    var bitCount = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      bitCount += 8
      while bitCount >= 6 {
        bitCount -= 6
        text.append(character(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount) & 63)))
      }
    }
    if bitCount > 0 {
      text.append(character(UInt8(truncatingIfNeeded: bits << UInt32(6 - bitCount) & 63)))
    }
  }

  static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    append(bytes, to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends the decoded bytes; false if `text` is not what encoding them gives: another
  /// character, padding, a length that no value has, or bits left over that are not zero.
  static func decode(_ text: RawSpan, appendingTo bytes: inout [UInt8]) -> Bool {
    decode(text) { bytes.append($0) }
  }

  /// Decodes a secret; `nil` as ``decode(_:appendingTo:)``.
  static func decodeSecret(_ text: RawSpan) -> SecretBytes? {
    var isSound = false
    let secret = SecretBytes(count: text.byteCount * 3 / 4) { out in
      var count = 0
      isSound = decode(text) { byte in
        out[count] = byte
        count += 1
      }
    }
    return isSound ? secret : nil
  }

  private static func decode(_ text: RawSpan, emit: (UInt8) -> Void) -> Bool {
    if text.byteCount % 4 == 1 { return false }
    var bits: UInt32 = 0
    var bitCount = 0
    for i in 0..<text.byteCount {
      guard let value = value(of: text[i]) else { return false }
      bits = bits << 6 | UInt32(value)
      bitCount += 6
      if bitCount >= 8 {
        bitCount -= 8
        emit(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
      }
    }
    return bits & (1 << UInt32(bitCount) - 1) == 0
  }

  static func decode(_ text: RawSpan) -> [UInt8]? {
    var bytes: [UInt8] = []
    return decode(text, appendingTo: &bytes) ? bytes : nil
  }

  static func decode(_ text: String) -> [UInt8]? {
    let text = Array(text.utf8)
    return decode(text.span.bytes)
  }

  /// The character that stands for six bits.
  static func character(_ value: UInt8) -> UInt8 {
    switch value {
    case 0..<26: UInt8(ascii: "A") + value
    case 26..<52: UInt8(ascii: "a") + value - 26
    case 52..<62: UInt8(ascii: "0") + value - 52
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
  }

  private static func value(of character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
