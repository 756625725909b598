import CairnCore

/// What an object of git is.
public enum ObjectKind: UInt8, Sendable {
  case commit = 1
  case tree, blob, tag

  /// The word that git has for it.
  public var name: String {
    switch self {
    case .commit: "commit"
    case .tree: "tree"
    case .blob: "blob"
    case .tag: "tag"
    }
  }
}

/// The name that git gives an object: the SHA-1 of its type, its length and its bytes.
public struct ObjectID: Hashable, Sendable, CustomStringConvertible {
  // In the order of the bytes in memory.
  private let first: UInt64
  private let second: UInt64
  private let third: UInt32

  static let byteCount = 20

  /// The name of nothing: forty zeros.
  static let null = ObjectID([UInt8](repeating: 0, count: byteCount).span.bytes)

  /// - Precondition: there are 20 bytes.
  init(_ bytes: RawSpan) {
    precondition(bytes.byteCount == Self.byteCount)
    first = bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self)
    second = bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt64.self)
    third = bytes.unsafeLoadUnaligned(fromByteOffset: 16, as: UInt32.self)
  }

  /// - Returns: `nil` unless the text is 40 hexadecimal digits.
  init?(hex: some Collection<UInt8>) {
    guard hex.count == Self.byteCount * 2 else { return nil }
    var bytes: [UInt8] = []
    var high: UInt8?
    for digit in hex {
      guard let value = Self.value(ofHexDigit: digit) else { return nil }
      if let upper = high {
        bytes.append(upper << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    self.init(bytes.span.bytes)
  }

  static func value(ofHexDigit digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// Lends the twenty bytes.
  func withBytes<Result>(_ body: (RawSpan) throws -> Result) rethrows -> Result {
    try withUnsafeBytes(of: (first, second, third)) { bytes in
      try body(UnsafeRawBufferPointer(rebasing: bytes[..<Self.byteCount]).bytes)
    }
  }

  var bytes: [UInt8] { withBytes { Array($0) } }

  private static let digits = Array("0123456789abcdef".utf8)

  /// Forty lower-case digits.
  var hex: [UInt8] {
    var hex: [UInt8] = []
    hex.reserveCapacity(Self.byteCount * 2)
    for byte in bytes {
      hex.append(Self.digits[Int(byte >> 4)])
      hex.append(Self.digits[Int(byte & 15)])
    }
    return hex
  }

  public var description: String { String(decoding: hex, as: UTF8.self) }
}
