/// A pattern for one component of a path, compiled.
struct GlobComponent: Sendable, Hashable {
  private enum Token: Hashable {
    case byte(UInt8)
    case anyByte
    case oneOf(ByteSet)
    case anyBytes
  }

  private var tokens: [Token] = []

  /// Whether the pattern is `**`, which as a component of its own stands for any directories.
  let isDoubleStar: Bool

  /// - Parameter pattern: a pattern without a slash that is not escaped.
  init(_ pattern: ArraySlice<UInt8>) {
    isDoubleStar = pattern.elementsEqual("**".utf8)
    var rest = pattern
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "*"):
        if tokens.last != .anyBytes { tokens.append(.anyBytes) }
      case UInt8(ascii: "?"):
        tokens.append(.anyByte)
      case UInt8(ascii: "["):
        if let set = ByteSet(parsing: &rest) {
          tokens.append(.oneOf(set))
        } else {
          tokens.append(.byte(byte))
        }
      case UInt8(ascii: "\\"):
        tokens.append(.byte(rest.popFirst() ?? byte))
      default:
        tokens.append(.byte(byte))
      }
    }
  }

  /// Whether the whole of a name matches.
  ///
  /// - Complexity: O(*n* · *m*) in the lengths of the name and the pattern.
  func matches(_ name: UnsafeRawBufferPointer) -> Bool {
    // After a star, only the latest one needs another try: what an earlier star could have taken
    // more of, the latest can take too. So there is no branching, hence nothing exponential.
    var position = 0
    var token = 0
    var retry: (position: Int, token: Int)?
    while true {
      if token < tokens.count, tokens[token] == .anyBytes {
        token += 1
        if token == tokens.count { return true }
        retry = (position, token)
      } else if token < tokens.count, position < name.count, accepts(name[position], at: token) {
        token += 1
        position += 1
      } else if token == tokens.count, position == name.count {
        return true
      } else if let last = retry, last.position < name.count {
        retry = (last.position + 1, last.token)
        position = last.position + 1
        token = last.token
      } else {
        return false
      }
    }
  }

  @inline(__always)
  private func accepts(_ byte: UInt8, at token: Int) -> Bool {
    switch tokens[token] {
    case .byte(let expected): byte == expected
    case .anyByte: true
    case .oneOf(let set): set.contains(byte)
    case .anyBytes: false
    }
  }
}

/// The bytes that a bracket expression stands for.
private struct ByteSet: Hashable {
  private var low: (UInt64, UInt64) = (0, 0)
  private var high: (UInt64, UInt64) = (0, 0)

  static func == (left: ByteSet, right: ByteSet) -> Bool {
    left.low == right.low && left.high == right.high
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(low.0)
    hasher.combine(low.1)
    hasher.combine(high.0)
    hasher.combine(high.1)
  }

  /// Parses what follows a "[", up to and with its "]"; nil, with nothing taken, if there is none.
  init?(parsing pattern: inout ArraySlice<UInt8>) {
    var rest = pattern
    let negates = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
    if negates { rest.removeFirst() }
    var isFirst = true
    while true {
      guard let byte = rest.popFirst() else { return nil }
      if byte == UInt8(ascii: "]"), !isFirst { break }
      isFirst = false
      guard let lower = Self.unescape(byte, &rest) else { return nil }
      var upper = lower
      // A "-" before the closing bracket stands for itself.
      if rest.first == UInt8(ascii: "-"), let end = rest.dropFirst().first,
        end != UInt8(ascii: "]")
      {
        rest.removeFirst(2)
        guard let end = Self.unescape(end, &rest) else { return nil }
        upper = end
      }
      if lower <= upper { for member in lower...upper { insert(member) } }
    }
    if negates {
      low = (~low.0, ~low.1)
      high = (~high.0, ~high.1)
    }
    pattern = rest
  }

  private static func unescape(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) -> UInt8? {
    byte == UInt8(ascii: "\\") ? rest.popFirst() : byte
  }

  private mutating func insert(_ byte: UInt8) {
    let bit = UInt64(1) << UInt64(byte & 63)
    switch byte >> 6 {
    case 0: low.0 |= bit
    case 1: low.1 |= bit
    case 2: high.0 |= bit
    default: high.1 |= bit
    }
  }

  func contains(_ byte: UInt8) -> Bool {
    let word =
      switch byte >> 6 {
      case 0: low.0
      case 1: low.1
      case 2: high.0
      default: high.1
      }
    return word >> UInt64(byte & 63) & 1 != 0
  }
}
