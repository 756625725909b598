import CLibCrypto

/// RSA by libcrypto, encrypting with OAEP, SHA-256 and MGF1 with SHA-256 (RFC 8017).
enum RSA {
  /// Lengths of a modulus, in bits: shorter ones are not safe, longer ones not usable.
  static let modulusBits = 2048...16384
  /// The longest public exponent, in bits. Almost all keys have 65,537, of 17 bits.
  static let maxExponentBits = 32

  /// The numbers of a private key.
  struct Numbers: ~Copyable {
    /// The modulus.
    let n: BigNumber
    /// The public exponent.
    let e: BigNumber
    /// The private exponent.
    let d: BigNumber
    /// The one prime factor of the modulus.
    let p: BigNumber
    /// The other prime factor of the modulus.
    let q: BigNumber

    /// Reads numbers whose most significant bytes come first.
    init(
      n: RawSpan, e: RawSpan, d: RawSpan, p: RawSpan, q: RawSpan
    ) throws(CryptoError) {
      LibCrypto.clearErrors()
      guard let n = BigNumber(bigEndian: n), let e = BigNumber(bigEndian: e),
        let d = BigNumber(bigEndian: d), let p = BigNumber(bigEndian: p),
        let q = BigNumber(bigEndian: q)
      else { throw LibCrypto.error("read an RSA key") }
      self.n = n
      self.e = e
      self.d = d
      self.p = p
      self.q = q
    }

    /// Reads the numbers of a private key in libcrypto's storage.
    ///
    /// - Throws: ``CryptoError/Code/invalidKey`` if one is missing.
    init(of key: OpaquePointer) throws(CryptoError) {
      LibCrypto.clearErrors()
      guard let n = BigNumber("n", of: key), let e = BigNumber("e", of: key),
        let d = BigNumber("d", of: key), let p = BigNumber("rsa-factor1", of: key),
        let q = BigNumber("rsa-factor2", of: key)
      else { throw unfit() }
      self.n = n
      self.e = e
      self.d = d
      self.p = p
      self.q = q
    }
  }

  /// A public key, ready for use.
  ///
  /// `@unchecked Sendable`: libcrypto's key is set up in the initialiser and only read after; it is
  /// reference-counted, and each use has a context of its own.
  final class PublicKey: @unchecked Sendable {
    private let key: OpaquePointer
    /// The length of what is encrypted to this key, in bytes.
    let byteCount: Int

    /// Makes a key.
    ///
    /// - Throws: ``CryptoError/Code/invalidKey`` if the modulus is too short or too long, or the
    ///   numbers cannot be those of a key.
    init(n: borrowing BigNumber, e: borrowing BigNumber) throws(CryptoError) {
      try check(n: n, e: e)
      LibCrypto.clearErrors()
      guard
        let key = cairn_rsa_key(
          LibCrypto.shared.context, n.pointer, e.pointer, nil, nil, nil, nil, nil, nil)
      else { throw LibCrypto.error("use an RSA key") }
      self.key = key
      byteCount = Int(EVP_PKEY_get_size(key))
    }

    deinit { EVP_PKEY_free(key) }

    /// Encrypts a short secret; `label` says what it is for.
    func encrypt(_ secret: SecretBytes, label: StaticString) throws(CryptoError) -> [UInt8] {
      LibCrypto.clearErrors()
      guard let context = makeContext(key, isEncrypting: true, label: label) else {
        throw LibCrypto.error("use an RSA key")
      }
      defer { EVP_PKEY_CTX_free(context) }
      let sealed = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initialized in
        var count = byteCount
        let result = secret.withUnsafeBytes { secret in
          EVP_PKEY_encrypt(
            context, buffer.baseAddress, &count,
            secret.baseAddress?.assumingMemoryBound(to: UInt8.self), secret.count)
        }
        initialized = result == 1 ? count : 0
      }
      guard sealed.count == byteCount else { throw LibCrypto.error("encrypt with RSA") }
      return sealed
    }
  }

  /// A private key, ready for use; see ``PublicKey`` for the threads.
  final class PrivateKey: @unchecked Sendable {
    private let key: OpaquePointer
    /// The length of what is encrypted to this key, in bytes.
    let byteCount: Int

    /// Makes a key of numbers that may come from a damaged file: they must fit together.
    ///
    /// - Throws: ``CryptoError/Code/invalidKey`` if they do not, or the modulus is too short or too
    ///   long.
    init(_ numbers: borrowing Numbers) throws(CryptoError) {
      try check(n: numbers.n, e: numbers.e)
      LibCrypto.clearErrors()
      guard let key = Self.make(numbers) else {
        LibCrypto.clearErrors()
        throw unfit()
      }
      self.key = key
      byteCount = Int(EVP_PKEY_get_size(key))
    }

    /// The key, if n = p q and e d = 1 modulo p - 1 and q - 1.
    private static func make(_ numbers: borrowing Numbers) -> OpaquePointer? {
      // Lengths first: the numbers of a hostile file may be so long that computing takes for ever.
      let bits = numbers.n.bitCount
      guard numbers.d.bitCount <= bits, numbers.p.bitCount <= bits, numbers.q.bitCount <= bits,
        !numbers.p.isOne, !numbers.q.isOne,
        let product = numbers.p.times(numbers.q), product.equals(numbers.n),
        let p1 = numbers.p.minusOne()?.inConstantTime(),
        let q1 = numbers.q.minusOne()?.inConstantTime(),
        let ed = numbers.e.times(numbers.d)?.inConstantTime(),
        let edP = ed.modulo(p1), edP.isOne, let edQ = ed.modulo(q1), edQ.isOne,
        let dP = numbers.d.modulo(p1), let dQ = numbers.d.modulo(q1),
        let q = numbers.q.modulo(numbers.p)?.inConstantTime(),
        let qInverse = q.inverse(modulo: numbers.p)
      else { return nil }
      return cairn_rsa_key(
        LibCrypto.shared.context, numbers.n.pointer, numbers.e.pointer, numbers.d.pointer,
        numbers.p.pointer, numbers.q.pointer, dP.pointer, dQ.pointer, qInverse.pointer)
    }

    deinit { EVP_PKEY_free(key) }

    /// Opens what ``PublicKey/encrypt(_:label:)`` made; `nil` if it was for another key or label.
    func decrypt(_ sealed: [UInt8], label: StaticString) throws(CryptoError) -> SecretBytes? {
      LibCrypto.clearErrors()
      guard let context = makeContext(key, isEncrypting: false, label: label) else {
        throw LibCrypto.error("use an RSA key")
      }
      defer { EVP_PKEY_CTX_free(context) }
      var count = byteCount
      var result: Int32 = 0
      let secret = SecretBytes(count: byteCount) { out in
        result = EVP_PKEY_decrypt(
          context, out.baseAddress?.assumingMemoryBound(to: UInt8.self), &count, sealed,
          sealed.count)
      }
      guard result == 1 else {
        LibCrypto.clearErrors()
        return nil
      }
      return secret.withBytes { SecretBytes(copying: $0.extracting(first: count)) }
    }
  }

  private static func check(
    n: borrowing BigNumber, e: borrowing BigNumber
  ) throws(CryptoError) {
    guard modulusBits.contains(n.bitCount) else {
      throw CryptoError(
        .invalidKey,
        "an RSA key must have \(modulusBits.lowerBound) to \(modulusBits.upperBound) bits, and"
          + " this one has \(n.bitCount): use another key")
    }
    guard n.isOdd, e.isOdd, !e.isOne, e.bitCount <= maxExponentBits else {
      throw unfit()
    }
  }

  @inline(never)
  private static func unfit() -> CryptoError {
    CryptoError(
      .invalidKey, "the numbers of this RSA key do not fit together: use another copy of it")
  }

  private static func makeContext(
    _ key: OpaquePointer, isEncrypting: Bool, label: StaticString
  ) -> OpaquePointer? {
    guard let context = EVP_PKEY_CTX_new_from_pkey(LibCrypto.shared.context, key, nil) else {
      return nil
    }
    let result = cairn_rsa_oaep_init(
      context, isEncrypting ? 1 : 0, label.utf8Start, label.utf8CodeUnitCount)
    guard result == 1 else {
      EVP_PKEY_CTX_free(context)
      return nil
    }
    return context
  }
}
