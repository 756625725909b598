/// A public key, `age1…`: whoever has it can seal, only the matching ``X25519Identity`` opens
/// (C2SP age.md, "The X25519 recipient type"; RFC 7748).
public struct X25519Recipient: Recipient, Hashable {
  static let stanzaType = "X25519"
  static let info: StaticString = "age-encryption.org/v1/X25519"

  /// The point on the curve, 32 bytes.
  let publicKey: [UInt8]

  init(publicKey: [UInt8]) { self.publicKey = publicKey }

  /// Wraps the file key for the owner of this key; each call draws a new ephemeral key.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if this is a point of low order, for which anyone
  ///   could open; ``CryptoError/Code/library`` if libcrypto fails.
  public func wrap(_ fileKey: FileKey) throws(CryptoError) -> WrappedFileKey {
    let ephemeral = try X25519.PrivateKey()
    guard let shared = try ephemeral.sharedSecret(with: publicKey) else {
      throw CryptoError(
        .invalidKey, "\(self) is not a key that can be used: ask its owner for the right one")
    }
    let key = try Self.wrappingKey(shared, share: ephemeral.publicKey, recipient: publicKey)
    return WrappedFileKey([
      Stanza(
        type: Self.stanzaType, arguments: [Base64.encode(ephemeral.publicKey)],
        body: try fileKey.wrapped(with: key))
    ])
  }

  static func wrappingKey(
    _ shared: SecretBytes, share: [UInt8], recipient: [UInt8]
  ) throws(CryptoError) -> SecretBytes {
    try HKDFSHA256.deriveKey(
      from: shared, salt: (share + recipient).span.bytes, info: Self.info,
      count: ChaChaPoly.keySize)
  }
}

extension X25519Recipient: LosslessStringConvertible {
  private static let prefix = "age"

  /// The key as `age1…`.
  public var description: String {
    Bech32.encode(prefix: Self.prefix, SecretBytes(copying: publicKey.span.bytes))
      .withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }

  /// Reads a key from `age1…`; `nil` if it is anything else, or mistyped.
  public init?(_ description: String) {
    let text = Array(description.utf8)
    guard let decoded = Bech32.decode(text.span.bytes), decoded.prefix == Self.prefix,
      !decoded.isUppercase, decoded.data.count == X25519.keySize
    else { return nil }
    publicKey = decoded.data.withBytes { $0.array }
  }
}
