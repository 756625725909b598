/// A private key, `AGE-SECRET-KEY-1…`: opens what was sealed for its ``recipient``
/// (C2SP age.md, "The X25519 recipient type"; RFC 7748).
public struct X25519Identity: Identity {
  private let key: X25519.PrivateKey

  /// The public key, to be handed to those who seal.
  public let recipient: X25519Recipient

  private init(_ key: X25519.PrivateKey) {
    self.key = key
    recipient = X25519Recipient(publicKey: key.publicKey)
  }

  /// Makes a new key.
  ///
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  public static func generate() throws(CryptoError) -> X25519Identity {
    X25519Identity(try X25519.PrivateKey())
  }

  /// Reads a key from `AGE-SECRET-KEY-1…`, with nothing before or after it.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is anything else, or mistyped.
  public init(_ text: SecretBytes) throws(CryptoError) {
    guard let decoded = text.withBytes({ Bech32.decode($0) }),
      decoded.prefix == Self.prefix, decoded.isUppercase,
      decoded.data.count == X25519.keySize
    else {
      throw CryptoError(
        .invalidKey,
        "this is not a private key: it should begin with AGE-SECRET-KEY-1, all in capitals,"
          + " and be complete")
    }
    self.init(try X25519.PrivateKey(bytes: decoded.data))
  }

  private static let prefix = "age-secret-key-"

  /// The key as `AGE-SECRET-KEY-1…`, to be stored where only its owner reads it.
  public func exportText() -> SecretBytes {
    Bech32.encodeUppercase(prefix: Self.prefix, key.bytes)
  }

  /// Opens the first X25519 stanza that is for this key.
  ///
  /// - Throws: ``CryptoError/Code/header`` if an X25519 stanza breaks the format's rules.
  public func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
    for stanza in stanzas where stanza.type == X25519Recipient.stanzaType {
      guard stanza.arguments.count == 1, let share = Base64.decode(stanza.arguments[0]),
        share.count == X25519.keySize, stanza.body.count == FileKey.wrappedCount,
        let shared = try key.sharedSecret(with: share)
      else { throw Header.malformed("an X25519 stanza in it breaks the format's rules") }
      let wrappingKey = try X25519Recipient.wrappingKey(
        shared, share: share, recipient: recipient.publicKey)
      if let fileKey = try FileKey(unwrapping: stanza.body, with: wrappingKey) { return fileKey }
    }
    return nil
  }
}

extension X25519Identity: CustomStringConvertible {
  /// Names the public key, never the private one.
  public var description: String { "X25519Identity(\(recipient))" }
}
