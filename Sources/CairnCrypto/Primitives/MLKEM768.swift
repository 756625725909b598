import CLibCrypto

/// ML-KEM-768 (FIPS 203) by libcrypto, which has it from OpenSSL 3.5 on.
enum MLKEM768 {
  /// Bytes from which a private key is derived.
  static let seedSize = 64
  static let publicKeySize = 1184
  static let ciphertextSize = 1088
  static let sharedSecretSize = 32

  private static let name = "ML-KEM-768"

  /// A private key, ready for use.
  ///
  /// `@unchecked Sendable`: libcrypto's key is set up in the initialiser and only read after; it is
  /// reference-counted, and each call works in a context of its own.
  final class PrivateKey: @unchecked Sendable {
    private let key: OpaquePointer
    /// The public key.
    let publicKey: [UInt8]

    /// Derives the key of a seed of 64 bytes.
    init(seed: SecretBytes) throws(CryptoError) {
      precondition(seed.count == seedSize, "an ML-KEM seed has 64 bytes")
      try LibCrypto.shared.requireMLKEM768()
      LibCrypto.clearErrors()
      let made = seed.withUnsafeBytes { seed in
        cairn_mlkem768_key(LibCrypto.shared.context, seed.baseAddress, seed.count)
      }
      guard let made else { throw LibCrypto.error("use an ML-KEM key") }
      key = made
      publicKey = [UInt8](unsafeUninitializedCapacity: publicKeySize) { buffer, initialized in
        var count = publicKeySize
        let result = EVP_PKEY_get_raw_public_key(made, buffer.baseAddress, &count)
        initialized = result == 1 ? count : 0
      }
      guard publicKey.count == publicKeySize else { throw LibCrypto.error("use an ML-KEM key") }
    }

    deinit { EVP_PKEY_free(key) }

    /// The secret in `ciphertext`. For one that was made for another key, or changed, this is a
    /// secret that nobody else knows.
    func decapsulate(_ ciphertext: [UInt8]) throws(CryptoError) -> SecretBytes {
      precondition(ciphertext.count == ciphertextSize, "an ML-KEM ciphertext has 1088 bytes")
      LibCrypto.clearErrors()
      guard let context = EVP_PKEY_CTX_new_from_pkey(LibCrypto.shared.context, key, nil) else {
        throw LibCrypto.error("use an ML-KEM key")
      }
      defer { EVP_PKEY_CTX_free(context) }
      guard EVP_PKEY_decapsulate_init(context, nil) == 1 else {
        throw LibCrypto.error("use an ML-KEM key")
      }
      return try SecretBytes(count: sharedSecretSize) { (out) throws(CryptoError) in
        var count = out.count
        guard
          EVP_PKEY_decapsulate(
            context, out.baseAddress?.assumingMemoryBound(to: UInt8.self), &count, ciphertext,
            ciphertext.count) == 1, count == out.count
        else { throw LibCrypto.error("use an ML-KEM key") }
      }
    }
  }

  /// A new secret, and the ciphertext from which the owner of `publicKey` recovers it.
  static func encapsulate(
    to publicKey: [UInt8]
  ) throws(CryptoError) -> (ciphertext: [UInt8], secret: SecretBytes) {
    precondition(publicKey.count == publicKeySize, "an ML-KEM public key has 1184 bytes")
    try LibCrypto.shared.requireMLKEM768()
    LibCrypto.clearErrors()
    guard
      let key = EVP_PKEY_new_raw_public_key_ex(
        LibCrypto.shared.context, name, nil, publicKey, publicKey.count)
    else { throw LibCrypto.error("use an ML-KEM key") }
    defer { EVP_PKEY_free(key) }
    guard let context = EVP_PKEY_CTX_new_from_pkey(LibCrypto.shared.context, key, nil) else {
      throw LibCrypto.error("use an ML-KEM key")
    }
    defer { EVP_PKEY_CTX_free(context) }
    guard EVP_PKEY_encapsulate_init(context, nil) == 1 else {
      throw LibCrypto.error("use an ML-KEM key")
    }
    var ciphertext = [UInt8](repeating: 0, count: ciphertextSize)
    let secret = try SecretBytes(count: sharedSecretSize) { (out) throws(CryptoError) in
      var count = ciphertextSize
      var secretCount = out.count
      guard
        EVP_PKEY_encapsulate(
          context, &ciphertext, &count, out.baseAddress?.assumingMemoryBound(to: UInt8.self),
          &secretCount) == 1, count == ciphertextSize, secretCount == out.count
      else { throw LibCrypto.error("use an ML-KEM key") }
    }
    return (ciphertext, secret)
  }

  /// Whether `publicKey` is what some private key gives: 768 numbers below 3329 in 12 bits each,
  /// then 32 bytes of any kind (FIPS 203, section 7.2, "modulus check").
  static func isSound(publicKey: RawSpan) -> Bool {
    guard publicKey.byteCount == publicKeySize else { return false }
    for i in stride(from: 0, to: publicKeySize - 32, by: 3) {
      let bits =
        UInt32(publicKey[i]) | UInt32(publicKey[i + 1]) << 8 | UInt32(publicKey[i + 2]) << 16
      guard bits & 0xfff < 3329, bits >> 12 < 3329 else { return false }
    }
    return true
  }
}
