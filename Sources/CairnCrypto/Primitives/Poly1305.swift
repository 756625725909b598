import CLibCrypto

/// Poly1305 (RFC 8439, section 2.5), under a key that is used once.
enum Poly1305 {
  /// The length of a key, in bytes.
  static let keySize = 32
  /// The length of a tag, in bytes.
  static let tagSize = 16

  /// Returns the tag of `bytes`, in the type that compares in constant time.
  static func authenticate(_ bytes: RawSpan, key: RawSpan) throws(CryptoError) -> SecretBytes {
    precondition(key.byteCount == keySize, "a Poly1305 key has 32 bytes")
    return try SecretBytes(count: tagSize) { (out) throws(CryptoError) in
      LibCrypto.clearErrors()
      var count = 0
      let result = key.withUnsafeBytes { key in
        bytes.withUnsafeBytes { bytes in
          EVP_Q_mac(
            LibCrypto.shared.context, "POLY1305", nil, nil, nil, key.baseAddress, key.count,
            bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count,
            out.baseAddress?.assumingMemoryBound(to: UInt8.self), out.count, &count)
        }
      }
      guard result != nil, count == tagSize else { throw LibCrypto.error("compute Poly1305") }
    }
  }
}
