/// What HPKE (RFC 9180) makes of a shared secret in base mode, with MLKEM768-X25519, HKDF-SHA256
/// and ChaCha20-Poly1305, for one message without associated data.
enum HPKE {
  /// "HPKE", then the numbers of the three algorithms, most significant byte first
  /// (RFC 9180, sections 5.1 and 7; draft-ietf-hpke-pq for the first).
  private static let suite: [UInt8] = Array("HPKE".utf8) + [0x64, 0x7a, 0x00, 0x01, 0x00, 0x03]
  private static let version = Array("HPKE-v1".utf8)
  private static let baseMode: UInt8 = 0
  private static let nonceSize = 12

  /// The key and the nonce of the message (RFC 9180, section 5.1, "KeySchedule").
  static func messageKey(
    of sharedSecret: SecretBytes, info: String
  ) throws(CryptoError) -> (key: SecretBytes, nonce: ChaChaPoly.Nonce) {
    let none = SecretBytes(copying: RawSpan())
    var context = [baseMode]
    for (label, input) in [("psk_id_hash", ""), ("info_hash", info)] {
      let hash = try extract(salt: none, label, Array(input.utf8))
      context += hash.withBytes { $0.array }
    }
    let secret = try extract(salt: sharedSecret, "secret", [])
    let key = try expand(secret, "key", context, count: ChaChaPoly.keySize)
    let nonce = try expand(secret, "base_nonce", context, count: nonceSize)
    return (key, nonce.withBytes { ChaChaPoly.Nonce($0) })
  }

  /// RFC 9180, section 4, "LabeledExtract"; all inputs in use here are public, only salts are not.
  private static func extract(
    salt: SecretBytes, _ label: String, _ input: [UInt8]
  ) throws(CryptoError) -> SecretBytes {
    let labeled = version + suite + Array(label.utf8) + input
    let secret = SecretBytes(copying: labeled.span.bytes)
    return try salt.withBytes { (salt) throws(CryptoError) in
      try HKDFSHA256.extract(secret, salt: salt)
    }
  }

  /// RFC 9180, section 4, "LabeledExpand".
  private static func expand(
    _ secret: SecretBytes, _ label: String, _ info: [UInt8], count: Int
  ) throws(CryptoError) -> SecretBytes {
    let labeled = [0, UInt8(count)] + version + suite + Array(label.utf8) + info
    return try HKDFSHA256.expand(secret, info: labeled.span.bytes, count: count)
  }
}
