import ArgumentParser

struct EncryptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encrypt", abstract: "Encrypt a file.",
    discussion: "With -i, it is encrypted for those who have these private keys.")

  @OptionGroup var encryption: EncryptionOptions
  @OptionGroup var files: FileOptions

  func run() throws { try files.encrypt(encryption) }
}
