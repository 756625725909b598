/// The key of one payload, derived from the file key and the nonce in front of the segments.
///
/// It reads this payload and nothing else. Keeping it spares opening the header again.
public struct PayloadKey: Sendable {
  /// Bytes of the nonce that stands between the header and the segments.
  public static let nonceSize = 16

  let secret: SecretBytes

  /// Derives the key (HKDF-SHA256, info `payload`).
  ///
  /// - Parameters:
  ///   - fileKey: What the header's recipients wrap.
  ///   - nonce: The 16 bytes after the header; random and new when sealing.
  /// - Precondition: `nonce` has exactly 16 bytes.
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  public init(_ fileKey: FileKey, nonce: RawSpan) throws(CryptoError) {
    precondition(nonce.byteCount == Self.nonceSize, "a payload nonce has 16 bytes")
    secret = try HKDFSHA256.deriveKey(
      from: fileKey.secret, salt: nonce, info: "payload", count: ChaChaPoly.keySize)
  }
}
