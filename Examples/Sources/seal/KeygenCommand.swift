import ArgumentParser
import CairnCrypto
import CommandSupport
import FoundationSupport
import SystemPackage

struct KeygenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen", abstract: "Make a key, or tell the public half of one.",
    discussion: """
      The key is written to OUT, a new file that only its owner can read, and the public half, for \
      those who encrypt, is put out on standard error. With -y, identities are read from IN, and \
      their public halves written to OUT.
      """)

  @Flag(name: [.customShort("y")], help: "Convert identities to recipients.")
  var converts = false
  @Flag(name: .customLong("pq"), help: "Make a post-quantum key.")
  var postQuantum = false
  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "OUT"))
  var output: ArgumentBytes?
  @OptionGroup var passphraseSource: PassphraseOptions
  @OptionGroup var input: InputOptions

  func run() throws {
    if converts { return try convert() }
    guard input.name == nil else {
      throw Failure("a key is made of nothing: leave out \(input.text), or give -y as well")
    }
    let (text, recipient) = try makeKey()
    if let output, !output.isStandard {
      try SecretFile.create(output, text)
      printMessage("Public key: \(recipient)")
    } else {
      let file = FileDescriptor.standardOutput
      if !file.isTerminal { printMessage("Public key: \(recipient)") }
      if let status = try? Stat(file), status.type == .regular,
        status.permissions.contains(.otherRead)
      {
        printWarning("everybody can read the file that the private key goes to")
      }
      try text.withUnsafeBytes { _ = try file.writeAll($0) }
    }
  }

  private func makeKey() throws -> (text: SecretBytes, recipient: String) {
    let comments = ["created: \(Formatting.utcTime(Formatting.now()).prefix(19))Z"]
    if postQuantum {
      let identity = try PostQuantumIdentity.generate()
      return (IdentityFile.text(of: identity, comments: comments), "\(identity.recipient)")
    }
    let identity = try X25519Identity.generate()
    return (IdentityFile.text(of: identity, comments: comments), "\(identity.recipient)")
  }

  private func convert() throws {
    if input.isStandard, passphraseSource.isStandardInput {
      throw Failure("standard input is to be read for several things: name a file for one")
    }
    let text = try (input.name ?? ArgumentBytes("-".utf8)).readKeys()
    let file = try IdentityFile(
      parsing: text, passphrase: SecretSource(passphraseSource).provider, plugins: Plugins.host)
    guard file.recipients.count == file.identities.count else {
      throw Failure("\(input.text) has an identity that does not tell its public half")
    }
    let lines = file.recipients.map { "\($0)\n" }.joined()
    let bytes = Array(lines.utf8)
    if let output, !output.isStandard {
      try SecretFile.create(output, SecretBytes(copying: bytes.span.bytes))
    } else {
      _ = try FileDescriptor.standardOutput.writeAll(bytes)
    }
  }
}
