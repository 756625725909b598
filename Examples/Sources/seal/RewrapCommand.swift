import ArgumentParser
import CairnCrypto
import CommandSupport

struct RewrapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rewrap", abstract: "Encrypt a file for others without touching its content.",
    discussion: """
      The file gets a new header, for the recipients given here instead of those that it had. The \
      content is copied as it is, so whoever once opened the file and kept its file key can open \
      the new one too: to lock somebody out, decrypt the file and encrypt it anew.
      """)

  @OptionGroup var identities: IdentityOptions
  @OptionGroup var recipients: RecipientOptions
  @OptionGroup var passphraseSource: PassphraseOptions
  @Flag(name: .shortAndLong, help: "Write text (PEM) that survives mail and chat.")
  var armor = false
  @OptionGroup var output: OutputOptions
  @OptionGroup var input: InputOptions

  func run() throws {
    let secrets = SecretSource(passphraseSource)
    let (old, new) = (try identities.load(secrets), try recipients.load())
    guard !new.isEmpty else {
      throw Failure("there is nobody to encrypt for: give a recipient with -r or -R")
    }
    try input.withFile { input in
      try output.write(isText: armor) { file in
        try Age.rewrap(
          from: input, to: file, identities: old, recipients: new, armored: armor)
      } toFile: { path in
        try Age.rewrap(
          from: input, toFileAt: path, identities: old, recipients: new, armored: armor)
      }
    }
  }
}
