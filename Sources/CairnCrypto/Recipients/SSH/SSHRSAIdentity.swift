/// An SSH private key of the type ssh-rsa: opens what was sealed for its ``recipient``
/// (age's `ssh-rsa` stanza).
public struct SSHRSAIdentity: Identity {
  private let key: RSA.PrivateKey

  /// The public key, to be handed to those who seal.
  public let recipient: SSHRSARecipient

  /// Makes the identity of a key's numbers.
  init(_ numbers: borrowing RSA.Numbers, comment: String) throws(CryptoError) {
    key = try RSA.PrivateKey(numbers)
    var wire: [UInt8] = []
    SSHWriter.append(Array(SSHRSARecipient.keyType.utf8), to: &wire)
    SSHWriter.append(numbers.e, to: &wire)
    SSHWriter.append(numbers.n, to: &wire)
    recipient = try SSHRSARecipient(wire: wire.span.bytes, comment: comment)
  }

  /// Reads the text of a private key as `ssh-keygen` writes it: in OpenSSH's format, PKCS#1 or
  /// PKCS#8.
  ///
  /// To be asked for the passphrase when it is needed, use ``SSHProtectedIdentity``.
  ///
  /// - Parameters:
  ///   - text: From `-----BEGIN` to the end of the file.
  ///   - passphrase: The passphrase, if the key is protected by one.
  ///   - maxRounds: The most work to do to try the passphrase, as ``SSHProtectedIdentity``
  ///     explains it.
  /// - Throws: ``CryptoError/Code/invalidKey`` if the text is anything else, or damaged, or a
  ///   passphrase is missing, or the key has less than 2,048 or more than 16,384 bits;
  ///   ``CryptoError/Code/noIdentityMatched`` if the passphrase is wrong;
  ///   ``CryptoError/Code/workFactor`` if the text asks for more work than allowed;
  ///   ``CryptoError/Code/limit`` if it has more than 64 KiB.
  public init(
    _ text: SecretBytes, passphrase: SecretBytes? = nil,
    maxRounds: Int = SSHProtectedIdentity.defaultMaxRounds
  ) throws(CryptoError) {
    let key = try SSHPrivateKeyText(text).open(passphrase: passphrase, maxRounds: maxRounds)
    guard case .rsa(let identity) = key else {
      throw CryptoError(
        .invalidKey, "this is a key of the type \(key.publicKey.keyType): give one of ssh-rsa")
    }
    self = identity
  }

  /// Opens the first stanza that is for this key.
  ///
  /// - Throws: ``CryptoError/Code/header`` if an ssh-rsa stanza breaks its rules.
  public func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
    for stanza in stanzas where stanza.type == SSHRSARecipient.keyType {
      guard stanza.arguments.count == 1 else { throw Self.malformed() }
      guard stanza.arguments[0] == recipient.tag else { continue }
      guard stanza.body.count == key.byteCount else { throw Self.malformed() }
      guard let secret = try key.decrypt(stanza.body, label: SSHRSARecipient.label) else {
        continue
      }
      guard secret.count == FileKey.byteCount else { throw Self.malformed() }
      return try FileKey(secret)
    }
    return nil
  }

  private static func malformed() -> CryptoError {
    Header.malformed("an ssh-rsa stanza in it breaks the rules")
  }
}

extension SSHRSAIdentity: CustomStringConvertible {
  /// Names the public key, never the private one.
  public var description: String { "SSHRSAIdentity(\(recipient))" }
}
