import CairnCrypto
import Testing

@Suite("Identity files")
struct IdentityFileTests {
  private func parse(_ text: String) throws -> IdentityFile {
    try IdentityFile(parsing: SecretBytes(utf8: text))
  }

  @Test func readsWhatAgeKeygenWrites() throws {
    let file = try parse(
      """
      # created: 2026-11-21T07:02:13Z
      # public key: \(Golden.recipientText)
      \(Golden.identityText)

      """)
    #expect(file.recipients.map { "\($0)" } == [Golden.recipientText])
    #expect(try Age.open(Golden.forTwo, with: file.identities) == Golden.message)
  }

  @Test(arguments: ["\n", "\r\n"])
  func readsSeveralKeys(lineEnd: String) throws {
    let keys = try (0..<3).map { _ in try X25519Identity.generate() }
    let lines = keys.flatMap { key in
      ["", "# a key", key.exportText().withUnsafeBytes { String(decoding: $0, as: UTF8.self) }]
    }
    for text in [lines.joined(separator: lineEnd), lines.joined(separator: lineEnd) + lineEnd] {
      #expect(try parse(text).recipients.map { "\($0)" } == keys.map { "\($0.recipient)" })
    }
  }

  @Test func namesTheLineAtFault() {
    let error = #expect(throws: CryptoError.self) {
      try parse("# comment\n\n\(Golden.identityText)\n \(Golden.identityText)\n")
    }
    #expect(error?.code == .invalidKey)
    #expect(error?.line == 4)
    #expect(error.map { "\($0)".hasPrefix("line 4: ") } == true)
  }

  @Test(arguments: ["", "\n\n", "# only a comment", "# public key: \(Golden.recipientText)\n"])
  func aFileWithoutAKeyIsNone(text: String) {
    expect(.invalidKey) { _ = try parse(text) }
  }

  @Test func writesWhatItReads() throws {
    let key = try X25519Identity.generate()
    let text = IdentityFile.text(of: key, comments: ["made by a test\nin two lines"])
    #expect(text.revealed.starts(with: "# made by a test\n# in two lines\n# public key: age1".utf8))
    #expect(try IdentityFile(parsing: text).recipients.map { "\($0)" } == ["\(key.recipient)"])
  }
}
