import ArgumentParser
import CairnCrypto
import CommandSupport

/// For whom to encrypt.
struct RecipientOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Encrypt for this public key. Can be repeated.", valueName: "RECIPIENT"))
  var recipient: [String] = []
  @Option(
    name: [.customShort("R"), .customLong("recipients-file")],
    help: ArgumentHelp(
      "Encrypt for the public keys in this file. Can be repeated.", valueName: "FILE"))
  var recipientFiles: [ArgumentBytes] = []

  var isEmpty: Bool { recipient.isEmpty && recipientFiles.isEmpty }

  func load() throws -> [any Recipient] {
    let named = try recipient.map { text in
      do {
        return try Age.recipient(text, plugins: Plugins.host)
      } catch {
        throw Failure("\(text): \(error)")
      }
    }
    let listed = try recipientFiles.flatMap { name in
      do {
        return try SecretFile.read(name.readable).withBytes { text in
          try RecipientFile(parsing: text, plugins: Plugins.host).recipients
        }
      } catch let error as CryptoError {
        throw Failure("\(name.text): \(error)")
      }
    }
    return named + listed
  }
}
