/// Takes the lines of an armor apart, strictly: one armor text for each file, but for the line ends
/// and the white space around it.
///
/// It works on text at hand and keeps none of it. An error comes only after all that stands before
/// it was given, so what a reader gets does not depend on the pieces in which the text arrives.
struct ArmorDecoder: ~Copyable {
  private enum State {
    /// Before the line that begins the armor.
    case opening
    /// At the beginning of a line of base64, or of the one that ends the armor.
    case body
    /// After a line that was not full: only the end may follow.
    case closing
    /// After the line that ends the armor.
    case trailing
    /// All of the text has been taken.
    case end
  }

  private var state = State.opening
  /// The number of the line that is next, from 1.
  private var lineNumber = 1
  private var whitespaceCount = 0

  /// Whether the armor was whole, and nothing follows it.
  var isAtEnd: Bool { state == .end }

  /// Takes as many whole lines as are there and have room.
  ///
  /// - Parameters:
  ///   - text: What was not taken before, and more.
  ///   - isAtEnd: Whether nothing follows `text`.
  ///   - out: Receives decoded bytes.
  /// - Precondition: `out` has room for `Base64Line.byteCount` bytes.
  /// - Returns: How many bytes of `text` were taken, and how many were put into `out`. If both are
  ///   zero and the end is not reached, more text is needed; with `isAtEnd` there is always one of
  ///   them or an error.
  /// - Throws: ``CryptoError/Code/armor`` if the next line breaks the rules.
  mutating func decode(
    _ text: UnsafeRawBufferPointer, isAtEnd: Bool, into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) -> (taken: Int, given: Int) {
    precondition(out.count >= Base64Line.byteCount, "no room for a line")
    var (taken, given) = (0, 0)
    while out.count - given >= Base64Line.byteCount {
      if state == .body {
        let lineCount = decodeFullLines(
          UnsafeRawBufferPointer(rebasing: text[taken...]), taken: &taken,
          into: UnsafeMutableRawBufferPointer(rebasing: out[given...]))
        given += lineCount * Base64Line.byteCount
        lineNumber += lineCount
        if out.count - given < Base64Line.byteCount { break }
      }
      let step: (taken: Int, given: Int)?
      do throws(CryptoError) {
        step = try takeLine(
          UnsafeRawBufferPointer(rebasing: text[taken...]), isAtEnd: isAtEnd,
          into: UnsafeMutableRawBufferPointer(rebasing: out[given...]))
      } catch {
        // What is sound before the error is given first; the next call finds the error again.
        if given > 0 { break }
        throw error
      }
      guard let step else { break }
      taken += step.taken
      given += step.given
    }
    return (taken, given)
  }

  /// Decodes lines of 64 characters without padding, which all lines but the last are; returns how
  /// many. Whatever is in any way different is left to ``takeLine(_:isAtEnd:into:)``.
  private borrowing func decodeFullLines(
    _ text: UnsafeRawBufferPointer, taken: inout Int, into out: UnsafeMutableRawBufferPointer
  ) -> Int {
    guard let source = text.baseAddress, let target = out.baseAddress else { return 0 }
    let coder = Base64Line.shared
    let room = out.count / Base64Line.byteCount
    var (offset, lineCount) = (0, 0)
    while lineCount < room, text.count - offset >= Base64Line.columns + 2 {
      var lineEnd = offset + Base64Line.columns
      if text[lineEnd] == UInt8(ascii: "\r") { lineEnd += 1 }
      guard text[lineEnd] == UInt8(ascii: "\n"),
        coder.decode(source + offset, to: target + lineCount * Base64Line.byteCount)
      else { break }
      offset = lineEnd + 1
      lineCount += 1
    }
    taken += offset
    return lineCount
  }

  /// Takes one line; `nil` if it goes on beyond the text, or nothing is left to take.
  private mutating func takeLine(
    _ text: UnsafeRawBufferPointer, isAtEnd: Bool, into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) -> (taken: Int, given: Int)? {
    switch state {
    case .end: return nil
    case .opening: return try takeOpening(text, isAtEnd: isAtEnd)
    case .trailing: return try takeTrailing(text, isAtEnd: isAtEnd)
    case .body, .closing: break
    }
    let window = text.prefix(Base64Line.columns + 3)
    guard let lineEnd = window.firstIndex(of: UInt8(ascii: "\n")) else {
      if window.count > Base64Line.columns + 2 { throw malformed(Self.tooLong) }
      guard isAtEnd else { return nil }
      // Only the line that ends the armor may lack its line end.
      guard Self.content(of: window) == Armor.endLine else { throw cutOff() }
      state = .trailing
      return (window.count, 0)
    }
    let line = Self.content(of: window[..<lineEnd])
    let given = try takeLine(line, into: out)
    lineNumber += 1
    return (lineEnd + 1, given)
  }

  /// Takes a line of base64, or the one that ends the armor; returns how many bytes it gave.
  private mutating func takeLine(
    _ line: Line, into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) -> Int {
    if line == Armor.endLine {
      state = .trailing
      return 0
    }
    if line.starts(with: Armor.dashes) {
      throw malformed("it should end with \(Armor.endLine)")
    }
    if state == .closing {
      throw malformed("the line before is not full, so it should end here")
    }
    if line.bytes.isEmpty { throw malformed("it has an empty line") }
    if line.bytes.count > Base64Line.columns { throw malformed(Self.tooLong) }
    var unpadded = line.bytes
    for _ in 0..<2 where unpadded.last == UInt8(ascii: "=") { unpadded = unpadded.dropLast() }
    guard line.bytes.count.isMultiple(of: 4),
      let bytes = Base64.decode(UnsafeRawBufferPointer(rebasing: unpadded).bytes)
    else { throw malformed("this is not a line of base64") }
    if bytes.count < Base64Line.byteCount { state = .closing }
    out.copyBytes(from: bytes)
    return bytes.count
  }
}

extension ArmorDecoder {
  /// Takes white space, and the line that begins the armor.
  private mutating func takeOpening(
    _ text: UnsafeRawBufferPointer, isAtEnd: Bool
  ) throws(CryptoError) -> (taken: Int, given: Int)? {
    // What is at hand beyond this must not make a difference, or the error would depend on it.
    let text = UnsafeRawBufferPointer(rebasing: text.prefix(FileStart.lookahead))
    let lineEnd = text.firstIndex(of: UInt8(ascii: "\n"))
    let line = Self.content(of: text[..<(lineEnd ?? text.endIndex)])
    if let lineEnd, line == Armor.beginLine {
      state = .body
      whitespaceCount = 0
      lineNumber += 1
      return (lineEnd + 1, 0)
    }
    if let lineEnd, line.bytes.allSatisfy(Armor.isWhitespace) {
      guard whitespaceCount + lineEnd + 1 <= Armor.whitespaceLimit else {
        throw malformed(Self.tooMuchSpace)
      }
      whitespaceCount += lineEnd + 1
      lineNumber += 1
      return (lineEnd + 1, 0)
    }
    // What follows tells more about what is wrong.
    guard isAtEnd || text.count >= FileStart.lookahead else { return nil }
    throw noOpening(line, in: text)
  }

  /// Takes the white space after the armor.
  private mutating func takeTrailing(
    _ text: UnsafeRawBufferPointer, isAtEnd: Bool
  ) throws(CryptoError) -> (taken: Int, given: Int)? {
    let whitespace = text.prefix(Armor.whitespaceLimit - whitespaceCount)
      .prefix(while: Armor.isWhitespace)
    let endsInLine = lineNumber + whitespace.count { $0 == UInt8(ascii: "\n") }
    if whitespace.count < text.count {
      throw malformed(
        Armor.isWhitespace(text[whitespace.count])
          ? Self.tooMuchSpace : "something follows it: remove all that is after its last line",
        line: endsInLine)
    }
    whitespaceCount += text.count
    lineNumber = endsInLine
    if isAtEnd { state = .end }
    return text.isEmpty ? nil : (text.count, 0)
  }
}

extension ArmorDecoder {
  /// A line without its line end.
  private struct Line {
    let bytes: Slice<UnsafeRawBufferPointer>

    func starts(with text: String) -> Bool { bytes.starts(with: text.utf8) }

    static func == (line: Line, text: String) -> Bool { line.bytes.elementsEqual(text.utf8) }
  }

  private static func content(of line: Slice<UnsafeRawBufferPointer>) -> Line {
    Line(bytes: line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
  }

  private static let tooLong = "the line is longer than \(Base64Line.columns) characters"
  private static let tooMuchSpace =
    "there is too much white space around the armor: remove it"

  @inline(never)
  private func malformed(_ problem: String, line: Int? = nil) -> CryptoError {
    CryptoError(.armor, "the armor is not sound: \(problem)", line: line ?? lineNumber)
  }

  @inline(never)
  private func cutOff() -> CryptoError {
    malformed("it ends before \(Armor.endLine): use a whole copy")
  }

  /// What is wrong with `line`, the first of `text`, which should begin the armor.
  @inline(never)
  private func noOpening(_ line: Line, in text: UnsafeRawBufferPointer) -> CryptoError {
    if line == Armor.beginLine { return cutOff() }
    if line.bytes.allSatisfy(Armor.isWhitespace) {
      return malformed(
        line.bytes.count > Armor.whitespaceLimit
          ? Self.tooMuchSpace : "there is nothing but white space")
    }
    if line.starts(with: Armor.dashes) || FileStart.mentionsArmor(line.bytes) {
      let label = String(
        decoding: line.bytes.prefix(Base64Line.columns).filter { (32...126).contains($0) },
        as: UTF8.self)
      return malformed("it should begin with \(Armor.beginLine), not \(label)\(Self.advice(label))")
    }
    if FileStart.mentionsArmor(text[...]) {
      return malformed("something stands before it: remove all that is before \(Armor.beginLine)")
    }
    return malformed("it should begin with \(Armor.beginLine)")
  }

  /// What to do with some other text that begins with dashes.
  private static func advice(_ label: String) -> String {
    if label.contains("PRIVATE KEY") { return ": this is a private key, not a sealed file" }
    if label.contains("PGP") { return ": this was made by OpenPGP, open it with gpg" }
    return ""
  }
}
