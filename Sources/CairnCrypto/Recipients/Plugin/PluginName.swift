/// The name that ties keys to the program that understands them (C2SP age-plugin.md, "Mapping
/// recipients and identities to plugin binaries").
struct PluginName: Hashable, Sendable {
  /// Lower-case letters, digits, and `+ - . _`.
  let text: String

  /// `nil` unless `text`, in either case, has nothing but the characters that are allowed. A name
  /// with a slash in it could start any program.
  init?(_ text: String) {
    let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789+-._".utf8)
    let text = text.lowercased()
    guard !text.isEmpty, text.utf8.allSatisfy(allowed.contains) else { return nil }
    self.text = text
  }

  /// The file name of the program.
  var program: String { "age-plugin-\(text)" }
  /// The human-readable part of its recipients, in lower case.
  var recipientPrefix: String { "age1\(text)" }
  /// The human-readable part of its identities, in lower case; they are written in upper case.
  var identityPrefix: String { "age-plugin-\(text)-" }

  /// The name and the data in the text of a recipient, `age1NAME1…`.
  static func recipient(_ text: RawSpan) -> (name: PluginName, data: SecretBytes)? {
    guard let decoded = Bech32.decode(text), !decoded.isUppercase,
      decoded.prefix.hasPrefix("age1"), let name = PluginName(String(decoded.prefix.dropFirst(4)))
    else { return nil }
    return (name, decoded.data)
  }

  /// The name and the data in the text of an identity, `AGE-PLUGIN-NAME-1…`.
  static func identity(_ text: RawSpan) -> (name: PluginName, data: SecretBytes)? {
    let start = "age-plugin-"
    guard let decoded = Bech32.decode(text), decoded.isUppercase, decoded.prefix.hasPrefix(start),
      decoded.prefix.hasSuffix("-"), decoded.prefix.count > start.count,
      let name = PluginName(String(decoded.prefix.dropFirst(start.count).dropLast()))
    else { return nil }
    return (name, decoded.data)
  }

  static func invalid(_ name: String) -> CryptoError {
    CryptoError(
      .invalidKey,
      "\(PluginText.display(Array(name.utf8).span.bytes)) cannot be the name of a plugin:"
        + " use letters, digits, and + - . _")
  }
}
