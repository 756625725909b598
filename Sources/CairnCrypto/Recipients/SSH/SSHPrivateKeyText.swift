/// The text of an SSH private key, taken apart as far as that goes without a passphrase.
enum SSHPrivateKeyText: Sendable {
  case openSSH(OpenSSHPrivateKey)
  case pkcs(PKCSPrivateKey)

  /// Reads a text.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is anything else, damaged, or uses what is not
  ///   supported; ``CryptoError/Code/limit`` if it is too long.
  init(_ text: SecretBytes) throws(CryptoError) {
    let pem = try PEM(text)
    if pem.label == OpenSSHPrivateKey.label {
      self = .openSSH(
        try pem.body.withBytes { (bytes) throws(CryptoError) in try OpenSSHPrivateKey(bytes) })
    } else {
      self = .pkcs(try PKCSPrivateKey(pem))
    }
  }

  /// Whether a passphrase is needed.
  var isProtected: Bool {
    switch self {
    case .openSSH(let key): key.isProtected
    case .pkcs(let key): key.isProtected
    }
  }

  /// Opens the key.
  ///
  /// - Parameters:
  ///   - passphrase: Needed if ``isProtected``, not looked at otherwise.
  ///   - maxRounds: The most work to do for OpenSSH's format.
  /// - Throws: As ``OpenSSHPrivateKey/open(passphrase:maxRounds:)``.
  func open(passphrase: SecretBytes?, maxRounds: Int) throws(CryptoError) -> SSHPrivateKey {
    switch self {
    case .openSSH(let key): try key.open(passphrase: passphrase, maxRounds: maxRounds)
    case .pkcs(let key): try key.open(passphrase: passphrase)
    }
  }
}
