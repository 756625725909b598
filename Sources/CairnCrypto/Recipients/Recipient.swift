/// Someone for whom a file can be sealed.
///
/// The package brings ``X25519Recipient``, ``ScryptRecipient``, ``SSHEd25519Recipient`` and
/// ``SSHRSARecipient``. A host adds its own, for a key
/// service or a hardware token, by conforming to this protocol; the matching ``Identity`` opens.
///
/// An implementation promises:
/// - ``wrap(_:)`` gives at least one stanza, of a type that no other kind of recipient uses, from
///   which the matching identity, and nobody else, recovers the file key;
/// - two calls give unrelated stanzas: what is random in them is drawn anew;
/// - it may be called from any thread, from several at once, and may block;
/// - it does not keep the file key.
public protocol Recipient: Sendable {
  /// Wraps a file key.
  ///
  /// - Throws: ``CryptoError``; for failures of a host's own with the code
  ///   ``CryptoError/Code/external``. Nothing has been written then.
  func wrap(_ fileKey: FileKey) throws(CryptoError) -> WrappedFileKey
}

/// What a recipient makes of a file key.
public struct WrappedFileKey: Sendable, Hashable {
  /// The stanzas for the header, usually one.
  public var stanzas: [Stanza]
  /// Properties that all recipients of a file must share, usually none.
  ///
  /// A file is as weak as its weakest recipient: one with the label `postquantum` refuses to be
  /// in a file with one that lacks it.
  public var labels: Set<String>

  /// Makes a result.
  public init(_ stanzas: [Stanza], labels: Set<String> = []) {
    self.stanzas = stanzas
    self.labels = labels
  }
}
