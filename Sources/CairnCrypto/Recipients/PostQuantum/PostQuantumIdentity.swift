/// A private key, `AGE-SECRET-KEY-PQ-1…`: opens what was sealed for its ``recipient``
/// (C2SP age.md, "The MLKEM768-X25519 hybrid post-quantum recipient type"; RFC 9180; FIPS 203;
/// RFC 7748).
///
/// It needs the ML-KEM of OpenSSL 3.5 or newer; see ``isSupported``.
public struct PostQuantumIdentity: Identity {
  private let key: MLKEM768X25519.PrivateKey

  /// The public key, to be handed to those who seal.
  public let recipient: PostQuantumRecipient

  private init(_ key: MLKEM768X25519.PrivateKey) {
    self.key = key
    recipient = PostQuantumRecipient(publicKey: key.publicKey)
  }

  /// Whether the libcrypto that this program runs with has ML-KEM. Where it does not, whatever
  /// needs it throws ``CryptoError/Code/library``.
  public static var isSupported: Bool { LibCrypto.shared.hasMLKEM768 }

  /// Makes a new key.
  ///
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails or is older than OpenSSL 3.5.
  public static func generate() throws(CryptoError) -> PostQuantumIdentity {
    try LibCrypto.shared.requireMLKEM768()
    let seed = try SecretBytes(random: MLKEM768X25519.seedSize)
    return PostQuantumIdentity(try MLKEM768X25519.PrivateKey(seed: seed))
  }

  /// Reads a key from `AGE-SECRET-KEY-PQ-1…`, with nothing before or after it.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is anything else, or mistyped;
  ///   ``CryptoError/Code/library`` if libcrypto fails or is older than OpenSSL 3.5.
  public init(_ text: SecretBytes) throws(CryptoError) {
    guard let decoded = text.withBytes({ Bech32.decode($0) }), decoded.prefix == Self.prefix,
      decoded.isUppercase, decoded.data.count == MLKEM768X25519.seedSize
    else {
      throw CryptoError(
        .invalidKey,
        "this is not a post-quantum private key: it should begin with AGE-SECRET-KEY-PQ-1, all in"
          + " capitals, and be complete")
    }
    try LibCrypto.shared.requireMLKEM768()
    self.init(try MLKEM768X25519.PrivateKey(seed: decoded.data))
  }

  private static let prefix = "age-secret-key-pq-"

  /// Whether `text` is meant to be such a key.
  static func isMeant(by text: RawSpan) -> Bool { text.starts(with: "AGE-SECRET-KEY-PQ-1") }

  /// The key as `AGE-SECRET-KEY-PQ-1…`, to be stored where only its owner reads it.
  public func exportText() -> SecretBytes {
    Bech32.encodeUppercase(prefix: Self.prefix, key.seed)
  }

  /// Opens the first mlkem768x25519 stanza that is for this key.
  ///
  /// - Throws: ``CryptoError/Code/header`` if such a stanza breaks the format's rules;
  ///   ``CryptoError/Code/library`` if libcrypto fails.
  public func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
    for stanza in stanzas where stanza.type == PostQuantumRecipient.stanzaType {
      guard stanza.arguments.count == 1, let encapsulation = Base64.decode(stanza.arguments[0]),
        encapsulation.count == MLKEM768X25519.encapsulationSize,
        stanza.body.count == FileKey.wrappedCount,
        let secret = try key.decapsulate(encapsulation)
      else { throw Header.malformed("an mlkem768x25519 stanza in it breaks the format's rules") }
      let (key, nonce) = try HPKE.messageKey(of: secret, info: PostQuantumRecipient.info)
      if let fileKey = try FileKey(unwrapping: stanza.body, with: key, nonce: nonce) {
        return fileKey
      }
    }
    return nil
  }
}

extension PostQuantumIdentity: CustomStringConvertible {
  /// Names the public key, never the private one.
  public var description: String { "PostQuantumIdentity(\(recipient))" }
}
