import CLibCrypto

/// HKDF with SHA-256 (RFC 5869): makes keys of a secret.
public enum HKDFSHA256 {
  /// Derives a key.
  ///
  /// - Parameters:
  ///   - input: The secret to derive from; not empty.
  ///   - salt: Public bytes that make the result differ, or none.
  ///   - info: What the key is for; different texts give independent keys.
  ///   - count: The length of the key in bytes, 1 to 8160.
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  public static func deriveKey(
    from input: SecretBytes, salt: RawSpan, info: RawSpan, count: Int
  ) throws(CryptoError) -> SecretBytes {
    try run(.extractAndExpand, input, salt: salt, info: info, count: count)
  }

  /// Derives a key; `info` is the text whose UTF-8 bytes say what the key is for.
  ///
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  public static func deriveKey(
    from input: SecretBytes, salt: RawSpan, info: StaticString, count: Int
  ) throws(CryptoError) -> SecretBytes {
    let info = UnsafeRawBufferPointer(start: info.utf8Start, count: info.utf8CodeUnitCount)
    return try deriveKey(from: input, salt: salt, info: info.bytes, count: count)
  }
  /// The first half of the derivation: a key of 32 bytes with all that is random in the input.
  static func extract(_ input: SecretBytes, salt: RawSpan) throws(CryptoError) -> SecretBytes {
    try run(.extract, input, salt: salt, info: RawSpan(), count: Digest.byteCount)
  }

  /// The second half: a key from what ``extract(_:salt:)`` gave.
  static func expand(
    _ key: SecretBytes, info: RawSpan, count: Int
  ) throws(CryptoError) -> SecretBytes {
    try run(.expand, key, salt: RawSpan(), info: info, count: count)
  }

  private enum Mode {
    case extractAndExpand, extract, expand

    /// libcrypto's number for it.
    var code: Int32 {
      switch self {
      case .extractAndExpand: EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND
      case .extract: EVP_KDF_HKDF_MODE_EXTRACT_ONLY
      case .expand: EVP_KDF_HKDF_MODE_EXPAND_ONLY
      }
    }
  }

  private static func run(
    _ mode: Mode, _ input: SecretBytes, salt: RawSpan, info: RawSpan, count: Int
  ) throws(CryptoError) -> SecretBytes {
    let kdf = try LibCrypto.shared.requireHKDF()
    return try SecretBytes(count: count) { (out) throws(CryptoError) in
      LibCrypto.clearErrors()
      let result = input.withUnsafeBytes { input in
        salt.withUnsafeBytes { salt in
          info.withUnsafeBytes { info in
            cairn_hkdf_sha256(
              kdf, mode.code, input.baseAddress, input.count, salt.baseAddress, salt.count,
              info.baseAddress, info.count, out.baseAddress, out.count)
          }
        }
      }
      guard result == 1 else { throw LibCrypto.error("derive a key with HKDF") }
    }
  }
}
