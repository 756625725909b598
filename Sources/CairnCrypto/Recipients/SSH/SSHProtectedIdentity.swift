import Synchronization

/// An SSH private key that a passphrase protects, in OpenSSH's format: opens what was sealed for its
/// ``recipient``, and asks for the passphrase not before there is something to open.
///
/// The passphrase is asked for once; the opened key is then kept as long as this object. While one
/// thread waits for the passphrase, others that need it wait for the same; the one who is asked must
/// not use this object.
public final class SSHProtectedIdentity: Identity {
  /// The most rounds of bcrypt_pbkdf that are done to try a passphrase, unless said otherwise:
  /// some ten seconds. `ssh-keygen` asks for 16 or 24.
  public static let defaultMaxRounds = 1024

  private let key: OpenSSHPrivateKey
  private let maxRounds: Int
  private let provider: PassphraseProvider
  private let opened = Mutex<SSHPrivateKey?>(nil)

  /// Reads the text of a private key as `ssh-keygen` writes it.
  ///
  /// - Parameters:
  ///   - text: From `-----BEGIN OPENSSH PRIVATE KEY-----` to the end of the file.
  ///   - maxRounds: The most work to do to try a passphrase, in rounds of bcrypt_pbkdf: the file
  ///     says how much it needs, and may come from an enemy. A round takes some ten milliseconds.
  ///   - passphrase: Asks for the passphrase.
  /// - Throws: ``CryptoError/Code/invalidKey`` if the text is anything else, or damaged, of a type
  ///   that is not supported, or not protected; ``CryptoError/Code/limit`` if it has more than
  ///   64 KiB.
  public convenience init(
    _ text: SecretBytes, maxRounds: Int = SSHProtectedIdentity.defaultMaxRounds,
    passphrase: @escaping PassphraseProvider
  ) throws(CryptoError) {
    guard case .openSSH(let key) = try SSHPrivateKeyText(text), key.isProtected else {
      throw CryptoError(
        .invalidKey,
        "this is not a key in OpenSSH's format that a passphrase protects: read it as one of the"
          + " type ssh-ed25519 or ssh-rsa")
    }
    self.init(key, maxRounds: maxRounds, passphrase: passphrase)
  }

  init(_ key: OpenSSHPrivateKey, maxRounds: Int, passphrase: @escaping PassphraseProvider) {
    self.key = key
    self.maxRounds = maxRounds
    provider = passphrase
  }

  /// The public key, to be handed to those who seal: an ``SSHEd25519Recipient`` or an
  /// ``SSHRSARecipient``, without a comment, which is sealed.
  ///
  /// It stands in clear in the file. That it belongs to the private key is checked when that is
  /// opened.
  public var recipient: any Recipient { key.publicKey.recipient }

  /// Opens the first stanza that is for this key, after asking for the passphrase if there is one.
  ///
  /// - Throws: ``CryptoError/Code/header`` if a stanza of the key's type breaks its rules;
  ///   ``CryptoError/Code/noIdentityMatched`` if the passphrase is wrong: it is asked for again by
  ///   the next call; ``CryptoError/Code/workFactor`` if the key asks for more work than allowed;
  ///   ``CryptoError/Code/invalidKey`` if the key is damaged; what the provider throws.
  public func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
    let publicKey = key.publicKey
    let isMeant = stanzas.contains {
      $0.type == publicKey.keyType && $0.arguments.first == publicKey.tag
    }
    guard isMeant else { return nil }
    return try open().identity.unwrap(stanzas)
  }

  private func open() throws(CryptoError) -> SSHPrivateKey {
    try opened.withLock { (opened) throws(CryptoError) in
      if let opened { return opened }
      let request = PassphraseRequest(.sshKey, publicKey: "\(key.publicKey)")
      let open = try key.open(passphrase: request.ask(provider), maxRounds: maxRounds)
      opened = open
      return open
    }
  }
}

extension SSHProtectedIdentity: CustomStringConvertible {
  /// Names the public key, never the private one.
  public var description: String { "SSHProtectedIdentity(\(key.publicKey))" }
}
