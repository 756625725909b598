import CairnCrypto
import Testing

@Suite("Recipient files")
struct RecipientFileTests {
  private func parse(_ text: String) throws -> [String] {
    try RecipientFile(parsing: Array(text.utf8)).recipients.map { "\($0)" }
  }

  @Test(arguments: ["\n", "\r\n"])
  func readsAllKindsOfLines(lineEnd: String) throws {
    let lines = [
      "# the team", "", Golden.recipientText, GoldenSSH.ed25519Line, "#", GoldenSSH.rsaLine,
    ]
    let expected = [Golden.recipientText, GoldenSSH.ed25519Line, GoldenSSH.rsaLine]
    #expect(try parse(lines.joined(separator: lineEnd)) == expected)
    #expect(try parse(lines.joined(separator: lineEnd) + lineEnd) == expected)
  }

  @Test(arguments: [
    "age1", GoldenSSH.ecdsaLine, GoldenSSH.shortRSALine, Golden.identityText,
    " \(Golden.recipientText)", "\u{fffd}",
  ])
  func namesTheLineAtFault(line: String) {
    let error = #expect(throws: CryptoError.self) {
      try parse("# comment\r\n\(Golden.recipientText)\r\n\r\n\(line)\r\n")
    }
    #expect(error?.code == .invalidKey)
    #expect(error?.line == 4)
    #expect(error.map { "\($0)".contains(Golden.identityText) } == false)
  }

  @Test func saysWhichTypeIsNotSupported() {
    let error = #expect(throws: CryptoError.self) { try parse(GoldenSSH.ecdsaLine) }
    #expect(error?.message.contains("ecdsa-sha2-nistp256") == true)
  }

  @Test(arguments: ["", "\n\n", "# only a comment"])
  func aFileWithoutARecipientIsNone(text: String) {
    expect(.invalidKey) { _ = try parse(text) }
  }
}
