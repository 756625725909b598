import Testing

@testable import CairnCrypto

@Suite("SSH recipients and identities")
struct SSHKeyTests {
  private func identity(_ text: String) throws -> any Identity {
    try #require(
      try IdentityFile(
        parsing: SecretBytes(utf8: text),
        passphrase: { _ in SecretBytes(utf8: GoldenSSH.passphrase) }
      ).identities.first)
  }

  @Test(arguments: GoldenSSH.ed25519Forms)
  func opensWhatAgeSealedForEd25519(text: String) throws {
    #expect(try Age.open(GoldenSSH.forEd25519, with: [identity(text)]) == Golden.message)
  }

  @Test(arguments: GoldenSSH.rsaForms)
  func opensWhatAgeSealedForRSA(text: String) throws {
    #expect(try Age.open(GoldenSSH.forRSA, with: [identity(text)]) == Golden.message)
  }

  @Test(arguments: [
    (GoldenSSH.ed25519Line, GoldenSSH.ed25519), (GoldenSSH.rsaLine, GoldenSSH.rsa),
  ])
  func opensWhatItSeals(line: String, text: String) throws {
    let file = try Age.seal(Golden.message, to: [Age.recipient(line)])
    #expect(try Age.open(file, with: [identity(text)]) == Golden.message)
    let other = text == GoldenSSH.rsa ? GoldenSSH.ed25519 : GoldenSSH.rsa
    expect(.noIdentityMatched) { _ = try Age.open(file, with: [identity(other)]) }
  }

  @Test func linesReturn() throws {
    let ed25519 = try #require(SSHEd25519Recipient(GoldenSSH.ed25519Line))
    #expect(ed25519.description == GoldenSSH.ed25519Line)
    #expect(ed25519.comment == "golden ed25519")
    let rsa = try #require(SSHRSARecipient(GoldenSSH.rsaLine))
    #expect(rsa.description == GoldenSSH.rsaLine)
    #expect(rsa.comment == "golden rsa")
    #expect(SSHEd25519Recipient(GoldenSSH.rsaLine) == nil)
    #expect(SSHRSARecipient(GoldenSSH.ed25519Line) == nil)
  }

  @Test func commentsDoNotMatter() throws {
    let bare = GoldenSSH.ed25519Line.split(separator: " ").prefix(2).joined(separator: " ")
    let recipient = try #require(SSHEd25519Recipient(bare))
    #expect(recipient.comment == "" && recipient.description == bare)
    #expect(recipient == SSHEd25519Recipient(GoldenSSH.ed25519Line))
    #expect(SSHEd25519Recipient(bare + " ")?.comment == "")
    #expect(SSHEd25519Recipient(bare.replacing(" ", with: "\t ") + " \ta b\t")?.comment == "a b")
  }

  @Test func descriptionHidesTheKey() throws {
    for identity in [
      try identity(GoldenSSH.ed25519), try identity(GoldenSSH.rsa),
      try identity(GoldenSSH.ed25519CTR),
    ] {
      var dumped = ""
      dump(identity, to: &dumped)
      #expect("\(identity)".contains("Identity(ssh-"))
      // What only the private halves have: their seed, and a line of their text.
      for text in ["\(identity)", String(reflecting: identity), dumped] {
        #expect(!text.contains("OPENSSH") && !text.contains("87, 80, 236"))
      }
    }
  }

  @Test(arguments: [
    "ssh-ed25519", "ssh-ed25519 ", "ssh-ed25519 AAAA", "ssh-ed25519 AAA", "ssh-ed25519 !!!!",
    GoldenSSH.ed25519Line.replacing("ssh-ed25519 ", with: "ssh-rsa "),
    GoldenSSH.ed25519Line.replacing("wZ2w", with: "wZ2wAAAA"),
    GoldenSSH.ed25519Line.replacing("wZ2w", with: ""),
    GoldenSSH.ed25519Line + "\n", " " + GoldenSSH.ed25519Line,
    GoldenSSH.rsaLine.replacing("AAAADAQAB", with: "AAAADAQAA"),
    GoldenSSH.shortRSALine, GoldenSSH.ecdsaLine,
    "sk-ssh-ed25519@openssh.com AAAA", "ssh-dss AAAA", "ssh-", "no-pty " + GoldenSSH.ed25519Line,
  ])
  func refusesOtherLines(line: String) {
    expect(.invalidKey) { _ = try Age.recipient(line) }
    #expect(SSHEd25519Recipient(line) == nil && SSHRSARecipient(line) == nil)
  }

  @Test func saysWhatIsNotSupported() throws {
    let cases = [
      (GoldenSSH.ecdsaLine, "ecdsa-sha2-nistp256"), (GoldenSSH.shortRSALine, "1024"),
      ("sk-ssh-ed25519@openssh.com AAAA", "sk-ssh-ed25519@openssh.com"),
    ]
    for (line, reason) in cases {
      let error = #expect(throws: CryptoError.self) { try Age.recipient(line) }
      #expect(error?.message.contains(reason) == true)
    }
  }

  /// Points for which the shared secret is known to everybody.
  @Test func refusesToSealForPointsOfLowOrder() throws {
    let orderTwo = [UInt8](repeating: 0xff, count: 31) + [0x7f]
    let minusOne = [0xec] + orderTwo.dropFirst()
    for point in [minusOne, [UInt8](repeating: 0, count: 32)] {
      var wire: [UInt8] = []
      SSHWriter.append(Array("ssh-ed25519".utf8), to: &wire)
      SSHWriter.append(point, to: &wire)
      let recipient = try SSHEd25519Recipient(wire: wire.span.bytes, comment: "")
      expect(.invalidKey) { _ = try recipient.wrap(FileKey()) }
    }
  }

  @Test func refusesEd25519StanzasThatBreakTheRules() throws {
    let identity = try SSHEd25519Identity(SecretBytes(utf8: GoldenSSH.ed25519))
    let sound = try #require(try identity.recipient.wrap(FileKey()).stanzas.first)
    let (tag, share) = (sound.arguments[0], sound.arguments[1])
    var bad: [Stanza] = []
    let zero = String(repeating: "A", count: 43)
    for arguments in [
      [], [tag], [tag, share, share], [tag, share + "A"], [tag, String(share.dropLast(3))],
      [tag, "!"], [tag, zero],
    ] {
      bad.append(Stanza(type: "ssh-ed25519", arguments: arguments, body: sound.body))
    }
    for body in [[], sound.body + [0], Array(sound.body.dropLast())] {
      bad.append(Stanza(type: "ssh-ed25519", arguments: sound.arguments, body: body))
    }
    for stanza in bad { expect(.header) { _ = try identity.unwrap([stanza, sound]) } }
  }

  @Test func refusesRSAStanzasThatBreakTheRules() throws {
    let identity = try SSHRSAIdentity(SecretBytes(utf8: GoldenSSH.rsa))
    let sound = try #require(try identity.recipient.wrap(FileKey()).stanzas.first)
    var bad: [Stanza] = []
    for arguments in [[], sound.arguments + ["x"]] {
      bad.append(Stanza(type: "ssh-rsa", arguments: arguments, body: sound.body))
    }
    for body in [[], sound.body + [0], Array(sound.body.dropLast())] {
      bad.append(Stanza(type: "ssh-rsa", arguments: sound.arguments, body: body))
    }
    for stanza in bad { expect(.header) { _ = try identity.unwrap([stanza, sound]) } }
    // Something else than a file key, sealed properly.
    var wire = SSHReader(identity.recipient.wire.span.bytes)
    guard wire.readName() == "ssh-rsa", let e = wire.readNumber(), let n = wire.readNumber(),
      let e = BigNumber(bigEndian: e), let n = BigNumber(bigEndian: n)
    else {
      Issue.record("the key is damaged")
      return
    }
    let key = try RSA.PublicKey(n: n, e: e)
    let body = try key.encrypt(SecretBytes([1]), label: SSHRSARecipient.label)
    expect(.header) {
      _ = try identity.unwrap([Stanza(type: "ssh-rsa", arguments: sound.arguments, body: body)])
    }
  }

  @Test(arguments: [GoldenSSH.ed25519, GoldenSSH.rsa])
  func skipsStanzasOfOthers(text: String) throws {
    let identity = try identity(text)
    let recipient = try #require(identity as? any RecipientKnowing).knownRecipient
    let fileKey = try FileKey()
    let ours = try #require(try recipient.wrap(fileKey).stanzas.first)
    var theirs = ours
    theirs.arguments[0] = "AAAAAA"
    var damaged = ours
    damaged.body[0] ^= 1
    let other = Stanza(type: "ssh-dss", arguments: [], body: [])
    #expect(try identity.unwrap([other, theirs, damaged, ours]) == fileKey)
    #expect(try identity.unwrap([other, theirs, damaged]) == nil)
  }

  @Test func worksOnManyThreadsAtOnce() async throws {
    let recipients = try [GoldenSSH.ed25519Line, GoldenSSH.rsaLine].map { try Age.recipient($0) }
    let identities = [try identity(GoldenSSH.ed25519CTR), try identity(GoldenSSH.rsa)]
    try await withThrowingTaskGroup { group in
      for i in 0..<8 {
        group.addTask {
          for _ in 0..<5 {
            let file = try Age.seal(sampleBytes(100), to: recipients)
            #expect(try Age.open(file, with: [identities[i % 2]]) == sampleBytes(100))
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
