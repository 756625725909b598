import CLibCrypto

/// X25519 (RFC 7748) by libcrypto.
enum X25519 {
  /// The length of a private key, a public key and a shared secret, in bytes.
  static let keySize = 32

  /// A private key, ready for use.
  ///
  /// `@unchecked Sendable`: libcrypto's key is set up in the initialiser and only read after; it is
  /// reference-counted, and deriving from one key on several threads is what TLS servers do.
  final class PrivateKey: @unchecked Sendable {
    private let key: OpaquePointer
    /// The public key, 32 bytes.
    let publicKey: [UInt8]
    /// The private key, 32 bytes as they were given.
    let bytes: SecretBytes

    /// Makes a key of 32 bytes; any 32 bytes will do.
    init(bytes: SecretBytes) throws(CryptoError) {
      precondition(bytes.count == keySize, "an X25519 key has 32 bytes")
      LibCrypto.clearErrors()
      let made = bytes.withUnsafeBytes { bytes in
        EVP_PKEY_new_raw_private_key_ex(
          LibCrypto.shared.context, "X25519", nil,
          bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
      }
      guard let made else { throw LibCrypto.error("use an X25519 key") }
      key = made
      self.bytes = bytes
      publicKey = [UInt8](unsafeUninitializedCapacity: keySize) { buffer, initialized in
        var count = keySize
        let result = EVP_PKEY_get_raw_public_key(made, buffer.baseAddress, &count)
        initialized = result == 1 ? count : 0
      }
      guard publicKey.count == keySize else { throw LibCrypto.error("use an X25519 key") }
    }

    /// Makes a new key that nobody can predict.
    convenience init() throws(CryptoError) {
      try self.init(bytes: try SecretBytes(random: keySize))
    }

    deinit { EVP_PKEY_free(key) }

    /// The secret shared with the owner of `publicKey`; `nil` if that is a point of low order, of
    /// which every private key makes the same secret.
    func sharedSecret(with publicKey: [UInt8]) throws(CryptoError) -> SecretBytes? {
      try sharedSecret(with: publicKey.span.bytes)
    }

    /// As ``sharedSecret(with:)-([UInt8])``, with a point that may itself be a secret.
    func sharedSecret(with publicKey: RawSpan) throws(CryptoError) -> SecretBytes? {
      precondition(publicKey.byteCount == keySize, "an X25519 key has 32 bytes")
      LibCrypto.clearErrors()
      let made = publicKey.withUnsafeBytes { publicKey in
        EVP_PKEY_new_raw_public_key_ex(
          LibCrypto.shared.context, "X25519", nil,
          publicKey.baseAddress?.assumingMemoryBound(to: UInt8.self), publicKey.count)
      }
      guard let peer = made else { throw LibCrypto.error("use an X25519 key") }
      defer { EVP_PKEY_free(peer) }
      guard let context = EVP_PKEY_CTX_new_from_pkey(LibCrypto.shared.context, key, nil) else {
        throw LibCrypto.error("use an X25519 key")
      }
      defer { EVP_PKEY_CTX_free(context) }
      guard EVP_PKEY_derive_init(context) == 1, EVP_PKEY_derive_set_peer(context, peer) == 1 else {
        throw LibCrypto.error("use an X25519 key")
      }
      var derived: Int32 = 0
      let secret = SecretBytes(count: keySize) { out in
        var count = keySize
        derived = EVP_PKEY_derive(
          context, out.baseAddress?.assumingMemoryBound(to: UInt8.self), &count)
      }
      // libcrypto refuses a point of low order by failing; the bytes are looked at all the same.
      let isZero = secret.withUnsafeBytes { $0.reduce(0, |) == 0 }
      guard derived == 1, !isZero else {
        LibCrypto.clearErrors()
        return nil
      }
      return secret
    }
  }
}
