import CairnCrypto
import Testing

@Suite("X25519 recipients and identities")
struct X25519KeyTests {
  @Test func textReturns() throws {
    let identity = try X25519Identity.generate()
    let text = identity.exportText()
    #expect(text.revealed.starts(with: "AGE-SECRET-KEY-1".utf8))
    let again = try X25519Identity(text)
    #expect(again.recipient == identity.recipient)
    #expect(again.exportText() == text)
    #expect(X25519Recipient(identity.recipient.description) == identity.recipient)
  }

  @Test func descriptionHidesTheKey() throws {
    let identity = try X25519Identity(SecretBytes(utf8: Golden.identityText))
    var dumped = ""
    dump(identity, to: &dumped)
    for text in ["\(identity)", String(reflecting: identity), dumped] {
      #expect(!text.uppercased().contains("AGE-SECRET-KEY"))
    }
    #expect("\(identity)".contains(Golden.recipientText))
  }

  @Test(arguments: [
    "", "age1", Golden.recipientText.uppercased(), Golden.recipientText + " ",
    String(Golden.recipientText.dropLast()), Golden.recipientText.replacing("hmz", with: "hmq"),
    Golden.identityText,
  ])
  func refusesOtherRecipients(text: String) {
    #expect(X25519Recipient(text) == nil)
  }

  @Test(arguments: [
    "", Golden.identityText.lowercased(), Golden.identityText + "\n", Golden.recipientText,
    String(Golden.identityText.dropLast()), Golden.identityText.replacing("F3W", with: "F3Q"),
  ])
  func refusesOtherIdentities(text: String) {
    let error = #expect(throws: CryptoError.self) {
      try X25519Identity(SecretBytes(utf8: text))
    }
    #expect(error?.code == .invalidKey)
    #expect(error.map { !text.isEmpty && $0.description.contains(text) } == false)
  }

  @Test func skipsStanzasOfOthers() throws {
    let identity = try X25519Identity.generate()
    let fileKey = try FileKey()
    let other = Stanza(type: "x25519", arguments: [], body: [])
    let theirs = try X25519Identity.generate().recipient.wrap(fileKey).stanzas
    let ours = try identity.recipient.wrap(fileKey).stanzas
    #expect(try identity.unwrap([other] + theirs + ours) == fileKey)
    #expect(try identity.unwrap([other] + theirs) == nil)
  }

  @Test func refusesStanzasThatBreakTheRules() throws {
    let identity = try X25519Identity.generate()
    let sound = try #require(try identity.recipient.wrap(FileKey()).stanzas.first)
    let share = sound.arguments[0]
    var bad: [Stanza] = []
    for arguments in [[], [share, share], [share + "A"], [String(share.dropLast(3))], ["!"]] {
      bad.append(Stanza(type: "X25519", arguments: arguments, body: sound.body))
    }
    // The identity element of the curve: everyone would share the same secret with it.
    let zero = String(repeating: "A", count: 43)
    bad.append(Stanza(type: "X25519", arguments: [zero], body: sound.body))
    for body in [[], sound.body + [0], Array(sound.body.dropLast())] {
      bad.append(Stanza(type: "X25519", arguments: [share], body: body))
    }
    for stanza in bad {
      expect(.header) { _ = try identity.unwrap([stanza]) }
      expect(.header) { _ = try identity.unwrap([sound, stanza].reversed()) }
    }
  }

  @Test func worksOnManyThreadsAtOnce() async throws {
    let identity = try X25519Identity.generate()
    let file = try Age.seal(sampleBytes(1000), to: [identity.recipient])
    try await withThrowingTaskGroup { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<20 {
            let message = try Age.open(file, with: [identity])
            #expect(message == sampleBytes(1000))
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
