/// The key of one payload, derived from the file key and the nonce in front of the segments.
///
/// It reads this payload and nothing else. Keeping it spares opening the header again.
public struct PayloadKey: Sendable {
  /// Bytes of the nonce that stands between the header and the segments.
  public static let nonceSize = 16

  let secret: SecretBytes

  /// Makes the key of a new payload.
  ///
  /// - Returns: The nonce to write after the header, and the key derived from it.
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  public static func generate(
    for fileKey: FileKey
  ) throws(CryptoError) -> (nonce: [UInt8], key: PayloadKey) {
    let nonce = try SecureRandom.bytes(nonceSize)
    return (nonce, try PayloadKey(fileKey, nonce: nonce.span.bytes))
  }

  /// Derives the key of a payload that exists (HKDF-SHA256, info `payload`).
  ///
  /// - Parameters:
  ///   - fileKey: What the header's recipients wrap.
  ///   - nonce: The 16 bytes after the header.
  /// - Precondition: `nonce` has exactly 16 bytes.
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  public init(_ fileKey: FileKey, nonce: RawSpan) throws(CryptoError) {
    precondition(nonce.byteCount == Self.nonceSize, "a payload nonce has 16 bytes")
    secret = try HKDFSHA256.deriveKey(
      from: fileKey.secret, salt: nonce, info: "payload", count: ChaChaPoly.keySize)
  }
}
