/// What opens files that were sealed for a ``Recipient``: a private key, a passphrase, a service.
///
/// An implementation promises:
/// - it looks at stanzas of its own type only, and returns `nil` where none of them is for it: the
///   next identity is then tried;
/// - it throws ``CryptoError/Code/header`` for a stanza of its type that breaks the type's rules;
/// - it authenticates what it unwraps: a file key that it returns came from the recipient;
/// - it may be called from any thread, from several at once, and may block.
public protocol Identity: Sendable {
  /// Recovers the file key from one of the stanzas, all those of a header in order.
  ///
  /// - Returns: The file key, or `nil` if no stanza is for this identity.
  /// - Throws: ``CryptoError``; for failures of a host's own with the code
  ///   ``CryptoError/Code/external``. No other identity is tried then.
  func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey?
}
