/// An identity that a plugin understands, `AGE-PLUGIN-NAME-1…` (C2SP age-plugin.md). Opening runs
/// the program `age-plugin-NAME`.
///
/// It may hold a private key, or only say where the plugin finds one.
public struct PluginIdentity: Identity {
  private let name: PluginName
  private let text: SecretBytes
  private let host: PluginHost

  /// The name of the plugin, in lower case.
  public var plugin: String { name.text }

  /// Reads an identity from `AGE-PLUGIN-NAME-1…`, with nothing before or after it. The plugin need
  /// not be installed.
  ///
  /// - Parameter host: How to run the plugin.
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is anything else, or mistyped.
  public init(_ text: SecretBytes, host: PluginHost = PluginHost()) throws(CryptoError) {
    guard let (name, _) = text.withBytes({ PluginName.identity($0) }) else {
      throw CryptoError(
        .invalidKey,
        "this is not an identity of a plugin: it should begin with AGE-PLUGIN- and the plugin's"
          + " name, all in capitals, and be complete")
    }
    self.name = name
    self.text = text
    self.host = host
  }

  /// Makes an identity of what the plugin keeps in it: for programs that make keys for a plugin,
  /// and, without data, for plugins that need none.
  ///
  /// - Parameters:
  ///   - plugin: The name of the plugin, as in `age-plugin-NAME`.
  ///   - data: What the plugin is given again when it unwraps.
  ///   - host: How to run the plugin.
  /// - Throws: ``CryptoError/Code/invalidKey`` if the name has characters that it may not have.
  public init(
    plugin: String, data: SecretBytes = SecretBytes(copying: RawSpan()),
    host: PluginHost = PluginHost()
  ) throws(CryptoError) {
    guard let name = PluginName(plugin) else { throw PluginName.invalid(plugin) }
    self.name = name
    text = Bech32.encodeUppercase(prefix: name.identityPrefix, data)
    self.host = host
  }

  /// Whether `text` is meant to be such an identity.
  static func isMeant(by text: RawSpan) -> Bool { text.starts(with: "AGE-PLUGIN-") }

  /// The identity as a recipient: the plugin seals so that this identity opens, if it can.
  public var recipient: PluginRecipient { PluginRecipient(name, .identity(text), host) }

  /// The identity as `AGE-PLUGIN-NAME-1…`, to be stored where only its owner reads it.
  public func exportText() -> SecretBytes { text }

  /// Has the plugin look through the stanzas, of whatever type, and open one of them.
  ///
  /// - Throws: ``CryptoError/Code/plugin`` if the plugin is missing, fails, or breaks the rules of
  ///   the conversation; ``CryptoError/Code/io`` if there is no pipe to be had.
  public func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
    try host.converse(with: name, "identity-v1") { (conversation) throws(CryptoError) in
      try conversation.unwrap(stanzas, with: text)
    }
  }
}

extension PluginIdentity: CustomStringConvertible {
  /// Names the plugin, never the key.
  public var description: String { "PluginIdentity(\(name.program))" }
}
