import Testing

@testable import CairnCrypto

@Suite(
  "Post-quantum recipients and identities",
  .enabled(
    if: PostQuantumIdentity.isSupported,
    "the libcrypto of this machine has no ML-KEM: post-quantum keys are not tested"))
struct PostQuantumKeyTests {
  private let identity: PostQuantumIdentity
  private let text = SecretBytes(utf8: PostQuantumExample.identityText)

  init() throws { identity = try PostQuantumIdentity(text) }

  @Test func theExampleOfTheSpecification() {
    // The end of the text is a checksum over all of it.
    let text = identity.recipient.description
    #expect(text.count == 1959)
    #expect(text.hasPrefix(PostQuantumExample.recipientStart))
    #expect(text.hasSuffix(PostQuantumExample.recipientEnd))
    #expect(identity.exportText() == self.text)
  }

  @Test func opensTheGoldenFile() throws {
    let file = PostQuantumExample.file
    #expect(try Age.open(file, with: [identity]) == Golden.message)
    let other = try PostQuantumIdentity.generate()
    expect(.noIdentityMatched) { _ = try Age.open(file, with: [other]) }
  }

  @Test func textReturns() throws {
    let identity = try PostQuantumIdentity.generate()
    let text = identity.exportText()
    #expect(text.revealed.starts(with: "AGE-SECRET-KEY-PQ-1".utf8))
    let again = try #require(try Age.identity(text) as? PostQuantumIdentity)
    #expect(again.recipient == identity.recipient)
    #expect(again.exportText() == text)
    let recipient = try Age.recipient("\(identity.recipient)") as? PostQuantumRecipient
    #expect(recipient == identity.recipient)
  }

  @Test func descriptionHidesTheKey() {
    var dumped = ""
    dump(identity, to: &dumped)
    for text in ["\(identity)", String(reflecting: identity), dumped] {
      #expect(!text.uppercased().contains("AGE-SECRET-KEY"))
    }
  }

  @Test func sealsForSeveral() throws {
    let message = sampleBytes(1000)
    let other = try PostQuantumIdentity.generate()
    let file = try Age.seal(message, to: [other.recipient, identity.recipient])
    #expect(try Age.open(file, with: [identity]) == message)
    #expect(try Age.open(file, with: [other]) == message)
    // What is random is drawn anew, also for the same recipient.
    let again = try Age.seal(message, to: [identity.recipient, identity.recipient])
    let stanzas = try #require(try Header.parse(again.span.bytes)).stanzas
    #expect(Set(stanzas.map(\.arguments)).count == 2)
  }

  @Test func neverSharesAFileWithClassicRecipients() throws {
    let classic = try X25519Identity.generate().recipient
    expect(.recipients) { _ = try Header.seal(to: [identity.recipient, classic]) }
    expect(.recipients) { _ = try Header.seal(to: [classic, identity.recipient]) }
    #expect(try identity.recipient.wrap(FileKey()).labels == ["postquantum"])
  }

  @Test func identityFilesHoldThemBesideOthers() throws {
    let classic = try X25519Identity.generate()
    let text =
      IdentityFile.text(of: classic).revealed
      + IdentityFile.text(of: identity, comments: ["created: today"]).revealed
    let file = try IdentityFile(parsing: SecretBytes(text))
    #expect(
      file.recipients.map { "\($0)" } == ["\(classic.recipient)", "\(identity.recipient)"])
    for recipient in file.recipients {
      let sealed = try Age.seal([1, 2, 3], to: [recipient])
      #expect(try Age.open(sealed, with: file.identities) == [1, 2, 3])
    }
  }

  @Test func textOfAKeyIsAsAgeKeygenWritesIt() {
    let text = String(decoding: IdentityFile.text(of: identity).revealed, as: UTF8.self)
    #expect(
      text == "# public key: \(identity.recipient)\n\(PostQuantumExample.identityText)\n")
  }

  @Test(arguments: [
    "", PostQuantumExample.identityText.lowercased(), PostQuantumExample.identityText + "\n",
    String(PostQuantumExample.identityText.dropLast()),
    PostQuantumExample.identityText.replacing("1XX7", with: "1XXX"), Golden.identityText,
  ])
  func refusesOtherIdentities(text: String) {
    expect(.invalidKey) { _ = try PostQuantumIdentity(SecretBytes(utf8: text)) }
  }

  @Test func refusesOtherRecipients() {
    let sound = identity.recipient.description
    for text in [
      "", "age1pq1", sound.uppercased(), sound + " ", String(sound.dropLast()),
      sound.replacing("pq1x3", with: "pq1x4"), Golden.recipientText,
    ] {
      #expect(PostQuantumRecipient(text) == nil)
    }
    // The first coefficient of the lattice key is the modulus, 3329.
    var key = identity.recipient.publicKey
    key[0] = 0x01
    key[1] = key[1] & 0xf0 | 0x0d
    #expect(PostQuantumRecipient(PostQuantumRecipient(publicKey: key).description) == nil)
  }

  @Test func refusesAPublicKeyOfLowOrder() throws {
    let key = identity.recipient.publicKey.dropLast(X25519.keySize)
    let recipient = PostQuantumRecipient(publicKey: key + [UInt8](repeating: 0, count: 32))
    expect(.invalidKey) { _ = try recipient.wrap(FileKey()) }
  }

  @Test func skipsStanzasOfOthers() throws {
    let fileKey = try FileKey()
    let other = Stanza(type: "MLKEM768X25519", arguments: [], body: [])
    let theirs = try PostQuantumIdentity.generate().recipient.wrap(fileKey).stanzas
    let ours = try identity.recipient.wrap(fileKey).stanzas
    #expect(try identity.unwrap([other] + theirs + ours) == fileKey)
    #expect(try identity.unwrap([other] + theirs) == nil)
  }

  @Test func refusesStanzasThatBreakTheRules() throws {
    let sound = try #require(try identity.recipient.wrap(FileKey()).stanzas.first)
    let enc = sound.arguments[0]
    var bad: [Stanza] = []
    for arguments in [[], [enc, enc], [enc + "AAAA"], [String(enc.dropLast(4))], ["!"]] {
      bad.append(Stanza(type: sound.type, arguments: arguments, body: sound.body))
    }
    // The share of X25519 is the identity element: everyone would know its part of the secret.
    let ciphertext = try #require(Base64.decode(enc)).dropLast(X25519.keySize)
    let zero = Base64.encode(ciphertext + [UInt8](repeating: 0, count: X25519.keySize))
    bad.append(Stanza(type: sound.type, arguments: [zero], body: sound.body))
    for body in [[], sound.body + [0], Array(sound.body.dropLast())] {
      bad.append(Stanza(type: sound.type, arguments: [enc], body: body))
    }
    for stanza in bad { expect(.header) { _ = try identity.unwrap([stanza]) } }
  }

  @Test func aFlippedBitInAnyPartOpensNothing() throws {
    let sound = try #require(try identity.recipient.wrap(FileKey()).stanzas.first)
    let enc = try #require(Base64.decode(sound.arguments[0]))
    for position in [0, 500, 1087, 1088, 1119] {
      var enc = enc
      enc[position] ^= 1
      let stanza = Stanza(type: sound.type, arguments: [Base64.encode(enc)], body: sound.body)
      #expect(try identity.unwrap([stanza]) == nil)
    }
  }

  @Test func worksOnManyThreadsAtOnce() async throws {
    let file = try Age.seal(sampleBytes(1000), to: [identity.recipient])
    try await withThrowingTaskGroup { group in
      for _ in 0..<8 {
        group.addTask { [identity] in
          for _ in 0..<10 {
            let message = try Age.open(file, with: [identity])
            #expect(message == sampleBytes(1000))
          }
        }
      }
      try await group.waitForAll()
    }
  }
}

@Suite(
  "Post-quantum keys where libcrypto is too old",
  .enabled(
    if: !PostQuantumIdentity.isSupported,
    "the libcrypto of this machine has ML-KEM: what happens without is not tested"))
struct MissingPostQuantumTests {
  @Test func everyUseSaysWhatIsMissing() throws {
    let text = SecretBytes(utf8: PostQuantumExample.identityText)
    let recipient = PostQuantumRecipient(
      publicKey: [UInt8](repeating: 0, count: MLKEM768X25519.publicKeySize))
    let uses: [() throws -> Void] = [
      { _ = try PostQuantumIdentity.generate() },
      { _ = try PostQuantumIdentity(text) },
      { _ = try Age.identity(text) },
      { _ = try IdentityFile(parsing: text) },
      { _ = try Age.seal([1], to: [recipient]) },
    ]
    for use in uses {
      let error = #expect(throws: CryptoError.self) { try use() }
      #expect(error?.code == .library)
      #expect(error.map { "\($0)".contains("OpenSSL 3.5") } == true)
    }
  }

  @Test func recipientsAreReadAndWrittenAllTheSame() throws {
    let key = [UInt8](repeating: 0, count: MLKEM768X25519.publicKeySize)
    let text = PostQuantumRecipient(publicKey: key).description
    #expect(text.hasPrefix("age1pq1"))
    #expect(try Age.recipient(text) as? PostQuantumRecipient == PostQuantumRecipient(text))
    #expect(PostQuantumRecipient(text)?.publicKey == key)
  }

  @Test func aMistypedKeyIsStillInvalid() {
    expect(.invalidKey) { _ = try Age.identity(SecretBytes(utf8: "AGE-SECRET-KEY-PQ-1ABC")) }
  }
}
