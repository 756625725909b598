import Foundation

/// The rules of the armor once more, written to be read and not to be fast.
enum ReferenceArmor {
  /// The file in an armor; `nil` if the text breaks a rule.
  static func decode(_ text: [UInt8]) -> [UInt8]? {
    // Latin-1 gives each byte one scalar, so that nothing is combined or lost.
    let lines = text.split(separator: 10, omittingEmptySubsequences: false).map { line in
      line.map { Unicode.Scalar($0) }
    }
    guard let begin = lines.firstIndex(where: { !$0.allSatisfy(isSpace) }),
      content(lines[begin]) == "-----BEGIN AGE ENCRYPTED FILE-----",
      let end = lines[begin...].firstIndex(where: {
        content($0) == "-----END AGE ENCRYPTED FILE-----"
      }),
      lines[(end + 1)...].allSatisfy({ $0.allSatisfy(isSpace) })
    else { return nil }
    let before = lines[..<begin].reduce(0) { $0 + $1.count + 1 }
    let after = lines[(end + 1)...].map(\.count).reduce(0) { $0 + $1 + 1 } - 1
    guard before <= 1024, after <= 1024 else { return nil }

    var file: [UInt8] = []
    let body = lines[(begin + 1)..<end].map(content)
    for (i, line) in body.enumerated() {
      guard !line.isEmpty, let bytes = Data(base64Encoded: line),
        bytes.base64EncodedString() == line,
        i == body.count - 1 ? bytes.count <= 48 : bytes.count == 48
      else { return nil }
      file += bytes
    }
    return file
  }

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    [9, 10, 11, 12, 13, 32].contains(scalar.value)
  }

  /// A line without one carriage return at its end.
  private static func content(_ line: [Unicode.Scalar]) -> String {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: line.last == "\r" ? line.dropLast() : line)
    return String(text)
  }
}
