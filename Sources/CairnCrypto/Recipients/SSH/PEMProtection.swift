import CLibCrypto

/// How a passphrase protects a private key by the headers of its text, as OpenSSL and old versions
/// of `ssh-keygen` do it (RFC 1421, section 4.6.1.3; OpenSSL, EVP_BytesToKey).
struct PEMProtection: Sendable {
  private let cipher: Cipher
  private let iv: [UInt8]

  /// A cipher, by the name that it has here and in libcrypto.
  private enum Cipher: String {
    case aes128 = "AES-128-CBC"
    case aes192 = "AES-192-CBC"
    case aes256 = "AES-256-CBC"
    case tripleDES = "DES-EDE3-CBC"

    var keySize: Int {
      switch self {
      case .aes128: 16
      case .aes192, .tripleDES: 24
      case .aes256: 32
      }
    }
    var ivSize: Int { self == .tripleDES ? 8 : 16 }
  }

  /// Reads the headers.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if they say anything else.
  init(_ headers: [String]) throws(CryptoError) {
    let prefix = "DEK-Info: "
    guard headers.count == 2, headers[0] == "Proc-Type: 4,ENCRYPTED",
      headers[1].hasPrefix(prefix)
    else { throw OpenSSHPrivateKey.malformed() }
    let words = headers[1].dropFirst(prefix.count).split(
      separator: ",", omittingEmptySubsequences: false)
    guard let cipher = words.first.flatMap({ Cipher(rawValue: String($0)) }) else {
      throw CryptoError(
        .invalidKey,
        "the private key is sealed in a way that is not supported: seal it anew with"
          + " ssh-keygen -p")
    }
    guard words.count == 2, let iv = Self.bytes(ofHex: words[1]), iv.count == cipher.ivSize else {
      throw OpenSSHPrivateKey.malformed()
    }
    self.cipher = cipher
    self.iv = iv
  }

  private static func bytes(ofHex digits: Substring) -> [UInt8]? {
    let values = digits.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    guard values.count == digits.utf8.count, values.count % 2 == 0 else { return nil }
    return stride(from: 0, to: values.count, by: 2).map { UInt8(values[$0] << 4 | values[$0 + 1]) }
  }

  /// Opens a key; `nil` if the passphrase is wrong, though one wrong passphrase in some hundred
  /// gives bytes that are no key.
  func open(
    _ sealed: SecretBytes, with passphrase: SecretBytes
  ) throws(CryptoError) -> SecretBytes? {
    let key = try deriveKey(passphrase)
    return try sealed.withBytes { (sealed) throws(CryptoError) in
      try key.withBytes { (key) throws(CryptoError) in
        try SymmetricCipher.decrypt(
          sealed, cipher: cipher.rawValue, key: key, iv: iv.span.bytes, isPadded: true)
      }
    }
  }

  /// MD5 of the passphrase and the salt, then of that and both, and so on, until it is enough.
  private func deriveKey(_ passphrase: SecretBytes) throws(CryptoError) -> SecretBytes {
    LibCrypto.clearErrors()
    // Fetched from our own context: the digest that libcrypto would take by itself is its default
    // context's, which the host may have configured.
    let md5 = EVP_MD_fetch(LibCrypto.shared.context, "MD5", nil)
    defer { EVP_MD_free(md5) }
    let known = EVP_CIPHER_fetch(LibCrypto.shared.context, cipher.rawValue, nil)
    defer { EVP_CIPHER_free(known) }
    guard let md5, let known else { throw LibCrypto.error("provide \(cipher.rawValue) and MD5") }
    return try SecretBytes(count: cipher.keySize) { (key) throws(CryptoError) in
      // The salt is the start of the initialization vector, of which all ciphers have enough.
      let count = passphrase.withUnsafeBytes { passphrase in
        EVP_BytesToKey(
          known, md5, iv, passphrase.baseAddress?.assumingMemoryBound(to: UInt8.self),
          Int32(clamping: passphrase.count), 1,
          key.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
      }
      guard count == Int32(key.count) else { throw LibCrypto.error("derive a key") }
    }
  }
}
