/// The hybrid of ML-KEM-768 and X25519, also known as X-Wing: a secret that is safe as long as
/// either is (draft-irtf-cfrg-concrete-hybrid-kems, "MLKEM768-X25519"; draft-ietf-hpke-pq).
enum MLKEM768X25519 {
  /// Bytes of a private key, from which the two private keys are derived.
  static let seedSize = 32
  /// The public keys of ML-KEM-768 and of X25519.
  static let publicKeySize = MLKEM768.publicKeySize + X25519.keySize
  /// The ciphertext of ML-KEM-768 and the ephemeral share of X25519.
  static let encapsulationSize = MLKEM768.ciphertextSize + X25519.keySize

  private static let label = Array(#"\.//^\"#.utf8)

  /// A private key, ready for use, from several threads at once too.
  struct PrivateKey: Sendable {
    /// The 32 bytes as they were given.
    let seed: SecretBytes
    private let mlkem: MLKEM768.PrivateKey
    private let x25519: X25519.PrivateKey

    /// Makes a key of 32 bytes; any 32 bytes will do.
    init(seed: SecretBytes) throws(CryptoError) {
      precondition(seed.count == seedSize, "an MLKEM768-X25519 key has 32 bytes")
      let keys = try SHA3.shake256(of: seed, count: MLKEM768.seedSize + X25519.keySize)
      mlkem = try MLKEM768.PrivateKey(
        seed: keys.withBytes { SecretBytes(copying: $0.extracting(first: MLKEM768.seedSize)) })
      x25519 = try X25519.PrivateKey(
        bytes: keys.withBytes { SecretBytes(copying: $0.extracting(last: X25519.keySize)) })
      self.seed = seed
    }

    var publicKey: [UInt8] { mlkem.publicKey + x25519.publicKey }

    /// The secret in `encapsulation`; `nil` if its share of X25519 is a point of low order.
    func decapsulate(_ encapsulation: [UInt8]) throws(CryptoError) -> SecretBytes? {
      precondition(
        encapsulation.count == encapsulationSize, "an MLKEM768-X25519 ciphertext has 1120 bytes")
      let share = Array(encapsulation[MLKEM768.ciphertextSize...])
      guard let x25519Secret = try x25519.sharedSecret(with: share) else { return nil }
      let mlkemSecret = try mlkem.decapsulate(Array(encapsulation[..<MLKEM768.ciphertextSize]))
      return try combine(mlkemSecret, x25519Secret, share: share, publicKey: x25519.publicKey)
    }
  }

  /// A new secret, and what the owner of `publicKey` recovers it from; `nil` if the X25519 half of
  /// the key is a point of low order.
  static func encapsulate(
    to publicKey: [UInt8]
  ) throws(CryptoError) -> (encapsulation: [UInt8], secret: SecretBytes)? {
    precondition(publicKey.count == publicKeySize, "an MLKEM768-X25519 key has 1216 bytes")
    let (ciphertext, mlkemSecret) = try MLKEM768.encapsulate(
      to: Array(publicKey[..<MLKEM768.publicKeySize]))
    let x25519Key = Array(publicKey[MLKEM768.publicKeySize...])
    let ephemeral = try X25519.PrivateKey()
    guard let x25519Secret = try ephemeral.sharedSecret(with: x25519Key) else { return nil }
    let secret = try combine(
      mlkemSecret, x25519Secret, share: ephemeral.publicKey, publicKey: x25519Key)
    return (ciphertext + ephemeral.publicKey, secret)
  }

  private static func combine(
    _ mlkemSecret: SecretBytes, _ x25519Secret: SecretBytes, share: [UInt8], publicKey: [UInt8]
  ) throws(CryptoError) -> SecretBytes {
    let count = MLKEM768.sharedSecretSize + 3 * X25519.keySize + label.count
    let input = SecretBytes(capacity: count) { out in
      for secret in [mlkemSecret, x25519Secret] {
        secret.withUnsafeBytes { bytes in for byte in bytes { out.append(byte) } }
      }
      for byte in share + publicKey + label { out.append(byte) }
    }
    return try SHA3.hash256(of: input)
  }
}
