import CairnCrypto

/// An identity, where there is no other, that asks for a passphrase if that is what opens the file.
struct PassphraseOnDemand: Identity {
  let secrets: SecretSource

  func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
    guard stanzas.contains(where: { $0.type == "scrypt" }) else {
      throw CryptoError(
        .noIdentityMatched, "the file is encrypted for keys: name a file of private keys with -i")
    }
    let passphrase: SecretBytes
    do {
      passphrase = try secrets.passphrase("Enter the passphrase of the file")
    } catch {
      throw CryptoError(.external, "\(error)")
    }
    if let fileKey = try ScryptIdentity(passphrase: passphrase).unwrap(stanzas) { return fileKey }
    throw CryptoError(.noIdentityMatched, "the passphrase is wrong: try again")
  }
}
