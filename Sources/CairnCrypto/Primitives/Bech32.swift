/// Bech32 (BIP 173) without its limit of 90 characters, as age writes keys.
///
/// What is decoded may be a private key, so both directions work in memory that is overwritten.
enum Bech32 {
  private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
  private static let checksumCount = 6

  /// The text of `data` after the lower-case human-readable part `prefix`; in lower case.
  static func encode(prefix: String, _ data: SecretBytes) -> SecretBytes {
    let prefix = Array(prefix.utf8)
    let prefixCount = prefix.count
    let valueCount = (data.count * 8 + 4) / 5
    return SecretBytes(count: prefixCount + 1 + valueCount + checksumCount) { text in
      var checksum = Checksum(prefix: prefix.span.bytes)
      text.copyBytes(from: prefix)
      text[prefixCount] = UInt8(ascii: "1")
      var position = prefixCount + 1
      func put(_ value: UInt8) {
        text[position] = alphabet[Int(value)]
        position += 1
      }
      _ = data.withUnsafeBytes { data in
        regroup(data, from: 8, to: 5, pad: true) { value in
          checksum.add(value)
          put(value)
        }
      }
      for value in checksum.values() { put(value) }
    }
  }

  /// The same in upper case, as private keys are written.
  static func encodeUppercase(prefix: String, _ data: SecretBytes) -> SecretBytes {
    let lowercase = encode(prefix: prefix, data)
    return SecretBytes(count: lowercase.count) { out in
      lowercase.withUnsafeBytes { text in
        for (i, character) in text.enumerated() {
          let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(character)
          out[i] = isLetter ? character & ~0x20 : character
        }
      }
    }
  }

  /// What a text holds.
  struct Decoded {
    /// The human-readable part, in lower case.
    var prefix: String
    var isUppercase: Bool
    var data: SecretBytes
  }

  /// Reads a text; `nil` if a character, the checksum or the padding is wrong, or cases are mixed.
  static func decode(_ text: RawSpan) -> Decoded? {
    var separator: Int?
    var hasUpper = false
    var hasLower = false
    for i in 0..<text.byteCount {
      switch text[i] {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): hasUpper = true
      case UInt8(ascii: "a")...UInt8(ascii: "z"): hasLower = true
      case UInt8(ascii: "1"): separator = i
      case 33...126: break
      default: return nil
      }
    }
    guard let separator, separator > 0, !(hasUpper && hasLower),
      text.byteCount - separator - 1 >= checksumCount
    else { return nil }
    let prefix = (0..<separator).map { lowercase(text[$0]) }
    var checksum = Checksum(prefix: prefix.span.bytes)
    let valueCount = text.byteCount - separator - 1
    var isSound = true
    let values = SecretBytes(count: valueCount) { values in
      for i in 0..<valueCount {
        let character = lowercase(text[separator + 1 + i])
        guard let value = alphabet.firstIndex(of: character) else {
          isSound = false
          return
        }
        values[i] = UInt8(value)
        checksum.add(UInt8(value))
      }
    }
    guard isSound, checksum.isRight else { return nil }
    let payloadCount = valueCount - checksumCount
    let data = SecretBytes(count: payloadCount * 5 / 8) { data in
      var count = 0
      values.withUnsafeBytes { values in
        isSound = regroup(
          UnsafeRawBufferPointer(rebasing: values[..<payloadCount]), from: 5, to: 8, pad: false
        ) { byte in
          data[count] = byte
          count += 1
        }
      }
    }
    guard isSound else { return nil }
    return Decoded(
      prefix: String(decoding: prefix, as: UTF8.self), isUppercase: hasUpper, data: data)
  }

  private static func lowercase(_ character: UInt8) -> UInt8 {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): character | 0x20
    default: character
    }
  }

  /// Cuts a string of bits into groups of another width. Without padding, false if what is left
  /// over is a whole group or not zero.
  @discardableResult
  private static func regroup(
    _ input: UnsafeRawBufferPointer, from: Int, to: Int, pad: Bool, emit: (UInt8) -> Void
  ) -> Bool {
    var bits: UInt32 = 0
    var bitCount = 0
    let mask = UInt32(1) << UInt32(to) - 1
    for group in input {
      bits = bits << UInt32(from) | UInt32(group)
      bitCount += from
      while bitCount >= to {
        bitCount -= to
        emit(UInt8(bits >> UInt32(bitCount) & mask))
      }
      bits &= UInt32(1) << UInt32(bitCount) - 1
    }
    if pad {
      if bitCount > 0 { emit(UInt8(bits << UInt32(to - bitCount) & mask)) }
      return true
    }
    return bitCount < from && bits == 0
  }

  private struct Checksum {
    private var state: UInt32 = 1

    init(prefix: RawSpan) {
      for i in 0..<prefix.byteCount { add(prefix[i] >> 5) }
      add(0)
      for i in 0..<prefix.byteCount { add(prefix[i] & 31) }
    }

    mutating func add(_ value: UInt8) {
      let top = state >> 25
      state = (state & 0x1ff_ffff) << 5 ^ UInt32(value)
      if top & 1 != 0 { state ^= 0x3b6a_57b2 }
      if top & 2 != 0 { state ^= 0x2650_8e6d }
      if top & 4 != 0 { state ^= 0x1ea1_19fa }
      if top & 8 != 0 { state ^= 0x3d42_33dd }
      if top & 16 != 0 { state ^= 0x2a14_62b3 }
    }

    /// Whether the values added, with their checksum, are as they were written.
    var isRight: Bool { state == 1 }

    /// The checksum of the values added.
    mutating func values() -> [UInt8] {
      for _ in 0..<checksumCount { add(0) }
      let sum = state ^ 1
      return (0..<checksumCount).map { UInt8(sum >> UInt32(5 * (checksumCount - 1 - $0)) & 31) }
    }
  }
}
