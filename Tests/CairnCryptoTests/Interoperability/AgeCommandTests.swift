import CairnCrypto
import SystemPackage
import Testing

/// Round trips through the `age` command, in both directions.
@Suite(
  "The age command",
  .enabled(
    if: Command("age") != nil && Command("age-keygen") != nil,
    "age is not installed: its round trips are not tested"))
struct AgeCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private var age: Command { Command("age")! }

  private func path(_ name: String) -> String { folder.path(of: name) }

  @Test(arguments: boundaryLengths, [false, true])
  func ageOpensWhatWeSeal(count: Int, armored: Bool) throws {
    let message = sampleBytes(count)
    let identity = try X25519Identity.generate()
    let other = try X25519Identity.generate()
    try folder.write("key", IdentityFile.text(of: identity).revealed)
    try folder.write(
      "sealed",
      try Age.seal(message, to: [other.recipient, identity.recipient], armored: armored))
    #expect(try age.run("-d", "-i", path("key"), path("sealed")) == message)
  }

  @Test(arguments: boundaryLengths, [false, true])
  func weOpenWhatAgeSeals(count: Int, armored: Bool) throws {
    let message = sampleBytes(count)
    try Command("age-keygen")!.run("-o", path("key"))
    let key = try IdentityFile(parsing: SecretBytes(folder.content("key")))
    try folder.write("plain", message)
    let recipient = "\(key.recipients[0])"
    if armored {
      try age.run("-a", "-r", recipient, "-o", path("sealed"), path("plain"))
      let text = try folder.content("sealed")
      let binary = try Armor.decode(text)
      #expect(Armor.encode(binary) == text)
    } else {
      try age.run("-r", recipient, "-o", path("sealed"), path("plain"))
    }
    #expect(try Age.open(folder.content("sealed"), with: key.identities) == message)
    let (sealed, opened) = (
      try folder.file("sealed", holding: folder.content("sealed")),
      try folder.file("opened", holding: [])
    )
    defer { for file in [sealed, opened] { try? file.close() } }
    try Age.open(from: sealed, to: opened, identities: key.identities)
    #expect(try folder.content("opened") == message)
  }

  // age reads a passphrase from a terminal only; script(1) gives it one.
  @Test(.enabled(if: Command("script") != nil, "script(1) is not installed"))
  func passphrasesBothWays() throws {
    let script = Command("script")!
    let message = sampleBytes(1000)
    let passphrase = SecretBytes(utf8: Golden.passphrase)
    let typed = Array("\(Golden.passphrase)\n".utf8)

    let recipient = try ScryptRecipient(passphrase: passphrase, workFactor: 12)
    try folder.write("ours", try Age.seal(message, to: [recipient]))
    try script.run(
      "-qec", "\(age.path) -d -o '\(path("opened"))' '\(path("ours"))'", "/dev/null", input: typed)
    #expect(try folder.content("opened") == message)

    try folder.write("plain", message)
    try script.run(
      "-qec", "\(age.path) -p -o '\(path("theirs"))' '\(path("plain"))'", "/dev/null",
      input: typed + typed)
    let identity = ScryptIdentity(passphrase: passphrase)
    #expect(try Age.open(folder.content("theirs"), with: [identity]) == message)
  }
}
