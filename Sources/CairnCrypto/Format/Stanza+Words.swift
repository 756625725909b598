extension Stanza {
  /// What is wrong with the first line of a stanza.
  struct LineError: Error {
    let problem: String
  }

  /// Where the type and the arguments are in the first line of a stanza, which begins with `->`.
  ///
  /// - Returns: One range at least.
  static func words(in line: RawSpan) throws(LineError) -> [Range<Int>] {
    var words: [Range<Int>] = []
    var position = 2
    while position < line.byteCount {
      guard line[position] == UInt8(ascii: " ") else { throw LineError(problem: "a bad stanza") }
      let start = position + 1
      position = start
      while position < line.byteCount, (33...126).contains(line[position]) { position += 1 }
      guard position > start else { throw LineError(problem: "a bad argument of a stanza") }
      words.append(start..<position)
    }
    guard !words.isEmpty else { throw LineError(problem: "a stanza without a type") }
    return words
  }
}
