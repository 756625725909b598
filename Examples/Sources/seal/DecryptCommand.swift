import ArgumentParser
import CairnCrypto
import CommandSupport

struct DecryptCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decrypt", abstract: "Decrypt a file.")

  @OptionGroup var identities: IdentityOptions
  @OptionGroup var passphraseSource: PassphraseOptions
  @OptionGroup var output: OutputOptions
  @OptionGroup var input: InputOptions

  func run() throws {
    let everybody = try identities.load(SecretSource(passphraseSource))
    try input.withFile { input in
      try output.write(isText: true) { file in
        try Age.open(
          from: input, to: file, identities: everybody,
          progress: ProgressLine.reporter("decrypt"))
      } toFile: { path in
        try Age.open(
          from: input, toFileAt: path, identities: everybody,
          progress: ProgressLine.reporter("decrypt"))
      }
    }
  }
}
