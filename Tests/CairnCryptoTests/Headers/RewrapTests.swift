import CairnCore
import CairnCrypto
import SystemPackage
import Testing

@Suite("Rewrapping")
struct RewrapTests {
  let old: X25519Identity
  let new: X25519Identity

  init() throws {
    old = try X25519Identity.generate()
    new = try X25519Identity.generate()
  }

  private func rewrap(
    _ file: [UInt8], for recipients: [any Recipient], armored: Bool = false
  ) throws -> [UInt8] {
    try Age.rewrap(
      from: PiecemealReader(file, pieceSize: 1000), to: MemoryWriter(), identities: [old],
      recipients: recipients, armored: armored
    ).bytes
  }

  @Test(arguments: boundaryLengths, [(false, false), (false, true), (true, false), (true, true)])
  func opensForTheNewOnly(count: Int, isArmored: (before: Bool, after: Bool)) throws {
    let message = sampleBytes(count)
    let file = try Age.seal(message, to: [old.recipient], armored: isArmored.before)
    let again = try rewrap(file, for: [new.recipient], armored: isArmored.after)
    #expect(again.starts(with: "-----".utf8) == isArmored.after)
    #expect(try Age.open(again, with: [new]) == message)
    expect(.noIdentityMatched) { _ = try Age.open(again, with: [old]) }
  }

  @Test func thePayloadAndTheFileKeyStay() throws {
    let file = try Age.seal(sampleBytes(100_000), to: [old.recipient])
    let again = try rewrap(file, for: [new.recipient, old.recipient])
    let headers = try [file, again].map { try #require(try Header.parse($0.span.bytes)) }
    #expect(file[headers[0].byteCount...] == again[headers[1].byteCount...])
    #expect(try headers[0].unwrap(with: [old]) == headers[1].unwrap(with: [new]))
  }

  @Test func descriptors() throws {
    let folder = try TemporaryFolder()
    let message = sampleBytes(200_000)
    let sealed = try folder.file("sealed", holding: Age.seal(message, to: [old.recipient]))
    let again = try folder.file("again", holding: [])
    defer { for file in [sealed, again] { try? file.close() } }
    try Age.rewrap(from: sealed, to: again, identities: [old], recipients: [new.recipient])
    let file = try folder.content("again")
    #expect(try Age.open(file, with: [new]) == message)
  }

  @Test func refusesRecipientsThatCannotBeTogether() throws {
    let file = try Age.seal([1], to: [old.recipient])
    let stanza = Stanza(type: "test", arguments: [], body: [])
    let labelled = StubRecipient([stanza], labels: ["postquantum"])
    expect(.recipients) { _ = try rewrap(file, for: []) }
    expect(.recipients) { _ = try rewrap(file, for: [new.recipient, labelled]) }
    let passphrase = try ScryptRecipient(passphrase: SecretBytes(utf8: "x"), workFactor: 1)
    expect(.recipients) { _ = try rewrap(file, for: [new.recipient, passphrase]) }
    let again = try rewrap(file, for: [passphrase])
    let identity = ScryptIdentity(passphrase: SecretBytes(utf8: "x"))
    #expect(try Age.open(again, with: [identity]) == [1])
  }

  @Test func nothingIsWrittenWithoutTheKey() throws {
    let file = try Age.seal([1], to: [new.recipient])
    let output = CountingWriter()
    expect(.noIdentityMatched) {
      _ = try Age.rewrap(
        from: MemoryReader(file), to: output, identities: [old], recipients: [new.recipient])
    }
    #expect(output.log.bytes == [])
  }

  @Test func damageIsFoundAsFarAsItCanBe() throws {
    let file = try Age.seal(sampleBytes(100), to: [old.recipient])
    let header = try #require(try Header.parse(file.span.bytes))
    var changed = file
    changed[header.byteCount - 2] ^= 1
    expect(.header, .headerMAC) { _ = try rewrap(changed, for: [new.recipient]) }
    let cut = Array(file.prefix(header.byteCount + PayloadKey.nonceSize + 10))
    expect(.truncated) { _ = try rewrap(cut, for: [new.recipient]) }
    expect(.armor) { _ = try rewrap(Armor.encode(file).dropLast(10), for: [new.recipient]) }
    // In the payload it stays, and is found when it is opened.
    changed = file
    changed[file.count - 1] ^= 1
    let again = try rewrap(changed, for: [new.recipient])
    expect(.payload) { _ = try Age.open(again, with: [new]) }
  }

  @Test(arguments: [false, true])
  func failuresOfTheOutputAreTold(armored: Bool) throws {
    let file = try Age.seal(sampleBytes(1_000_000), to: [old.recipient])
    expect(.io) {
      _ = try Age.rewrap(
        from: MemoryReader(file), to: FullWriter(room: 500_000), identities: [old],
        recipients: [new.recipient], armored: armored)
    }
  }
}
