import CLibCrypto

/// ChaCha20-Poly1305 (RFC 8439) without associated data, under a key that can be changed.
///
/// One libcrypto context is kept; each message sets only the nonce, which costs less than half of
/// setting key and nonce.
struct ChaChaPoly: ~Copyable {
  static let keySize = 32
  static let tagSize = 16

  private let context: OpaquePointer

  /// The 12 bytes that must differ for each message under one key, in the order of memory.
  struct Nonce {
    var words: (UInt32, UInt32, UInt32)
    static let zero = Nonce(words: (0, 0, 0))

    init(words: (UInt32, UInt32, UInt32)) { self.words = words }

    /// Takes the 12 bytes of `bytes`.
    init(_ bytes: RawSpan) {
      precondition(bytes.byteCount == 12, "a ChaCha20-Poly1305 nonce has 12 bytes")
      words = (
        bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt32.self),
        bytes.unsafeLoadUnaligned(fromByteOffset: 4, as: UInt32.self),
        bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt32.self)
      )
    }
  }

  init(key: SecretBytes) throws(CryptoError) {
    precondition(key.count == Self.keySize, "a ChaCha20-Poly1305 key has 32 bytes")
    let cipher = try LibCrypto.shared.requireChaCha20Poly1305()
    LibCrypto.clearErrors()
    guard let context = EVP_CIPHER_CTX_new() else { throw LibCrypto.error("make a cipher") }
    guard Self.start(context, cipher: cipher, key: key) else {
      EVP_CIPHER_CTX_free(context)
      throw LibCrypto.error("make a cipher")
    }
    self.context = context
  }

  deinit { EVP_CIPHER_CTX_free(context) }

  /// Seals and opens under another key from now on.
  mutating func setKey(_ key: SecretBytes) throws(CryptoError) {
    precondition(key.count == Self.keySize, "a ChaCha20-Poly1305 key has 32 bytes")
    LibCrypto.clearErrors()
    guard Self.start(context, cipher: nil, key: key) else { throw LibCrypto.error("set a key") }
  }

  private static func start(
    _ context: OpaquePointer, cipher: OpaquePointer?, key: SecretBytes
  ) -> Bool {
    key.withUnsafeBytes { key in
      let key = key.baseAddress?.assumingMemoryBound(to: UInt8.self)
      return EVP_EncryptInit_ex2(context, cipher, key, nil, nil) == 1
    }
  }

  /// Writes the ciphertext of `plaintext` and its tag to `out`, which has room for both.
  mutating func seal(
    _ plaintext: UnsafeRawBufferPointer, nonce: Nonce, into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) {
    precondition(
      out.count >= plaintext.count + Self.tagSize && plaintext.count <= Int(Int32.max),
      "no room for the sealed bytes")
    LibCrypto.clearErrors()
    let start = out.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var written: Int32 = 0
    let started = withUnsafeBytes(of: nonce.words) { nonce in
      EVP_EncryptInit_ex2(
        context, nil, nil, nonce.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
    }
    guard started == 1,
      plaintext.isEmpty
        || EVP_EncryptUpdate(
          context, start, &written, plaintext.baseAddress?.assumingMemoryBound(to: UInt8.self),
          Int32(plaintext.count)) == 1,
      EVP_EncryptFinal_ex(context, start, &written) == 1,
      EVP_CIPHER_CTX_ctrl(
        context, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagSize), start.map { $0 + plaintext.count })
        == 1
    else { throw LibCrypto.error("encrypt") }
  }

  /// Writes the plaintext of `sealed` (ciphertext and tag) to `out` if the tag is right; if not,
  /// returns false and leaves zeroes there.
  mutating func open(
    _ sealed: UnsafeRawBufferPointer, nonce: Nonce, into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) -> Bool {
    let count = sealed.count - Self.tagSize
    precondition(
      count >= 0 && out.count >= count && count <= Int(Int32.max), "no room for the opened bytes")
    LibCrypto.clearErrors()
    let start = out.baseAddress?.assumingMemoryBound(to: UInt8.self)
    let source = sealed.baseAddress?.assumingMemoryBound(to: UInt8.self)
    var written: Int32 = 0
    // Taken before anything is written: the caller may open in place.
    let started = withUnsafeBytes(of: nonce.words) { nonce in
      EVP_DecryptInit_ex2(
        context, nil, nil, nonce.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
    }
    guard started == 1,
      EVP_CIPHER_CTX_ctrl(
        context, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagSize),
        UnsafeMutablePointer(mutating: source.map { $0 + count })) == 1,
      count == 0 || EVP_DecryptUpdate(context, start, &written, source, Int32(count)) == 1
    else { throw LibCrypto.error("decrypt") }
    if EVP_DecryptFinal_ex(context, start, &written) == 1 { return true }
    OPENSSL_cleanse(start, count)
    return false
  }
}
