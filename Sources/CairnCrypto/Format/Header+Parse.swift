extension Header {
  /// Reads a header from the beginning of a file, which must not be armored;
  /// ``read(from:limits:)-(ByteReader,_)`` takes either.
  ///
  /// - Parameters:
  ///   - bytes: The file from its first byte on: as much of it as is at hand, and perhaps some of
  ///     the payload.
  ///   - limits: How much to accept.
  /// - Returns: The header, or `nil` if it goes on beyond `bytes`. If there are no more bytes then,
  ///   the file is truncated.
  /// - Throws: ``CryptoError/Code/header`` if it does not follow the format, as soon as that can be
  ///   seen; ``CryptoError/Code/limit`` if it is too long or has too many stanzas. The code of the
  ///   header is not checked yet: ``unwrap(with:)`` does that.
  /// - Complexity: O(n) in the length of the header, however long `bytes` is.
  public static func parse(
    _ bytes: RawSpan, limits: Limits = Limits()
  ) throws(CryptoError) -> Header? {
    var parser = HeaderParser(
      bytes.extracting(first: limits.byteCount), limits: limits)
    if let header = try parser.parse() { return header }
    guard bytes.byteCount < limits.byteCount else {
      throw CryptoError(
        .limit,
        "the header is longer than \(limits.byteCount) bytes:"
          + " raise the limit if you trust where the file comes from")
    }
    return nil
  }
}

/// Reads the lines of a header.
private struct HeaderParser: ~Escapable {
  private let bytes: RawSpan
  private let limits: Header.Limits
  private var offset = 0
  private var lineNumber = 0

  @_lifetime(copy bytes)
  init(_ bytes: RawSpan, limits: Header.Limits) {
    self.bytes = bytes
    self.limits = limits
  }

  /// The header, or `nil` if it goes on beyond the bytes.
  mutating func parse() throws(CryptoError) -> Header? {
    guard try parseVersion() else { return nil }
    var stanzas: [Stanza] = []
    while let line = nextLine() {
      if starts(line, with: "->") {
        guard let stanza = try parseStanza(line) else { return nil }
        guard stanzas.count < limits.stanzaCount else {
          throw CryptoError(
            .limit,
            "the header has more than \(limits.stanzaCount) recipients:"
              + " raise the limit if you trust where the file comes from")
        }
        stanzas.append(stanza)
      } else {
        return try finish(line, stanzas)
      }
    }
    return nil
  }

  private mutating func parseVersion() throws(CryptoError) -> Bool {
    let expected = Array(Header.versionLine.utf8)
    for i in 0..<min(expected.count, bytes.byteCount) where bytes[i] != expected[i] {
      throw Header.malformed(unknownVersion(firstDifference: i), line: 1)
    }
    guard bytes.byteCount >= expected.count else { return false }
    offset = expected.count
    lineNumber = 1
    return true
  }

  private func unknownVersion(firstDifference: Int) -> String {
    if firstDifference == Header.versionLine.utf8.count - 1,
      bytes[firstDifference] == UInt8(ascii: "\r")
    {
      return "its line ends were changed to CRLF, and its payload with them:"
        + " use a copy that was not transferred as text"
    }
    if firstDifference >= Header.program.utf8.count {
      return "it is of an age version other than v1: a newer program may open it"
    }
    if starts(0..<bytes.byteCount, with: Armor.dashes) {
      return "it is armored as text: decode the armor first"
    }
    let byteOrderMarks: [[UInt8]] = [[0xff, 0xfe], [0xfe, 0xff]]
    if bytes.byteCount >= 2, byteOrderMarks.contains([bytes[0], bytes[1]]) {
      return "it is text in UTF-16: a redirection in PowerShell does that to a file, and destroys"
        + " it; seal again, and let the program write the file itself"
    }
    return "it does not begin with \(Header.program)v1"
  }

  /// A stanza whose first line is `line`; `nil` if it goes on beyond the bytes.
  private mutating func parseStanza(_ line: Range<Int>) throws(CryptoError) -> Stanza? {
    let words: [String]
    do throws(Stanza.LineError) {
      words = try Stanza.words(in: bytes.extracting(line)).map {
        string(line.lowerBound + $0.lowerBound..<line.lowerBound + $0.upperBound)
      }
    } catch {
      throw malformed(error.problem)
    }
    var body: [UInt8] = []
    while let line = nextLine() {
      guard line.count <= Stanza.columns,
        Base64.decode(bytes.extracting(line), appendingTo: &body)
      else { throw malformed("a bad line of a stanza's body") }
      if line.count < Stanza.columns {
        return Stanza(type: words[0], arguments: Array(words.dropFirst()), body: body)
      }
    }
    return nil
  }

  /// The header that ends in `line`.
  private func finish(
    _ line: Range<Int>, _ stanzas: [Stanza]
  ) throws(CryptoError) -> Header {
    let macStart = line.lowerBound + Header.macPrefix.utf8.count + 1
    guard starts(line, with: Header.macPrefix + " "),
      let mac = Base64.decode(bytes.extracting(macStart..<line.upperBound)),
      mac.count == Digest.byteCount
    else { throw malformed("a bad line") }
    guard !stanzas.isEmpty else { throw malformed("no stanza") }
    guard ScryptRecipient.isAloneIfPresent(in: stanzas) else {
      throw malformed("a passphrase and another recipient")
    }
    return Header(
      stanzas: stanzas, bytes: bytes.extracting(first: offset).array,
      mac: Digest(bytes: mac.span.bytes))
  }

  /// The next line without its line feed; `nil` if it goes on beyond the bytes.
  private mutating func nextLine() -> Range<Int>? {
    let start = offset
    var end = start
    while end < bytes.byteCount {
      if bytes[end] == UInt8(ascii: "\n") {
        offset = end + 1
        lineNumber += 1
        return start..<end
      }
      end += 1
    }
    return nil
  }

  private func starts(_ line: Range<Int>, with prefix: String) -> Bool {
    line.count >= prefix.utf8.count
      && zip(line, prefix.utf8).allSatisfy { bytes[$0] == $1 }
  }

  private func string(_ range: Range<Int>) -> String {
    bytes.extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  private func malformed(_ problem: String) -> CryptoError {
    Header.malformed("it has \(problem)", line: lineNumber)
  }
}
