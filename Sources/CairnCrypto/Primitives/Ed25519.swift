import CLibCrypto

/// Keys of Ed25519 (RFC 8032), as far as they are turned into keys of X25519 (RFC 7748).
enum Ed25519 {
  /// The length of a seed and of a public key, in bytes.
  static let keySize = 32

  /// The public key that belongs to a seed.
  static func publicKey(ofSeed seed: SecretBytes) throws(CryptoError) -> [UInt8] {
    precondition(seed.count == keySize, "an Ed25519 seed has 32 bytes")
    LibCrypto.clearErrors()
    let made = seed.withUnsafeBytes { seed in
      EVP_PKEY_new_raw_private_key_ex(
        LibCrypto.shared.context, "ED25519", nil,
        seed.baseAddress?.assumingMemoryBound(to: UInt8.self), seed.count)
    }
    guard let made else { throw LibCrypto.error("use an Ed25519 key") }
    defer { EVP_PKEY_free(made) }
    let publicKey = [UInt8](unsafeUninitializedCapacity: keySize) { buffer, initialized in
      var count = keySize
      let result = EVP_PKEY_get_raw_public_key(made, buffer.baseAddress, &count)
      initialized = result == 1 ? count : 0
    }
    guard publicKey.count == keySize else { throw LibCrypto.error("use an Ed25519 key") }
    return publicKey
  }

  /// The seed of a private key in libcrypto's storage.
  static func seed(of key: OpaquePointer) throws(CryptoError) -> SecretBytes {
    try SecretBytes(count: keySize) { (out) throws(CryptoError) in
      LibCrypto.clearErrors()
      var count = keySize
      let result = EVP_PKEY_get_raw_private_key(
        key, out.baseAddress?.assumingMemoryBound(to: UInt8.self), &count)
      guard result == 1, count == keySize else { throw LibCrypto.error("use an Ed25519 key") }
    }
  }

  /// The X25519 private key of a seed: the first half of its SHA-512 (RFC 8032, section 5.1.5).
  static func x25519Key(ofSeed seed: SecretBytes) throws(CryptoError) -> X25519.PrivateKey {
    let digest = try SHA512.hash(of: seed)
    return try X25519.PrivateKey(
      bytes: digest.withBytes { SecretBytes(copying: $0.extracting(first: X25519.keySize)) })
  }

  /// The X25519 public key of an Ed25519 public key, u = (1 + y) / (1 - y) (RFC 7748, section 4.1);
  /// `nil` if that is no point of the curve, or its neutral element.
  static func x25519Key(ofPublicKey publicKey: [UInt8]) -> [UInt8]? {
    precondition(publicKey.count == keySize, "an Ed25519 key has 32 bytes")
    // The least significant byte comes first, and the last bit is the sign of x.
    var bytes = Array(publicKey.reversed())
    bytes[0] &= 0x7f
    var modulus = [UInt8](repeating: 0xff, count: keySize)
    modulus[0] = 0x7f
    modulus[keySize - 1] = 0xed
    defer { LibCrypto.clearErrors() }
    guard let prime = BigNumber(bigEndian: modulus.span.bytes),
      let y = BigNumber(bigEndian: bytes.span.bytes), let one = BigNumber(1),
      isOnCurve(y: y, prime: prime),
      let denominator = one.minus(y, modulo: prime)?.inverse(modulo: prime),
      let u = one.plus(y, modulo: prime)?.times(denominator, modulo: prime)
    else { return nil }
    return u.bigEndian(count: keySize).withBytes { $0.array.reversed() }
  }

  /// Whether some x satisfies -x² + y² = 1 + d x² y², where d is -121665/121666.
  private static func isOnCurve(
    y: borrowing BigNumber, prime: borrowing BigNumber
  ) -> Bool {
    // x² = (y² - 1) / (d y² + 1). Multiplied by a square, to save the division:
    // 121666 (y² - 1) (121666 - 121665 y²).
    guard let one = BigNumber(1), let a = BigNumber(121_665), let b = BigNumber(121_666),
      let square = y.times(y, modulo: prime),
      let left = square.minus(one, modulo: prime)?.times(b, modulo: prime),
      let scaled = square.times(a, modulo: prime),
      let right = b.minus(scaled, modulo: prime),
      let product = left.times(right, modulo: prime)
    else { return false }
    return product.isSquare(moduloPrime: prime)
  }
}
