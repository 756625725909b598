import CairnCrypto

/// A recipient that asks for its passphrase when it is needed: after that of the file that is
/// opened.
struct NewPassphraseOnDemand: Recipient {
  let secrets: SecretSource

  func wrap(_ fileKey: FileKey) throws(CryptoError) -> WrappedFileKey {
    let passphrase: SecretBytes
    do {
      passphrase = try secrets.newPassphrase()
    } catch {
      throw CryptoError(.external, "\(error)")
    }
    return try ScryptRecipient(passphrase: passphrase).wrap(fileKey)
  }
}
