import ArgumentParser
import CairnCrypto
import CommandSupport
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
    if let output, output.text != "-" {
      try SecretFile.create(output, text)
      printMessage("Public key: \(recipient)")
    } else {
      if !FileDescriptor.standardOutput.isTerminal { printMessage("Public key: \(recipient)") }
      try text.withUnsafeBytes { _ = try FileDescriptor.standardOutput.writeAll($0) }
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
    let text = try SecretFile.read(input.name ?? ArgumentBytes("/dev/stdin".utf8))
    let file = try IdentityFile(
      parsing: text, passphrase: SecretSource(passphraseSource).provider)
    guard file.recipients.count == file.identities.count else {
      throw Failure("\(input.text) has an identity that does not tell its public half")
    }
    let lines = file.recipients.map { "\($0)\n" }.joined()
    let bytes = Array(lines.utf8)
    if let output, output.text != "-" {
      try SecretFile.create(output, SecretBytes(copying: bytes.span.bytes))
    } else {
      _ = try FileDescriptor.standardOutput.writeAll(bytes)
    }
  }
}
