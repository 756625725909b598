import CLibCrypto

/// SHA3-256 and SHAKE256 (FIPS 202) of short secrets, by libcrypto.
enum SHA3 {
  /// The 32 bytes of SHA3-256.
  static func hash256(of input: SecretBytes) throws(CryptoError) -> SecretBytes {
    try digest(input, with: try LibCrypto.shared.requireSHA3(), count: 32) { context, out, _ in
      EVP_DigestFinal_ex(context, out, nil)
    }
  }

  /// The first `count` bytes of SHAKE256.
  static func shake256(of input: SecretBytes, count: Int) throws(CryptoError) -> SecretBytes {
    try digest(input, with: try LibCrypto.shared.requireSHAKE256(), count: count) {
      EVP_DigestFinalXOF($0, $1, $2)
    }
  }

  private static func digest(
    _ input: SecretBytes, with algorithm: OpaquePointer, count: Int,
    finish: (OpaquePointer, UnsafeMutablePointer<UInt8>?, Int) -> Int32
  ) throws(CryptoError) -> SecretBytes {
    LibCrypto.clearErrors()
    guard let context = EVP_MD_CTX_new() else { throw LibCrypto.error("compute SHA-3") }
    defer { EVP_MD_CTX_free(context) }
    return try SecretBytes(count: count) { (out) throws(CryptoError) in
      let isAbsorbed = input.withUnsafeBytes { input in
        EVP_DigestInit_ex2(context, algorithm, nil) == 1
          && EVP_DigestUpdate(context, input.baseAddress, input.count) == 1
      }
      guard isAbsorbed,
        finish(context, out.baseAddress?.assumingMemoryBound(to: UInt8.self), out.count) == 1
      else { throw LibCrypto.error("compute SHA-3") }
    }
  }
}
