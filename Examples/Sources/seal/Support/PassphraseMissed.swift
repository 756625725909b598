import CairnCrypto

/// Says, after all keys, that a file has a passphrase instead.
struct PassphraseMissed: Identity {
  func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
    guard stanzas.contains(where: { $0.type == "scrypt" }) else { return nil }
    throw CryptoError(
      .noIdentityMatched,
      "the file is encrypted with a passphrase, not for keys: leave out -i to be asked for it")
  }
}
