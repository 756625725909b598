/// Paths as the stream writes them: as they are, or quoted as in C.
enum PathQuoting {
  /// Reads a quoted string at the front of `text`, which begins with a quote.
  ///
  /// - Returns: the string and what follows it, or `nil` if it is not well formed.
  static func unquote(_ text: Bytes) -> (path: [UInt8], rest: Bytes)? {
    guard text.first == Byte.quote else { return nil }
    var path: [UInt8] = []
    var rest = text.dropFirst()
    while let byte = rest.popFirst() {
      if byte == Byte.quote { return (path, rest) }
      guard byte == Byte.backslash else {
        path.append(byte)
        continue
      }
      guard let escape = rest.popFirst() else { return nil }
      switch escape {
      case UInt8(ascii: "a"): path.append(7)
      case UInt8(ascii: "b"): path.append(8)
      case UInt8(ascii: "t"): path.append(9)
      case UInt8(ascii: "n"): path.append(10)
      case UInt8(ascii: "v"): path.append(11)
      case UInt8(ascii: "f"): path.append(12)
      case UInt8(ascii: "r"): path.append(13)
      case Byte.quote, Byte.backslash: path.append(escape)
      case UInt8(ascii: "0")...UInt8(ascii: "3"):
        // Three digits always, so the value has eight bits at most.
        var value = escape - UInt8(ascii: "0")
        for _ in 0..<2 {
          guard let digit = rest.popFirst(),
            (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit)
          else { return nil }
          value = value << 3 | (digit - UInt8(ascii: "0"))
        }
        path.append(value)
      default: return nil
      }
    }
    return nil
  }

  /// The path as it is, or quoted where it must be.
  ///
  /// - Parameter always: quotes a path with spaces too, as the source of a copy needs it.
  static func quote(_ path: [UInt8], spaces: Bool = false) -> [UInt8] {
    let needsQuotes = path.contains { byte in
      byte < 0x20 || byte == 0x7F || byte == Byte.quote || byte == Byte.backslash
        || (spaces && byte == Byte.space)
    }
    guard needsQuotes else { return path }
    var result = [Byte.quote]
    for byte in path {
      switch byte {
      case Byte.quote, Byte.backslash: result += [Byte.backslash, byte]
      case 10: result += Array("\\n".utf8)
      case 9: result += Array("\\t".utf8)
      case 0..<0x20, 0x7F:
        let digits = [byte >> 6, byte >> 3 & 7, byte & 7].map { $0 + UInt8(ascii: "0") }
        result += [Byte.backslash] + digits
      default: result.append(byte)
      }
    }
    return result + [Byte.quote]
  }

  /// The components of a path.
  ///
  /// - Throws: what is wrong with it: an empty component, "." or "..", or ".git", which no tree of
  ///   git's may have.
  static func components(of path: [UInt8]) throws -> [[UInt8]] {
    let components = path.split(separator: Byte.slash, omittingEmptySubsequences: false)
    for component in components {
      if component.isEmpty { throw ImportError("Empty path component found in input") }
      let isGit =
        component.count == 4 && component.map { $0 | 0x20 }.equals(".git") && component.first == 46
      if component.equals(".") || component.equals("..") || isGit || component.contains(0) {
        throw ImportError("invalid path '\(path.text)'")
      }
    }
    return components.map { Array($0) }
  }
}
