/// Makes keys of what a terminal sends: characters in UTF-8, control characters, and the escape
/// sequences of ECMA-48 and of the VT220 for the other keys.
///
/// A sequence may come in any pieces. The escape key itself is known only by what does not follow:
/// when nothing came for a moment, the caller says so by ``giveUp()``. What means nothing is passed
/// over; whatever is sent, no more than a few bytes are kept.
public struct KeyDecoder {
  /// The beginning of what is not whole yet.
  private var pending: [UInt8] = []

  private static let escape: UInt8 = 0x1B
  /// The bytes that are kept of a sequence; none that means something has more.
  private static let longestSequence = 16

  public init() {}

  /// Whether the rest of a sequence is expected.
  public var isWaiting: Bool { !pending.isEmpty }

  /// The keys that are known when these bytes have come.
  public mutating func keys(from bytes: some Sequence<UInt8>) -> [Key] {
    var keys: [Key] = []
    for byte in bytes { take(byte, &keys) }
    return keys
  }

  /// Nothing more came.
  public mutating func giveUp() -> [Key] {
    defer { pending = [] }
    return pending == [Self.escape] ? [.escape] : []
  }

  private mutating func take(_ byte: UInt8, _ keys: inout [Key]) {
    guard let first = pending.first else { return begin(byte, &keys) }
    if first == Self.escape {
      takeInSequence(byte, &keys)
    } else if byte & 0xC0 == 0x80 {
      pending.append(byte)
      guard pending.count == Self.length(first) else { return }
      if let text = String(validating: pending, as: UTF8.self), let character = text.first {
        keys.append(.character(character))
      }
      pending = []
    } else {
      pending = []
      begin(byte, &keys)
    }
  }

  private mutating func begin(_ byte: UInt8, _ keys: inout [Key]) {
    switch byte {
    case Self.escape: pending = [byte]
    case 0x08, 0x7F: keys.append(.backspace)
    case 0x09: keys.append(.tab)
    case 0x0A, 0x0D: keys.append(.enter)
    case 0x01...0x1A: keys.append(.control(Character(Unicode.Scalar(byte + 0x60))))
    case 0x20..<0x7F: keys.append(.character(Character(Unicode.Scalar(byte))))
    case 0xC2...0xF4: pending = [byte]
    default: break
    }
  }

  /// The bytes of a character of which this is the first.
  private static func length(_ first: UInt8) -> Int { first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4 }

  private mutating func takeInSequence(_ byte: UInt8, _ keys: inout [Key]) {
    if pending.count == 1 {
      switch byte {
      case UInt8(ascii: "["), UInt8(ascii: "O"): pending.append(byte)
      default:
        pending = []
        keys.append(.escape)
        begin(byte, &keys)
      }
      return
    }
    switch byte {
    case 0x40...0x7E:
      if let key = Self.key(pending.dropFirst(2), byte) { keys.append(key) }
      pending = []
    case 0x20...0x3F:
      if pending.count < Self.longestSequence { pending.append(byte) }
    default:
      pending = []
      begin(byte, &keys)
    }
  }

  /// - Parameter parameters: numbers, of which only the first one says which key it is; the second,
  ///   what was pressed with it.
  private static func key(_ parameters: ArraySlice<UInt8>, _ final: UInt8) -> Key? {
    let digits = parameters.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    switch final {
    case UInt8(ascii: "A"): return .up
    case UInt8(ascii: "B"): return .down
    case UInt8(ascii: "C"): return .right
    case UInt8(ascii: "D"): return .left
    case UInt8(ascii: "H"): return .home
    case UInt8(ascii: "F"): return .end
    case UInt8(ascii: "M"): return .enter
    case UInt8(ascii: "~"):
      switch Int(String(decoding: digits, as: UTF8.self)) {
      case 1, 7: return .home
      case 3: return .delete
      case 4, 8: return .end
      case 5: return .pageUp
      case 6: return .pageDown
      default: return nil
      }
    default: return nil
    }
  }
}
