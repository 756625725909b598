extension Age {
  /// Reads a recipient from its text: `age1…`.
  ///
  /// - Parameter text: One line without white space around it.
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is none, or mistyped.
  public static func recipient(_ text: String) throws(CryptoError) -> any Recipient {
    if let recipient = X25519Recipient(text) { return recipient }
    throw CryptoError(
      .invalidKey, "this is not a recipient: it should begin with age1 and be complete")
  }

  /// Reads an identity from its text: `AGE-SECRET-KEY-1…`.
  ///
  /// - Parameter text: One line without white space around it.
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is none, or mistyped.
  public static func identity(_ text: SecretBytes) throws(CryptoError) -> any Identity {
    try X25519Identity(text)
  }
}
