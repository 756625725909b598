import CLibCrypto

/// SHA-512 (FIPS 180-4) of secrets.
enum SHA512 {
  /// The length of a digest, in bytes.
  static let byteCount = 64

  /// Returns the digest of `bytes`.
  static func hash(of bytes: RawSpan) throws(CryptoError) -> SecretBytes {
    try SecretBytes(count: byteCount) { (out) throws(CryptoError) in
      LibCrypto.clearErrors()
      var count = 0
      let result = bytes.withUnsafeBytes { bytes in
        EVP_Q_digest(
          LibCrypto.shared.context, "SHA512", nil, bytes.baseAddress, bytes.count,
          out.baseAddress?.assumingMemoryBound(to: UInt8.self), &count)
      }
      guard result == 1, count == byteCount else { throw LibCrypto.error("compute SHA-512") }
    }
  }

  /// Returns the digest of `bytes`.
  static func hash(of bytes: SecretBytes) throws(CryptoError) -> SecretBytes {
    try bytes.withBytes { (bytes) throws(CryptoError) in try hash(of: bytes) }
  }
}
