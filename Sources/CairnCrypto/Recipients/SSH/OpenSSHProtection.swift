/// How a passphrase protects a private key in OpenSSH's format (OpenSSH, PROTOCOL.key).
struct OpenSSHProtection: Sendable {
  let cipher: OpenSSHCipher
  /// What the cipher authenticates with; empty if it does not.
  let tag: [UInt8]
  private let salt: [UInt8]
  private let rounds: Int

  /// What the length of a private half that is not sealed is a multiple of, in bytes.
  static let plainBlockSize = 8
  /// The largest block of any cipher, in bytes.
  static let maxBlockSize = 16

  /// Reads the names of the algorithms and their parameters; `nil` if nothing is protected.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if they break the rules, or are not known.
  init?(
    cipher: String, derivation: String, options: RawSpan, tag: RawSpan
  ) throws(CryptoError) {
    if cipher == "none", derivation == "none" {
      guard options.isEmpty, tag.isEmpty else { throw OpenSSHPrivateKey.malformed() }
      return nil
    }
    guard derivation == "bcrypt", let known = OpenSSHCipher(rawValue: cipher) else {
      throw CryptoError(
        .invalidKey,
        "the SSH key is sealed in a way that is not supported: seal it anew with"
          + " ssh-keygen -p -Z aes256-ctr")
    }
    var reader = SSHReader(options)
    guard let salt = reader.readString(), !salt.isEmpty, let rounds = reader.readUInt32(),
      rounds > 0, reader.isAtEnd, tag.byteCount == known.tagSize
    else { throw OpenSSHPrivateKey.malformed() }
    self.cipher = known
    self.tag = tag.array
    self.salt = salt.array
    self.rounds = Int(clamping: rounds)
  }

  /// The key and the initialization vector of the cipher, one after the other.
  ///
  /// - Throws: ``CryptoError/Code/workFactor`` if that takes more than `maxRounds` rounds of work;
  ///   ``CryptoError/Code/noIdentityMatched`` if the passphrase is empty.
  func deriveKey(_ passphrase: SecretBytes, maxRounds: Int) throws(CryptoError) -> SecretBytes {
    guard rounds <= maxRounds else {
      throw SSHPrivateKey.tooMuchWork(rounds: rounds, limit: maxRounds)
    }
    // OpenSSH cannot protect a key with nothing.
    guard passphrase.count > 0 else { throw SSHPrivateKey.wrongPassphrase() }
    return try BcryptPBKDF.deriveKey(
      passphrase, salt: salt, rounds: rounds, count: cipher.keySize + cipher.ivSize)
  }
}
