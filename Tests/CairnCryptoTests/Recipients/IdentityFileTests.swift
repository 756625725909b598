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

  // MARK: - Files that are protected

  @Test func readsASealedFile() throws {
    let key = try X25519Identity.generate()
    let passphrase = SecretBytes(utf8: Golden.passphrase)
    let sealed = SecretBytes(
      try Age.seal(
        IdentityFile.text(of: key).revealed,
        to: [ScryptRecipient(passphrase: passphrase, workFactor: 4)]))
    let file = try IdentityFile(parsing: sealed) { request in
      #expect(request.subject == .identityFile && "\(request)" == "the identity file")
      return passphrase
    }
    #expect(file.recipients.map { "\($0)" } == ["\(key.recipient)"])
    expect(.noIdentityMatched) {
      _ = try IdentityFile(parsing: sealed) { _ in SecretBytes(utf8: "x") }
    }
    expect(.invalidKey) { _ = try IdentityFile(parsing: sealed) }
  }

  @Test func aFileSealedForAKeyIsNoIdentityFile() throws {
    let key = try X25519Identity.generate()
    let sealed = try Age.seal(IdentityFile.text(of: key).revealed, to: [key.recipient])
    expect(.noIdentityMatched) {
      _ = try IdentityFile(parsing: SecretBytes(sealed)) { _ in
        Issue.record("there is no passphrase to ask for")
        return SecretBytes([])
      }
    }
  }

  @Test func aSealedFileHoldsLines() throws {
    let passphrase = SecretBytes(utf8: Golden.passphrase)
    let recipient = try ScryptRecipient(passphrase: passphrase, workFactor: 4)
    let once = try Age.seal(Array(Golden.identityText.utf8), to: [recipient])
    let twice = SecretBytes(try Age.seal(once, to: [recipient]))
    expect(.invalidKey) { _ = try IdentityFile(parsing: twice) { _ in passphrase } }
  }

  @Test func readsSSHKeys() throws {
    let ed25519 = try parse(GoldenSSH.ed25519)
    #expect(ed25519.recipients.map { "\($0)" } == [GoldenSSH.ed25519Line])
    #expect(try Age.open(GoldenSSH.forEd25519, with: ed25519.identities) == Golden.message)
    let rsa = try parse(GoldenSSH.rsa)
    #expect(rsa.recipients.map { "\($0)" } == [GoldenSSH.rsaLine])
    #expect(try Age.open(GoldenSSH.forRSA, with: rsa.identities) == Golden.message)
  }

  @Test func protectedSSHKeysNeedAPassphrase() throws {
    for text in [GoldenSSH.ed25519CTR, GoldenSSH.rsaSealedPEM, GoldenSSH.rsaSealedPKCS8] {
      expect(.invalidKey) { _ = try parse(text) }
      expect(.noIdentityMatched) {
        let file = try IdentityFile(parsing: SecretBytes(utf8: text)) { request in
          #expect(request.subject == .sshKey)
          return SecretBytes(utf8: "x")
        }
        _ = try Age.open(GoldenSSH.forEd25519, with: file.identities)
      }
    }
    // What shows its public half is not asked for before it is used.
    let file = try IdentityFile(parsing: SecretBytes(utf8: GoldenSSH.ed25519CTR)) { _ in
      Issue.record("there is nothing to open")
      return SecretBytes([])
    }
    #expect(
      file.recipients.first as? SSHEd25519Recipient == SSHEd25519Recipient(GoldenSSH.ed25519Line))
  }
}
