/// A recipient that a plugin understands, `age1NAME1…`, or an identity of a plugin, used to seal
/// (C2SP age-plugin.md). Sealing runs the program `age-plugin-NAME`.
public struct PluginRecipient: Recipient {
  private let name: PluginName
  private let key: PluginConversation.Key
  private let host: PluginHost

  init(_ name: PluginName, _ key: PluginConversation.Key, _ host: PluginHost) {
    self.name = name
    self.key = key
    self.host = host
  }

  /// The name of the plugin, in lower case.
  public var plugin: String { name.text }

  /// Reads a recipient from `age1NAME1…`, with nothing before or after it. The plugin need not be
  /// installed.
  ///
  /// - Parameter host: How to run the plugin.
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is anything else, or mistyped.
  public init(_ text: String, host: PluginHost = PluginHost()) throws(CryptoError) {
    guard let (name, _) = PluginName.recipient(Array(text.utf8).span.bytes) else {
      throw CryptoError(
        .invalidKey,
        "this is not a recipient of a plugin: it should begin with age1 and the plugin's name, and"
          + " be complete")
    }
    self.init(name, .recipient(text), host)
  }

  /// Makes a recipient of what the plugin keeps in it; for programs that make keys for a plugin.
  ///
  /// - Parameters:
  ///   - plugin: The name of the plugin, as in `age-plugin-NAME`.
  ///   - data: What the plugin is given again when it wraps.
  ///   - host: How to run the plugin.
  /// - Throws: ``CryptoError/Code/invalidKey`` if the name has characters that it may not have.
  public init(
    plugin: String, data: RawSpan, host: PluginHost = PluginHost()
  ) throws(CryptoError) {
    guard let name = PluginName(plugin) else { throw PluginName.invalid(plugin) }
    let text = Bech32.encode(prefix: name.recipientPrefix, SecretBytes(copying: data))
    self.init(
      name, .recipient(text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }), host)
  }

  /// Has the plugin wrap the file key.
  ///
  /// - Throws: ``CryptoError/Code/plugin`` if the plugin is missing, fails, or breaks the rules of
  ///   the conversation; ``CryptoError/Code/io`` if there is no pipe to be had.
  public func wrap(_ fileKey: FileKey) throws(CryptoError) -> WrappedFileKey {
    try host.converse(with: name, "recipient-v1") { (conversation) throws(CryptoError) in
      try conversation.wrap(fileKey, for: key)
    }
  }
}

extension PluginRecipient: CustomStringConvertible {
  /// The recipient as `age1NAME1…`; of an identity, the name of the plugin only.
  public var description: String {
    switch key {
    case .recipient(let text): text
    case .identity: "PluginRecipient(an identity of \(name.program))"
    }
  }
}
