/// A public key, `age1pq1…`, that withstands quantum computers too: whoever has it can seal, only
/// the matching ``PostQuantumIdentity`` opens (C2SP age.md, "The MLKEM768-X25519 hybrid
/// post-quantum recipient type"; RFC 9180; FIPS 203; RFC 7748).
///
/// It is a hybrid of ML-KEM-768 and X25519: to open without the private key, both must be broken.
/// It refuses to share a file with recipients that are weaker. Its text has 1,959 characters, and a
/// stanza takes 1.6 KiB of a header.
///
/// Sealing needs the ML-KEM of OpenSSL 3.5 or newer; see ``PostQuantumIdentity/isSupported``.
/// Reading and writing the text does not.
public struct PostQuantumRecipient: Recipient, Hashable {
  static let stanzaType = "mlkem768x25519"
  static let info = "age-encryption.org/mlkem768x25519"
  /// What all recipients of a file must have, or none.
  static let label = "postquantum"

  /// The public key of ML-KEM-768, then that of X25519.
  let publicKey: [UInt8]

  init(publicKey: [UInt8]) { self.publicKey = publicKey }

  /// Wraps the file key for the owner of this key; what is random in the stanza is drawn anew by
  /// each call.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if this key is one for which anyone could open;
  ///   ``CryptoError/Code/library`` if libcrypto fails or is older than OpenSSL 3.5.
  public func wrap(_ fileKey: FileKey) throws(CryptoError) -> WrappedFileKey {
    guard let (encapsulation, secret) = try MLKEM768X25519.encapsulate(to: publicKey) else {
      throw CryptoError(
        .invalidKey,
        "this post-quantum recipient is not a key that can be used: ask its owner for the right one"
      )
    }
    let (key, nonce) = try HPKE.messageKey(of: secret, info: Self.info)
    let stanza = Stanza(
      type: Self.stanzaType, arguments: [Base64.encode(encapsulation)],
      body: try fileKey.wrapped(with: key, nonce: nonce))
    return WrappedFileKey([stanza], labels: [Self.label])
  }
}

extension PostQuantumRecipient: LosslessStringConvertible {
  private static let prefix = "age1pq"

  /// The key as `age1pq1…`.
  public var description: String {
    Bech32.encode(prefix: Self.prefix, SecretBytes(copying: publicKey.span.bytes))
      .withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// Reads a key from `age1pq1…`; `nil` if it is anything else, or mistyped.
  public init?(_ description: String) {
    let text = Array(description.utf8)
    guard let decoded = Bech32.decode(text.span.bytes), decoded.prefix == Self.prefix,
      !decoded.isUppercase, decoded.data.count == MLKEM768X25519.publicKeySize
    else { return nil }
    publicKey = decoded.data.withBytes { $0.array }
    let latticeKey = publicKey.span.bytes.extracting(first: MLKEM768.publicKeySize)
    guard MLKEM768.isSound(publicKey: latticeKey) else { return nil }
  }
}
