import CairnCrypto
import Foundation
import Testing

@Suite("Passphrases")
struct ScryptKeyTests {
  let passphrase = SecretBytes(utf8: "correct horse")
  let recipient: ScryptRecipient

  init() throws { recipient = try ScryptRecipient(passphrase: passphrase, workFactor: 2) }

  @Test func roundTrip() throws {
    let file = try Age.seal([1, 2, 3], to: [recipient])
    #expect(try Age.open(file, with: [ScryptIdentity(passphrase: passphrase)]) == [1, 2, 3])
  }

  @Test func saysWhatIsWrong() throws {
    let file = try Age.seal([1, 2, 3], to: [recipient])
    let wrong = ScryptIdentity(passphrase: SecretBytes(utf8: "battery staple"))
    let wrongError = #expect(throws: CryptoError.self) { try Age.open(file, with: [wrong]) }
    #expect(wrongError?.code == .noIdentityMatched)
    #expect(wrongError?.message.contains("passphrase is wrong") == true)
    let key = try X25519Identity.generate()
    let noneError = #expect(throws: CryptoError.self) { try Age.open(file, with: [key]) }
    #expect(noneError?.code == .noIdentityMatched)
    #expect(noneError?.message.contains("sealed with a passphrase") == true)
  }

  @Test func workIsBounded() throws {
    let strong = try ScryptRecipient(passphrase: passphrase, workFactor: 11)
    let file = try Age.seal([1], to: [strong])
    let modest = ScryptIdentity(passphrase: passphrase, maxWorkFactor: 10)
    expect(.workFactor) { _ = try Age.open(file, with: [modest]) }
    let enough = ScryptIdentity(passphrase: passphrase, maxWorkFactor: 11)
    #expect(try Age.open(file, with: [enough]) == [1])
    for factor in [Int.min, 0, 31, Int.max] {
      expect(.workFactor) { _ = try ScryptRecipient(passphrase: passphrase, workFactor: factor) }
    }
    expect(.invalidKey) { _ = try ScryptRecipient(passphrase: SecretBytes([])) }
  }

  @Test func refusesStanzasThatBreakTheRules() throws {
    let identity = ScryptIdentity(passphrase: passphrase, maxWorkFactor: 10)
    let sound = try #require(try recipient.wrap(FileKey()).stanzas.first)
    let salt = sound.arguments[0]
    var bad: [Stanza] = []
    for arguments in [[], [salt], [salt, "2", "2"], [salt + "A", "2"], ["AAAA", "2"]] {
      bad.append(Stanza(type: "scrypt", arguments: arguments, body: sound.body))
    }
    for factor in ["0", "02", "+2", "-2", "0x2", "2 ", "", "a"] {
      bad.append(Stanza(type: "scrypt", arguments: [salt, factor], body: sound.body))
    }
    for body in [[], sound.body + [0], Array(sound.body.dropLast())] {
      bad.append(Stanza(type: "scrypt", arguments: [salt, "2"], body: body))
    }
    for stanza in bad { expect(.header) { _ = try identity.unwrap([stanza]) } }
    expect(.header) { _ = try identity.unwrap([sound, sound]) }
    for factor in ["11", "63", "64", "18446744073709551616"] {
      let stanza = Stanza(type: "scrypt", arguments: [salt, factor], body: sound.body)
      expect(.workFactor) { _ = try identity.unwrap([stanza]) }
    }
    #expect(try identity.unwrap([Stanza(type: "X25519", arguments: [], body: [])]) == nil)
  }

  /// A terabyte, which few machines have; a limit of the process sees to it that this one has not.
  @Test func moreMemoryThanThereIsIsRefusedAtOnce() async {
    await #expect(processExitsWith: .success) {
      let passphrase = SecretBytes(utf8: "x")
      let strong = try ScryptRecipient(passphrase: passphrase, workFactor: 30)
      let modest = try ScryptRecipient(passphrase: passphrase, workFactor: 2)
      let stanza = try #require(try modest.wrap(FileKey()).stanzas.first)
      let greedy = Stanza(
        type: stanza.type, arguments: [stanza.arguments[0], "30"], body: stanza.body)
      let identity = ScryptIdentity(passphrase: passphrase, maxWorkFactor: 30)
      var limit = rlimit()
      #expect(getrlimit(addressSpace, &limit) == 0)
      limit.rlim_cur = 1 << 35
      #expect(setrlimit(addressSpace, &limit) == 0)
      expect(.workFactor) { _ = try identity.unwrap([greedy]) }
      let error = #expect(throws: CryptoError.self) { try strong.wrap(FileKey()) }
      #expect(error?.message.contains("1048576 MiB") == true)
    }
  }
}

#if canImport(Glibc)
  private let addressSpace = __rlimit_resource_t(RLIMIT_AS.rawValue)
#else
  private let addressSpace = RLIMIT_AS
#endif
