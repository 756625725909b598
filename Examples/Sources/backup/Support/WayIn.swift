import Cairn
import CommandSupport

/// Somebody who shall be able to open a repository.
struct WayIn {
  let recipient: any Recipient
  let label: String

  static func recipients(_ texts: [String]) throws -> [WayIn] {
    try texts.map { text in
      guard let recipient = X25519Recipient(text) else {
        throw Failure(
          "\"\(text)\" is not an age recipient; it begins with age1 and must be complete")
      }
      return WayIn(recipient: recipient, label: "recipient")
    }
  }

  static func passphrase(_ file: ArgumentBytes) throws -> WayIn {
    try passphrase(try SecretFile.readPassphrase(file))
  }

  private static func passphrase(_ passphrase: SecretBytes) throws -> WayIn {
    WayIn(recipient: try ScryptRecipient(passphrase: passphrase), label: "passphrase")
  }

  /// Those who have these credentials.
  static func all(for credentials: Credentials) throws -> [WayIn] {
    var ways = credentials.recipients.map { WayIn(recipient: $0, label: "owner") }
    if let phrase = credentials.passphrase { ways.append(try passphrase(phrase)) }
    return ways
  }
}
