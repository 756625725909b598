extension Age {
  /// Reads a recipient from its text: `age1…`; post-quantum, `age1pq1…`; or the line of an SSH
  /// public key, `ssh-ed25519 …` or `ssh-rsa …`.
  ///
  /// - Parameters:
  ///   - text: One line without white space around it.
  ///   - plugins: How to run plugins; without it their recipients, `age1NAME1…`, are refused, since
  ///     to seal for one is to run a program that the text names.
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is none, or mistyped, or an SSH key of a type
  ///   that cannot be sealed for.
  public static func recipient(
    _ text: String, plugins: PluginHost? = nil
  ) throws(CryptoError) -> any Recipient {
    if let recipient = X25519Recipient(text) { return recipient }
    if let recipient = PostQuantumRecipient(text) { return recipient }
    if SSHPublicKey.isMeant(by: text) { return try SSHPublicKey(line: text).recipient }
    if let plugins, text.hasPrefix("age1"), text.dropFirst(4).contains("1") {
      return try PluginRecipient(text, host: plugins)
    }
    throw CryptoError(
      .invalidKey, "this is not a recipient: it should begin with age1 or ssh- and be complete")
  }

  /// Reads an identity from its text: `AGE-SECRET-KEY-1…` or, post-quantum,
  /// `AGE-SECRET-KEY-PQ-1…`.
  ///
  /// - Parameters:
  ///   - text: One line without white space around it.
  ///   - plugins: How to run plugins; without it their identities, `AGE-PLUGIN-NAME-1…`, are
  ///     refused, since to open with one is to run a program that the text names.
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is none, or mistyped;
  ///   ``CryptoError/Code/library`` if it is a post-quantum key, and libcrypto is too old for it.
  public static func identity(
    _ text: SecretBytes, plugins: PluginHost? = nil
  ) throws(CryptoError) -> any Identity {
    if text.withBytes({ PostQuantumIdentity.isMeant(by: $0) }) {
      return try PostQuantumIdentity(text)
    }
    if let plugins, text.withBytes({ PluginIdentity.isMeant(by: $0) }) {
      return try PluginIdentity(text, host: plugins)
    }
    return try X25519Identity(text)
  }
}
