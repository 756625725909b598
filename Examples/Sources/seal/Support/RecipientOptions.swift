import ArgumentParser
import CairnCrypto
import CommandSupport
import FoundationSupport

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
    return try named + recipientFiles.flatMap(load)
  }

  private func load(_ name: ArgumentBytes) throws -> [any Recipient] {
    let text = try name.readKeys().withUnsafeBytes { Array($0) }
    let (usable, ignored) = UnusableSSHKeys.remove(from: text)
    for key in ignored {
      printWarning(
        "\(name.text), line \(key.line): nothing can be encrypted for a key of the type"
          + " \(key.type); it is ignored")
    }
    do {
      return try RecipientFile(parsing: usable, plugins: Plugins.host).recipients
    } catch {
      throw Failure("\(name.text): \(error)")
    }
  }
}
