import ArgumentParser

struct RewrapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rewrap", abstract: "Encrypt a file for others without touching its content.",
    discussion: """
      The file gets a new header, for the recipients given here instead of those that it had. The \
      content is copied as it is, so whoever once opened the file and kept its file key can open \
      the new one too: to lock somebody out, decrypt the file and encrypt it anew. Where both \
      have a passphrase, that of the file as it is comes first.
      """)

  @OptionGroup var encryption: EncryptionOptions
  @OptionGroup var files: FileOptions

  func run() throws { try files.rewrap(encryption) }
}
