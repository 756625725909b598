import ArgumentParser
import CairnCrypto
import CommandSupport

struct EncryptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encrypt", abstract: "Encrypt a file.")

  @OptionGroup var recipients: RecipientOptions
  @OptionGroup var identities: IdentityOptions
  @Flag(name: .shortAndLong, help: "Encrypt with a passphrase.")
  var passphrase = false
  @OptionGroup var passphraseSource: PassphraseOptions
  @Flag(name: .shortAndLong, help: "Write text (PEM) that survives mail and chat.")
  var armor = false
  @OptionGroup var output: OutputOptions
  @OptionGroup var input: InputOptions

  func run() throws {
    let recipients = try everybody()
    try input.withFile { input in
      try output.write(isText: armor) { file in
        try Age.seal(
          from: input, to: file, recipients: recipients, armored: armor,
          progress: ProgressLine.reporter("encrypt"))
      } toFile: { path in
        try Age.seal(
          from: input, toFileAt: path, recipients: recipients, armored: armor,
          progress: ProgressLine.reporter("encrypt"))
      }
    }
  }

  private func everybody() throws -> [any Recipient] {
    let secrets = SecretSource(passphraseSource)
    if passphrase {
      guard recipients.isEmpty, identities.identity.isEmpty else {
        throw Failure(
          "a passphrase must be alone: leave out -p, or the recipients and identities")
      }
      return [try ScryptRecipient(passphrase: secrets.newPassphrase())]
    }
    let known = try recipients.load() + identities.recipients(secrets)
    guard !known.isEmpty else {
      throw Failure("there is nobody to encrypt for: give a recipient with -r or -R, or use -p")
    }
    return known
  }
}
