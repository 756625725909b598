/// One message of a plugin conversation: a stanza in the form of the header
/// (C2SP age-plugin.md, "IPC protocol").
///
/// An argument may be a private key and the body a file key, so both are kept as secrets.
struct PluginMessage: Sendable {
  /// The first line.
  private let line: SecretBytes
  /// Where the words are in it; one at least.
  private let ranges: [Range<Int>]
  let body: SecretBytes

  init(line: SecretBytes, words: [Range<Int>], body: SecretBytes) {
    precondition(!words.isEmpty, "a message has a command")
    self.line = line
    ranges = words
    self.body = body
  }

  /// What the message is.
  var command: String { word(0) }
  var argumentCount: Int { ranges.count - 1 }

  func argument(_ index: Int) -> String { word(index + 1) }

  func secretArgument(_ index: Int) -> SecretBytes {
    line.withBytes { SecretBytes(copying: $0.extracting(ranges[index + 1])) }
  }

  var arguments: [String] { (0..<argumentCount).map(argument) }

  /// The body as text to be shown.
  var text: String { body.withBytes { PluginText.display($0) } }

  /// The stanza that the message carries after its first argument, a number.
  ///
  /// - Returns: `nil` if there is no number or no type.
  var numberedStanza: (number: Int, stanza: Stanza)? {
    guard argumentCount >= 2, let number = number(0) else { return nil }
    let stanza = Stanza(
      type: argument(1), arguments: (2..<argumentCount).map(argument),
      body: body.withBytes { $0.array })
    return (number, stanza)
  }

  /// The argument, a decimal number without a sign; `nil` if it is anything else.
  func number(_ index: Int) -> Int? {
    let text = argument(index)
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    return Int(text)
  }

  private func word(_ index: Int) -> String {
    line.withUnsafeBytes { String(decoding: $0[ranges[index]], as: UTF8.self) }
  }
}
