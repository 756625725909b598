/// The keys that a ``PluginProgram`` understands: a host's own recipients and identities, made of
/// the data that their texts hold. What a plugin has no use for is left to the defaults, which
/// refuse.
///
/// The interaction reaches the person in front of the age program. It works while these methods,
/// ``Recipient/wrap(_:)`` and ``Identity/unwrap(_:)`` run, and refuses once the conversation is
/// over.
public protocol PluginKeys: Sendable {
  /// Reads the data of `age1NAME1…`, to seal.
  ///
  /// - Throws: ``CryptoError`` if it is no such key; the person is told why.
  func recipient(
    _ data: SecretBytes, asking person: any PluginInteraction
  ) throws(CryptoError) -> any Recipient

  /// Reads the data of `AGE-PLUGIN-NAME-1…`, to seal for whom it opens.
  ///
  /// - Throws: ``CryptoError`` if it is no such key; the person is told why.
  func recipient(
    ofIdentity data: SecretBytes, asking person: any PluginInteraction
  ) throws(CryptoError) -> any Recipient

  /// Reads the data of `AGE-PLUGIN-NAME-1…`, to open.
  ///
  /// - Throws: ``CryptoError`` if it is no such key; the person is told why.
  func identity(
    _ data: SecretBytes, asking person: any PluginInteraction
  ) throws(CryptoError) -> any Identity
}

extension PluginKeys {
  /// Refuses.
  public func recipient(
    _ data: SecretBytes, asking person: any PluginInteraction
  ) throws(CryptoError) -> any Recipient {
    throw CryptoError(.invalidKey, "this plugin does not seal for recipients")
  }

  /// Refuses.
  public func recipient(
    ofIdentity data: SecretBytes, asking person: any PluginInteraction
  ) throws(CryptoError) -> any Recipient {
    throw CryptoError(.invalidKey, "this plugin does not seal for identities")
  }

  /// Refuses.
  public func identity(
    _ data: SecretBytes, asking person: any PluginInteraction
  ) throws(CryptoError) -> any Identity {
    throw CryptoError(.invalidKey, "this plugin does not open")
  }
}
