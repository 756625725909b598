extension Age {
  /// Reads a recipient from its text: `age1…` or, post-quantum, `age1pq1…`.
  ///
  /// - Parameter text: One line without white space around it.
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is none, or mistyped.
  public static func recipient(_ text: String) throws(CryptoError) -> any Recipient {
    if let recipient = X25519Recipient(text) { return recipient }
    if let recipient = PostQuantumRecipient(text) { return recipient }
    throw CryptoError(
      .invalidKey, "this is not a recipient: it should begin with age1 and be complete")
  }

  /// Reads an identity from its text: `AGE-SECRET-KEY-1…` or, post-quantum,
  /// `AGE-SECRET-KEY-PQ-1…`.
  ///
  /// - Parameter text: One line without white space around it.
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is none, or mistyped;
  ///   ``CryptoError/Code/library`` if it is a post-quantum key, and libcrypto is too old for it.
  public static func identity(_ text: SecretBytes) throws(CryptoError) -> any Identity {
    if text.withBytes({ PostQuantumIdentity.isMeant(by: $0) }) {
      return try PostQuantumIdentity(text)
    }
    return try X25519Identity(text)
  }
}
