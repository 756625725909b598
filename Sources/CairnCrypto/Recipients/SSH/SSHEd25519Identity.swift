/// An SSH private key of the type ssh-ed25519: opens what was sealed for its ``recipient``
/// (age's `ssh-ed25519` stanza).
public struct SSHEd25519Identity: Identity {
  private let key: X25519.PrivateKey

  /// The public key, to be handed to those who seal.
  public let recipient: SSHEd25519Recipient

  /// Makes the identity of a seed.
  init(seed: SecretBytes, comment: String) throws(CryptoError) {
    key = try Ed25519.x25519Key(ofSeed: seed)
    var wire: [UInt8] = []
    SSHWriter.append(Array(SSHEd25519Recipient.keyType.utf8), to: &wire)
    SSHWriter.append(try Ed25519.publicKey(ofSeed: seed), to: &wire)
    recipient = try SSHEd25519Recipient(wire: wire.span.bytes, comment: comment)
  }

  /// Reads the text of a private key as `ssh-keygen` writes it: in OpenSSH's format, or PKCS#8.
  ///
  /// To be asked for the passphrase when it is needed, use ``SSHProtectedIdentity``.
  ///
  /// - Parameters:
  ///   - text: From `-----BEGIN` to the end of the file.
  ///   - passphrase: The passphrase, if the key is protected by one.
  ///   - maxRounds: The most work to do to try the passphrase, as ``SSHProtectedIdentity``
  ///     explains it.
  /// - Throws: ``CryptoError/Code/invalidKey`` if the text is anything else, or damaged, or a
  ///   passphrase is missing; ``CryptoError/Code/noIdentityMatched`` if the passphrase is wrong;
  ///   ``CryptoError/Code/workFactor`` if the text asks for more work than allowed;
  ///   ``CryptoError/Code/limit`` if it has more than 64 KiB.
  public init(
    _ text: SecretBytes, passphrase: SecretBytes? = nil,
    maxRounds: Int = SSHProtectedIdentity.defaultMaxRounds
  ) throws(CryptoError) {
    let key = try SSHPrivateKeyText(text).open(passphrase: passphrase, maxRounds: maxRounds)
    guard case .ed25519(let identity) = key else {
      throw CryptoError(
        .invalidKey, "this is a key of the type \(key.publicKey.keyType): give one of ssh-ed25519")
    }
    self = identity
  }

  /// Opens the first stanza that is for this key.
  ///
  /// - Throws: ``CryptoError/Code/header`` if an ssh-ed25519 stanza breaks its rules.
  public func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
    for stanza in stanzas where stanza.type == SSHEd25519Recipient.keyType {
      guard stanza.arguments.count == 2, let share = Base64.decode(stanza.arguments[1]),
        share.count == X25519.keySize, stanza.body.count == FileKey.wrappedCount
      else { throw Self.malformed() }
      guard stanza.arguments[0] == recipient.tag else { continue }
      guard let shared = try key.sharedSecret(with: share),
        let wrappingKey = try recipient.wrappingKey(shared, share: share)
      else { throw Self.malformed() }
      if let fileKey = try FileKey(unwrapping: stanza.body, with: wrappingKey) { return fileKey }
    }
    return nil
  }

  private static func malformed() -> CryptoError {
    Header.malformed("an ssh-ed25519 stanza in it breaks the rules")
  }
}

extension SSHEd25519Identity: CustomStringConvertible {
  /// Names the public key, never the private one.
  public var description: String { "SSHEd25519Identity(\(recipient))" }
}
