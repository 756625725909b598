import CairnCrypto
import Testing

/// Keys that `ssh-keygen` makes, and round trips with them through the `age` command.
@Suite(
  "The ssh-keygen command",
  .enabled(if: Command("ssh-keygen") != nil, "ssh-keygen is not installed: its keys are not tested")
)
struct SSHCommandTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let hasAge = Command("age") != nil
  private static let hasTerminal = Command("script") != nil

  private var age: Command { Command("age")! }

  private func path(_ name: String) -> String { folder.path(of: name) }

  /// A way to call `ssh-keygen`.
  struct Kind: Sendable, CustomTestStringConvertible {
    var type: String
    var bits = 0
    var passphrase = ""
    /// The cipher, or the default one.
    var cipher: String?
    /// The format, or OpenSSH's.
    var format: String?
    var rounds = 1

    var testDescription: String {
      [type, bits > 0 ? "\(bits)" : nil, cipher, format, passphrase.isEmpty ? nil : "sealed"]
        .compactMap { $0 }.joined(separator: " ")
    }
  }

  static let kinds =
    [
      Kind(type: "ed25519"),
      // With the rounds that ssh-keygen does by itself.
      Kind(type: "ed25519", passphrase: "correct horse", rounds: 16),
      Kind(type: "rsa", bits: 2048),
      Kind(type: "rsa", bits: 2048, passphrase: "correct horse"),
      Kind(type: "rsa", bits: 3072),
    ]
    + ["PEM", "PKCS8"].flatMap { format in
      ["", "correct horse"].map {
        Kind(type: "rsa", bits: 2048, passphrase: $0, format: format)
      }
    }

  static let ciphers = [
    "aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-cbc", "aes192-cbc", "aes256-cbc",
    "aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com",
  ].map { Kind(type: "ed25519", passphrase: "Grüße ✓", cipher: $0, rounds: 2) }

  /// Makes the files `key` and `key.pub`.
  private func make(_ kind: Kind) throws {
    var arguments = [
      "-q", "-t", kind.type, "-N", kind.passphrase, "-C", "a comment", "-a", "\(kind.rounds)",
      "-f", path("key"),
    ]
    if kind.bits > 0 { arguments += ["-b", "\(kind.bits)"] }
    if let cipher = kind.cipher { arguments += ["-Z", cipher] }
    if let format = kind.format { arguments += ["-m", format] }
    try Command("ssh-keygen")!.run(arguments)
  }

  private func publicLine() throws -> String {
    String(decoding: try folder.content("key.pub").dropLast(), as: UTF8.self)
  }

  @Test(arguments: kinds + ciphers)
  func readsKeys(kind: Kind) throws {
    try make(kind)
    let line = try publicLine()
    #expect(try "\(Age.recipient(line))" == line)
    let file = try IdentityFile(parsing: SecretBytes(folder.content("key"))) { _ in
      SecretBytes(utf8: kind.passphrase)
    }
    let sealed = try Age.seal([1, 2, 3], to: [Age.recipient(line)])
    #expect(try Age.open(sealed, with: file.identities) == [1, 2, 3])
    let again = try Age.seal([4, 5, 6], to: file.recipients)
    #expect(try Age.open(again, with: file.identities) == [4, 5, 6])
  }

  @Test(
    .enabled(if: hasAge, "age is not installed: its round trips are not tested"),
    arguments: kinds)
  func weOpenWhatAgeSeals(kind: Kind) throws {
    try make(kind)
    let message = sampleBytes(1000)
    try folder.write("plain", message)
    try age.run("-R", path("key.pub"), "-o", path("sealed"), path("plain"))
    let file = try IdentityFile(parsing: SecretBytes(folder.content("key"))) { _ in
      SecretBytes(utf8: kind.passphrase)
    }
    #expect(try Age.open(folder.content("sealed"), with: file.identities) == message)
  }

  @Test(
    .enabled(if: hasAge, "age is not installed: its round trips are not tested"),
    arguments: kinds.filter { $0.passphrase.isEmpty })
  func ageOpensWhatWeSeal(kind: Kind) throws {
    try make(kind)
    let message = sampleBytes(1000)
    let file = try RecipientFile(parsing: folder.content("key.pub"))
    let other = try X25519Identity.generate().recipient
    try folder.write("sealed", try Age.seal(message, to: [other] + file.recipients))
    #expect(try age.run("-d", "-i", path("key"), path("sealed")) == message)
  }

  // age reads a passphrase from a terminal only; script(1) gives it one.
  @Test(
    .enabled(if: hasAge && hasTerminal, "age or script(1) is not installed"),
    arguments: kinds.filter { !$0.passphrase.isEmpty && $0.format == nil })
  func ageOpensWhatWeSealForProtectedKeys(kind: Kind) throws {
    try make(kind)
    let message = sampleBytes(1000)
    let file = try RecipientFile(parsing: folder.content("key.pub"))
    try folder.write("sealed", try Age.seal(message, to: file.recipients))
    try Command("script")!.run(
      "-qec", "\(age.path) -d -i '\(path("key"))' -o '\(path("opened"))' '\(path("sealed"))'",
      "/dev/null", input: Array("\(kind.passphrase)\n".utf8))
    #expect(try folder.content("opened") == message)
  }

  @Test(.enabled(if: hasAge && hasTerminal, "age or script(1) is not installed"))
  func sealedIdentityFilesBothWays() throws {
    let typed = Array("\(Golden.passphrase)\n".utf8)
    let passphrase = SecretBytes(utf8: Golden.passphrase)
    let key = try X25519Identity.generate()
    let sealed = try Age.seal(sampleBytes(1000), to: [key.recipient])

    let recipient = try ScryptRecipient(passphrase: passphrase, workFactor: 10)
    try folder.write("ours", try Age.seal(IdentityFile.text(of: key).revealed, to: [recipient]))
    try folder.write("sealed", sealed)
    try Command("script")!.run(
      "-qec", "\(age.path) -d -i '\(path("ours"))' -o '\(path("opened"))' '\(path("sealed"))'",
      "/dev/null", input: typed)
    #expect(try folder.content("opened") == sampleBytes(1000))

    try folder.write("key", IdentityFile.text(of: key).revealed)
    try Command("script")!.run(
      "-qec", "\(age.path) -p -o '\(path("theirs"))' '\(path("key"))'", "/dev/null",
      input: typed + typed)
    let file = try IdentityFile(parsing: SecretBytes(folder.content("theirs"))) { _ in passphrase }
    #expect(try Age.open(sealed, with: file.identities) == sampleBytes(1000))
  }
}
