import CairnChunks

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
      default:
        guard let letter = letters.firstIndex(of: escape) else { return nil }
        path.append(UInt8(letter) + 7)
      }
    }
    return nil
  }

  /// Where in a command a path stands; messages say it.
  enum Field: String {
    case path, source, dest
  }

  /// The path that is the rest of a command, quoted or not; nothing is the root.
  static func last(_ text: Bytes, _ field: Field, of command: Bytes) throws -> [UInt8] {
    let (path, rest) = try read(text, field, of: command) { $0.endIndex }
    guard rest.isEmpty else {
      throw ImportError("Garbage after \(field.rawValue): \(command.text)")
    }
    return path
  }

  /// The path at the front of the rest of a command, and what is behind the space after it; a path
  /// with spaces must be quoted.
  static func first(
    _ text: Bytes, _ field: Field, of command: Bytes
  ) throws -> (path: [UInt8], rest: Bytes) {
    let (path, rest) = try read(text, field, of: command) {
      $0.firstIndex(of: Byte.space) ?? $0.endIndex
    }
    guard rest.first == Byte.space else {
      throw ImportError("Missing space after \(field.rawValue): \(command.text)")
    }
    return (path, rest.dropFirst())
  }

  private static func read(
    _ text: Bytes, _ field: Field, of command: Bytes, unquotedEnd: (Bytes) -> Int
  ) throws -> (path: [UInt8], rest: Bytes) {
    let result: (path: [UInt8], rest: Bytes)
    if text.first == Byte.quote {
      guard let unquoted = unquote(text) else {
        throw ImportError("Invalid \(field.rawValue): \(command.text)")
      }
      result = unquoted
    } else {
      let end = unquotedEnd(text)
      result = (Array(text[..<end]), text[end...])
    }
    guard !result.path.contains(0) else {
      throw ImportError("NUL in \(field.rawValue): \(command.text)")
    }
    return result
  }

  /// The path as it is, or quoted where it must be in a command.
  ///
  /// - Parameter spaces: whether a path with spaces is quoted too, as the source of a copy must be.
  static func quote(_ path: [UInt8], spaces: Bool = false) -> [UInt8] {
    path.allSatisfy { isPlain($0) && !(spaces && $0 == Byte.space) } ? path : escape(path)
  }

  /// The path as git shows it in a reply: quoted also if a byte of it is not ASCII.
  static func quoteForReply(_ path: [UInt8]) -> [UInt8] {
    path.allSatisfy { isPlain($0) && $0 < 0x80 } ? path : escape(path, everythingButASCII: true)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte != 0x7F && byte != Byte.quote && byte != Byte.backslash
  }

  private static func escape(_ path: [UInt8], everythingButASCII: Bool = false) -> [UInt8] {
    var result = [Byte.quote]
    for byte in path {
      switch byte {
      case Byte.quote, Byte.backslash: result += [Byte.backslash, byte]
      case 7...13: result += [Byte.backslash, letters[Int(byte) - 7]]
      case _ where !isPlain(byte) || (everythingButASCII && byte >= 0x80):
        let digits = [byte >> 6, byte >> 3 & 7, byte & 7].map { $0 + UInt8(ascii: "0") }
        result += [Byte.backslash] + digits
      default: result.append(byte)
      }
    }
    return result + [Byte.quote]
  }

  /// What is written for the bytes from 7 on.
  private static let letters = Array("abtnvfr".utf8)

  /// How many components a path has at most, and how deep directories are in one another where they
  /// are written out: whoever goes down needs room on the stack for each, and some systems give a
  /// thread 512 KiB. Git crashes where its own stack ends, at some ten thousand.
  static let maximumDepth = 256
  /// The longest name that the key of an entry has room for, with the "/" of a directory.
  static let maximumNameLength = EntryTree.maximumKeyLength - 1

  static func tooDeep() -> ImportError {
    ImportError("directories are more than \(maximumDepth) deep in one another")
  }

  /// The components of a path; none if it is the root's.
  ///
  /// - Throws: what is wrong with it: an empty component, "." or "..", or what some file system takes
  ///   for ".git", which no tree of git's may have; more or longer ones than there may be.
  static func components(of path: [UInt8]) throws -> [[UInt8]] {
    if path.isEmpty { return [] }
    let components = path.split(separator: Byte.slash, omittingEmptySubsequences: false)
    guard components.count <= maximumDepth else { throw tooDeep() }
    for component in components {
      guard component.count <= maximumNameLength else {
        throw ImportError("a name of \(component.count) bytes; \(maximumNameLength) is the most")
      }
      if component.isEmpty { throw ImportError("Empty path component found in input") }
      if component.equals(".") || component.equals("..") || isGitFolder(component) {
        throw invalid(path)
      }
    }
    return components.map { Array($0) }
  }

  static func invalid(_ path: [UInt8]) -> ImportError {
    ImportError("invalid path '\(path.text)'")
  }

  /// Whether a file system takes the name for ".git": in upper or lower case, and NTFS also with
  /// dots and spaces or the name of a stream behind it, or for "git~1".
  private static func isGitFolder(_ name: Bytes) -> Bool {
    guard name.first == UInt8(ascii: ".") || name.first.map(lowerCased) == UInt8(ascii: "g") else {
      return false
    }
    let name = name.map(lowerCased)
    for prefix in [".git", "git~1"] {
      guard let rest = name.dropping(prefix) else { continue }
      let end = rest.first { $0 != UInt8(ascii: ".") && $0 != Byte.space }
      if end == nil || end == Byte.colon || end == Byte.backslash { return true }
    }
    return false
  }

  /// Whether a symbolic link must not have this name, for programs that open the file would follow it.
  static func isForbiddenForLinks(_ name: [UInt8]) -> Bool {
    name.map(lowerCased).equals(".gitmodules")
  }

  static func lowerCased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
  }
}
