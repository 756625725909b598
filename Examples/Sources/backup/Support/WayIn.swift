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

  /// Whoever has the file with a new identity that is written now.
  static func newIdentity(in file: ArgumentBytes) throws -> WayIn {
    let identity = try X25519Identity.generate()
    let now = Formatting.utcTime(Formatting.now()).prefix(19) + "Z"
    try SecretFile.create(file, IdentityFile.text(of: identity, comments: ["created: \(now)"]))
    return WayIn(recipient: identity.recipient, label: "owner")
  }

  /// Those who have these credentials.
  static func all(for credentials: Credentials) throws -> [WayIn] {
    var ways = credentials.recipients.map { WayIn(recipient: $0, label: "owner") }
    if let phrase = credentials.passphrase { ways.append(try passphrase(phrase)) }
    return ways
  }
}
