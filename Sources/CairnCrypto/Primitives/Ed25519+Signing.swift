import CLibCrypto

extension Ed25519 {
  /// The length of a signature, in bytes.
  static let signatureSize = 64
}

/// A private key with which statements are signed (Ed25519, RFC 8032).
package struct SigningKey: Sendable {
  /// The 32 bytes from which the key is made.
  package let seed: SecretBytes
  /// Tells whether this key signed.
  package let verifyingKey: VerifyingKey

  /// Makes a new key.
  ///
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  package init() throws(CryptoError) {
    try self.init(seed: SecretBytes(random: Ed25519.keySize))
  }

  /// - Precondition: the seed has 32 bytes.
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  package init(seed: SecretBytes) throws(CryptoError) {
    self.seed = seed
    verifyingKey = VerifyingKey(known: try Ed25519.publicKey(ofSeed: seed))
  }

  /// The signature of a message, 64 bytes; the same message gives the same signature.
  ///
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  package func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
    LibCrypto.clearErrors()
    let key = seed.withUnsafeBytes { seed in
      EVP_PKEY_new_raw_private_key_ex(
        LibCrypto.shared.context, "ED25519", nil,
        seed.baseAddress?.assumingMemoryBound(to: UInt8.self), seed.count)
    }
    guard let key, let context = EVP_MD_CTX_new() else {
      EVP_PKEY_free(key)
      throw LibCrypto.error("use an Ed25519 key")
    }
    defer {
      EVP_MD_CTX_free(context)
      EVP_PKEY_free(key)
    }
    let signature = [UInt8](unsafeUninitializedCapacity: Ed25519.signatureSize) {
      buffer, initialized in
      var count = Ed25519.signatureSize
      let isSigned =
        EVP_DigestSignInit_ex(context, nil, nil, LibCrypto.shared.context, nil, key, nil) == 1
        && EVP_DigestSign(context, buffer.baseAddress, &count, message, message.count) == 1
      initialized = isSigned ? count : 0
    }
    guard signature.count == Ed25519.signatureSize else {
      throw LibCrypto.error("sign with an Ed25519 key")
    }
    return signature
  }
}

/// A public key by which it is told who signed (Ed25519, RFC 8032).
package struct VerifyingKey: Hashable, Sendable {
  /// 32 bytes.
  package let bytes: [UInt8]

  fileprivate init(known bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// - Returns: `nil` unless there are 32 bytes. Whether they are a key shows when it is used.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == Ed25519.keySize else { return nil }
    self.bytes = bytes
  }

  /// Whether the key's owner signed exactly this message.
  ///
  /// A key or signature that is malformed is one that does not fit.
  package func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
    guard signature.count == Ed25519.signatureSize else { return false }
    defer { LibCrypto.clearErrors() }
    LibCrypto.clearErrors()
    guard
      let key = EVP_PKEY_new_raw_public_key_ex(
        LibCrypto.shared.context, "ED25519", nil, bytes, bytes.count)
    else { return false }
    defer { EVP_PKEY_free(key) }
    guard let context = EVP_MD_CTX_new() else { return false }
    defer { EVP_MD_CTX_free(context) }
    return EVP_DigestVerifyInit_ex(context, nil, nil, LibCrypto.shared.context, nil, key, nil) == 1
      && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}
