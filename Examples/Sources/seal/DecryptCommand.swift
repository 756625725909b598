import ArgumentParser

struct DecryptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decrypt", abstract: "Decrypt a file.",
    discussion: """
      Without -i, the passphrase is asked for that the file was encrypted with. A new file can be \
      read by its owner only.
      """)

  @OptionGroup var files: FileOptions

  func run() throws { try files.decrypt() }
}
