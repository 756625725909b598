import CLibCrypto

/// Symmetric ciphers in which private keys are stored, for opening only.
enum SymmetricCipher {
  /// Decrypts bytes at once.
  ///
  /// - Parameters:
  ///   - name: libcrypto's name for the cipher.
  ///   - tag: For a cipher that authenticates.
  ///   - isPadded: Whether to check and remove the padding of PKCS#7.
  /// - Precondition: `key` and `iv` have the lengths that the cipher wants.
  /// - Returns: The plaintext; `nil` if the tag, the padding or the length is wrong.
  static func decrypt(
    _ sealed: RawSpan, cipher name: String, key: RawSpan, iv: RawSpan, tag: [UInt8] = [],
    isPadded: Bool = false
  ) throws(CryptoError) -> SecretBytes? {
    LibCrypto.clearErrors()
    guard let cipher = EVP_CIPHER_fetch(LibCrypto.shared.context, name, nil) else {
      throw LibCrypto.error("provide the cipher \(name)")
    }
    defer { EVP_CIPHER_free(cipher) }
    precondition(
      key.byteCount == Int(EVP_CIPHER_get_key_length(cipher))
        && iv.byteCount == Int(EVP_CIPHER_get_iv_length(cipher)),
      "a key or an initialization vector of the wrong length for \(name)")
    guard sealed.byteCount <= Int(Int32.max) - Int(EVP_MAX_BLOCK_LENGTH),
      let context = EVP_CIPHER_CTX_new()
    else { throw LibCrypto.error("make a cipher") }
    defer { EVP_CIPHER_CTX_free(context) }
    let started = key.withUnsafeBytes { key in
      iv.withUnsafeBytes { iv in
        EVP_DecryptInit_ex2(
          context, cipher, key.baseAddress?.assumingMemoryBound(to: UInt8.self),
          iv.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
      }
    }
    var tag = tag
    guard started == 1, EVP_CIPHER_CTX_set_padding(context, isPadded ? 1 : 0) == 1,
      tag.isEmpty
        || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1
    else { throw LibCrypto.error("decrypt with \(name)") }
    var isRight = false
    var count = 0
    // While it decrypts, a cipher may write a block more than the plaintext has.
    let plain = SecretBytes(count: sealed.byteCount + Int(EVP_MAX_BLOCK_LENGTH)) { out in
      let start = out.baseAddress?.assumingMemoryBound(to: UInt8.self)
      var (body, rest): (Int32, Int32) = (0, 0)
      let updated = sealed.withUnsafeBytes { sealed in
        EVP_DecryptUpdate(
          context, start, &body, sealed.baseAddress?.assumingMemoryBound(to: UInt8.self),
          Int32(sealed.count))
      }
      isRight =
        updated == 1 && EVP_DecryptFinal_ex(context, start.map { $0 + Int(body) }, &rest) == 1
      count = Int(body) + Int(rest)
    }
    guard isRight else {
      LibCrypto.clearErrors()
      return nil
    }
    return plain.withBytes { SecretBytes(copying: $0.extracting(first: count)) }
  }
}
