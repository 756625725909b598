/// An identity file that is sealed with a passphrase: an age file, armored or not, whose message is
/// the text of an identity file.
enum SealedIdentityFile {
  private static let starts: [StaticString] = [
    "age-encryption.org/", "-----BEGIN AGE ENCRYPTED FILE-----",
  ]

  /// Whether a text may be one of these.
  static func isMeant(by text: RawSpan) -> Bool {
    text.withUnsafeBytes { text in
      starts.contains { start in
        text.starts(
          with: UnsafeRawBufferPointer(start: start.utf8Start, count: start.utf8CodeUnitCount))
      }
    }
  }

  /// Opens a file, after asking for its passphrase.
  ///
  /// - Throws: ``CryptoError/Code/noIdentityMatched`` if the passphrase is wrong, or the file is not
  ///   sealed with one; what ``Age/openSecret(_:with:limits:)-(RawSpan,_,_)`` and the provider throw.
  static func open(
    _ text: SecretBytes, passphrase: @escaping PassphraseProvider
  ) throws(CryptoError) -> SecretBytes {
    try text.withBytes { (text) throws(CryptoError) in
      try Age.openSecret(text, with: [AskedPassphrase(provider: passphrase)])
    }
  }

  /// A passphrase that is asked for when it is known that one is needed.
  private struct AskedPassphrase: Identity {
    let provider: PassphraseProvider

    func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
      guard stanzas.contains(where: { $0.type == ScryptRecipient.stanzaType }) else {
        throw CryptoError(
          .noIdentityMatched,
          "this identity file is sealed, but not with a passphrase: open it first, and give what it"
            + " holds")
      }
      let passphrase = try PassphraseRequest(.identityFile).ask(provider)
      guard let fileKey = try ScryptIdentity(passphrase: passphrase).unwrap(stanzas) else {
        throw CryptoError(
          .noIdentityMatched, "the passphrase of the identity file is wrong: try again")
      }
      return fileKey
    }
  }
}
