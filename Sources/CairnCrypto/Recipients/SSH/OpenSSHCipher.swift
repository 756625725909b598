import CLibCrypto

/// The ciphers that OpenSSH seals private keys with, by OpenSSH's names.
enum OpenSSHCipher: String, Sendable {
  case aes128CBC = "aes128-cbc"
  case aes192CBC = "aes192-cbc"
  case aes256CBC = "aes256-cbc"
  case aes128CTR = "aes128-ctr"
  case aes192CTR = "aes192-ctr"
  case aes256CTR = "aes256-ctr"
  case aes128GCM = "aes128-gcm@openssh.com"
  case aes256GCM = "aes256-gcm@openssh.com"
  case chaCha20Poly1305 = "chacha20-poly1305@openssh.com"

  /// Bytes of key. ChaCha20-Poly1305 has two keys of 32 bytes, and uses the first here.
  var keySize: Int {
    switch self {
    case .aes128CBC, .aes128CTR, .aes128GCM: 16
    case .aes192CBC, .aes192CTR: 24
    case .aes256CBC, .aes256CTR, .aes256GCM: 32
    case .chaCha20Poly1305: 64
    }
  }

  /// Bytes of initialization vector that are derived with the key.
  var ivSize: Int {
    switch self {
    case .aes128CBC, .aes192CBC, .aes256CBC, .aes128CTR, .aes192CTR, .aes256CTR: 16
    case .aes128GCM, .aes256GCM: 12
    case .chaCha20Poly1305: 0
    }
  }

  /// What the length of what is sealed is a multiple of, in bytes.
  var blockSize: Int { self == .chaCha20Poly1305 ? 8 : 16 }

  /// Bytes of tag after what is sealed.
  var tagSize: Int {
    switch self {
    case .aes128GCM, .aes256GCM, .chaCha20Poly1305: 16
    default: 0
    }
  }

  /// libcrypto's name for it.
  private var name: String {
    switch self {
    case .aes128CBC: "AES-128-CBC"
    case .aes192CBC: "AES-192-CBC"
    case .aes256CBC: "AES-256-CBC"
    case .aes128CTR: "AES-128-CTR"
    case .aes192CTR: "AES-192-CTR"
    case .aes256CTR: "AES-256-CTR"
    case .aes128GCM: "AES-128-GCM"
    case .aes256GCM: "AES-256-GCM"
    case .chaCha20Poly1305: "ChaCha20"
    }
  }

  /// Opens what was sealed with the key and the initialization vector in `material`.
  ///
  /// - Precondition: `material` has ``keySize`` and ``ivSize`` bytes.
  /// - Returns: `nil` if the tag is wrong. A cipher without a tag opens anything.
  func open(
    _ sealed: SecretBytes, with material: SecretBytes, tag: [UInt8]
  ) throws(CryptoError) -> SecretBytes? {
    precondition(material.count == keySize + ivSize, "key material of a wrong length")
    return try sealed.withBytes { (sealed) throws(CryptoError) in
      try material.withBytes { (material) throws(CryptoError) in
        let key = material.extracting(first: keySize)
        if self == .chaCha20Poly1305 {
          return try openChaCha20(sealed, key: key.extracting(first: 32), tag: tag)
        }
        return try SymmetricCipher.decrypt(
          sealed, cipher: name, key: key, iv: material.extracting(last: ivSize), tag: tag)
      }
    }
  }

  /// ChaCha20-Poly1305 as OpenSSH combines them (OpenSSH, PROTOCOL.chacha20poly1305): the key of
  /// Poly1305 is the start of the first block of key stream, what is sealed begins with the second,
  /// and the tag is that of the sealed bytes alone.
  private func openChaCha20(
    _ sealed: RawSpan, key: RawSpan, tag: [UInt8]
  ) throws(CryptoError) -> SecretBytes? {
    let block = 64
    let macKeySize = 32
    // A block of zeroes in front becomes the first block of key stream.
    let padded = SecretBytes(count: block + sealed.byteCount) { out in
      sealed.withUnsafeBytes { sealed in
        UnsafeMutableRawBufferPointer(rebasing: out[block...]).copyMemory(from: sealed)
      }
    }
    // Counter and nonce are both zero.
    let iv = [UInt8](repeating: 0, count: 16)
    let opened = try padded.withBytes { (padded) throws(CryptoError) in
      try SymmetricCipher.decrypt(padded, cipher: name, key: key, iv: iv.span.bytes)
    }
    guard let opened else { return nil }
    let isRight = try opened.withBytes { (opened) throws(CryptoError) in
      try Poly1305.authenticate(sealed, key: opened.extracting(first: macKeySize))
        == SecretBytes(copying: tag.span.bytes)
    }
    guard isRight else { return nil }
    return opened.withBytes { SecretBytes(copying: $0.extracting(droppingFirst: block)) }
  }
}
