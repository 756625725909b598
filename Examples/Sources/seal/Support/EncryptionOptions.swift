import ArgumentParser
import CairnCrypto
import CommandSupport

/// For whom to encrypt, and how.
struct EncryptionOptions: ParsableArguments {
  @OptionGroup var recipients: RecipientOptions
  @Flag(name: .shortAndLong, help: "Encrypt with a passphrase.")
  var passphrase = false
  @Flag(name: .shortAndLong, help: "Write text (PEM) that survives mail and chat.")
  var armor = false

  /// The recipients, those of the identities among them.
  func everybody(
    _ identities: IdentityOptions, _ secrets: SecretSource
  ) throws -> [any Recipient] {
    if passphrase {
      guard recipients.isEmpty, identities.isEmpty else { throw Self.passphraseNotAlone() }
      return [try ScryptRecipient(passphrase: secrets.newPassphrase())]
    }
    return try nobodyRefused(recipients.load() + identities.recipients(secrets))
  }

  /// The recipients, where identities open the file that there is.
  func everybodyElse(_ secrets: SecretSource) throws -> [any Recipient] {
    if passphrase {
      guard recipients.isEmpty else { throw Self.passphraseNotAlone() }
      return [NewPassphraseOnDemand(secrets: secrets)]
    }
    return try nobodyRefused(recipients.load())
  }

  private func nobodyRefused(_ recipients: [any Recipient]) throws -> [any Recipient] {
    guard !recipients.isEmpty else {
      throw Failure("there is nobody to encrypt for: give a recipient with -r or -R, or use -p")
    }
    return recipients
  }

  private static func passphraseNotAlone() -> Failure {
    Failure("a passphrase must be alone: leave out -p, or the recipients and identities")
  }
}
