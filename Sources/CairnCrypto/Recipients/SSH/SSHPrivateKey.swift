import CLibCrypto

/// A private key of SSH, ready for use, of a type that can open.
enum SSHPrivateKey: Sendable {
  case ed25519(SSHEd25519Identity)
  case rsa(SSHRSAIdentity)

  /// The identity that this is.
  var identity: any Identity & RecipientKnowing {
    switch self {
    case .ed25519(let identity): identity
    case .rsa(let identity): identity
    }
  }

  /// The public half.
  var publicKey: SSHPublicKey {
    switch self {
    case .ed25519(let identity): .ed25519(identity.recipient)
    case .rsa(let identity): .rsa(identity.recipient)
    }
  }

  /// Reads a private key that stands in libcrypto's storage.
  init(_ key: OpaquePointer) throws(CryptoError) {
    if EVP_PKEY_is_a(key, "ED25519") == 1 {
      self = .ed25519(try SSHEd25519Identity(seed: try Ed25519.seed(of: key), comment: ""))
    } else if EVP_PKEY_is_a(key, "RSA") == 1 {
      self = .rsa(try SSHRSAIdentity(RSA.Numbers(of: key), comment: ""))
    } else {
      throw Self.unsupported()
    }
  }

  @inline(never)
  static func unsupported() -> CryptoError {
    CryptoError(
      .invalidKey,
      "private keys of this type cannot open files: give an SSH key of the type ssh-ed25519 or"
        + " ssh-rsa, or an age key")
  }

  /// A key that cannot be opened without a passphrase.
  @inline(never)
  static func passphraseMissing() -> CryptoError {
    CryptoError(.invalidKey, "the SSH key is protected by a passphrase: give it")
  }

  /// A passphrase that does not fit.
  @inline(never)
  static func wrongPassphrase() -> CryptoError {
    CryptoError(
      .noIdentityMatched,
      "the passphrase of the SSH key is wrong, or the key's file is damaged: try again")
  }

  /// A key that asks for too much work.
  @inline(never)
  static func tooMuchWork(rounds: Int, limit: Int) -> CryptoError {
    CryptoError(
      .workFactor,
      "the SSH key asks for \(rounds) rounds of work to try a passphrase, and \(limit) are allowed:"
        + " raise the limit if you trust where the key comes from")
  }
}
