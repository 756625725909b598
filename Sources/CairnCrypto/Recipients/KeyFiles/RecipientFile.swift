/// The text of a file of recipients, as `age -R` reads it: to a line a recipient that
/// ``Age/recipient(_:plugins:)`` knows; comments that begin with `#`, empty lines; lines may end in
/// CRLF.
///
/// An authorized_keys file without options is one too.
public struct RecipientFile: Sendable {
  /// The recipients, in the order of the file; at least one.
  public let recipients: [any Recipient]

  /// Reads the text of a recipient file.
  ///
  /// - Parameters:
  ///   - text: The whole file.
  ///   - plugins: How to run plugins; without it their recipients are refused.
  /// - Throws: ``CryptoError/Code/invalidKey`` if a line is anything else, an SSH key of a type that
  ///   cannot be sealed for included, with its number in ``CryptoError/line``, or if there is no
  ///   recipient at all.
  public init(
    parsing text: RawSpan, plugins: PluginHost? = nil
  ) throws(CryptoError) {
    var recipients: [any Recipient] = []
    try text.withUnsafeBytes { (text) throws(CryptoError) in
      try KeyFileLines.forEach(in: text) { (line) throws(CryptoError) in
        recipients.append(
          try Age.recipient(String(decoding: line, as: UTF8.self), plugins: plugins))
      }
    }
    guard !recipients.isEmpty else {
      throw CryptoError(
        .invalidKey,
        "there is no recipient in this file: give one in which a line begins with age1 or ssh-")
    }
    self.recipients = recipients
  }

  /// Reads the text of a recipient file; see ``init(parsing:plugins:)-(RawSpan,_)``.
  ///
  /// - Throws: As ``init(parsing:plugins:)-(RawSpan,_)``.
  public init(
    parsing text: [UInt8], plugins: PluginHost? = nil
  ) throws(CryptoError) {
    try self.init(parsing: text.span.bytes, plugins: plugins)
  }
}
