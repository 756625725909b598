import CLibCrypto

/// bcrypt_pbkdf, the function of OpenBSD that makes keys of passphrases for OpenSSH's private keys:
/// PBKDF2 (RFC 8018) with a hash made of bcrypt and SHA-512, whose output is spread over the key.
enum BcryptPBKDF {
  /// Bytes that one application of the hash gives.
  private static let hashSize = 32
  /// How often bcrypt works in passphrase and salt, as a count of pairs.
  private static let expansions = 64
  /// How often bcrypt encrypts its text.
  private static let encryptions = 64

  /// The text that bcrypt encrypts, as words.
  private static let text: [UInt32] = {
    let bytes = Array("OxychromaticBlowfishSwatDynamite".utf8)
    return words(of: bytes.span.bytes)
  }()

  /// The state of Blowfish before any key, or the reason for which it could not be computed.
  private static let initialState: Result<[UInt32], CryptoError> = Result {
    () throws(CryptoError) in try Pi.fraction(words: Blowfish.stateWords)
  }

  /// Derives a key.
  ///
  /// - Parameters:
  ///   - salt: Not empty.
  ///   - rounds: The work for each 32 bytes of key, at least 1. A round takes some milliseconds.
  ///   - count: The length of the key in bytes, 1 to 1024.
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  static func deriveKey(
    _ passphrase: SecretBytes, salt: [UInt8], rounds: Int, count: Int
  ) throws(CryptoError) -> SecretBytes {
    precondition(
      rounds > 0 && (1...1024).contains(count) && !salt.isEmpty,
      "bcrypt_pbkdf: no rounds, no salt, or a key of a wrong length")
    let initial = try initialState.get()
    let key = try SHA512.hash(of: passphrase)
    let blocks = (count + hashSize - 1) / hashSize
    return try SecretBytes(count: count) { (out) throws(CryptoError) in
      for block in 0..<blocks {
        let number = UInt32(block + 1)
        let numbered = salt + (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        var hashed = try hash(
          key: key, salt: SHA512.hash(of: numbered.span.bytes), initial: initial)
        let sum = try SecretBytes(count: hashSize) { (sum) throws(CryptoError) in
          add(hashed, to: sum)
          for _ in 1..<rounds {
            hashed = try hash(key: key, salt: SHA512.hash(of: hashed), initial: initial)
            add(hashed, to: sum)
          }
        }
        // Each block gives every n-th byte of the key, n being the number of blocks.
        sum.withUnsafeBytes { sum in
          var i = 0
          while i * blocks + block < count {
            out[i * blocks + block] = sum[i]
            i += 1
          }
        }
      }
    }
  }

  private static func add(_ hash: SecretBytes, to sum: UnsafeMutableRawBufferPointer) {
    hash.withUnsafeBytes { hash in for i in 0..<hashSize { sum[i] ^= hash[i] } }
  }

  /// bcrypt with a fixed cost, of a key and a salt of 64 bytes.
  private static func hash(
    key: SecretBytes, salt: SecretBytes, initial: [UInt32]
  ) -> SecretBytes {
    var cipher = Blowfish(initial: initial)
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2 * Blowfish.keyWords) { words in
      for (i, source) in [key, salt].enumerated() {
        source.withUnsafeBytes { source in
          for j in 0..<Blowfish.keyWords {
            words[i * Blowfish.keyWords + j] = UInt32(
              bigEndian: source.loadUnaligned(fromByteOffset: 4 * j, as: UInt32.self))
          }
        }
      }
      let key = UnsafeBufferPointer(rebasing: words[..<Blowfish.keyWords])
      let salt = UnsafeBufferPointer(rebasing: words[Blowfish.keyWords...])
      cipher.expand(key: key, salt: salt)
      for _ in 0..<expansions {
        cipher.expand(key: salt, salt: nil)
        cipher.expand(key: key, salt: nil)
      }
      OPENSSL_cleanse(words.baseAddress, words.count * MemoryLayout<UInt32>.stride)
    }
    return SecretBytes(count: hashSize) { out in
      for i in stride(from: 0, to: text.count, by: 2) {
        var (left, right) = (text[i], text[i + 1])
        for _ in 0..<encryptions { cipher.encrypt(&left, &right) }
        // Read with the most significant byte first, written with the least significant first.
        out.storeBytes(of: left.littleEndian, toByteOffset: 4 * i, as: UInt32.self)
        out.storeBytes(of: right.littleEndian, toByteOffset: 4 * i + 4, as: UInt32.self)
      }
    }
  }

  private static func words(of bytes: RawSpan) -> [UInt32] {
    (0..<bytes.byteCount / 4).map { i in
      UInt32(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 4 * i, as: UInt32.self))
    }
  }
}
