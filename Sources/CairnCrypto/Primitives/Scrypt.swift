import CLibCrypto
internal import CairnCore

/// scrypt (RFC 7914) by libcrypto.
enum Scrypt {
  /// Derives a key; takes `128 * r * n` bytes of memory while it works, if there are as many.
  ///
  /// - Parameters:
  ///   - n: The cost, a power of two greater than one.
  ///   - r: The block size; small.
  ///   - p: The parallelisation; small.
  static func deriveKey(
    _ passphrase: SecretBytes, salt: RawSpan, n: UInt64, r: UInt32, p: UInt32, count: Int
  ) throws(CryptoError) -> SecretBytes {
    let kdf = try LibCrypto.shared.requireScrypt()
    // What libcrypto adds up before it starts: p blocks, the table of n, and two more to work in.
    // Without a limit of ours it would stop at 32 MiB.
    let block = 128 * UInt64(r)
    let memory = block * (n + 2) + block * UInt64(p)
    let available = availableMemory()
    guard memory <= available else {
      throw CryptoError(
        .workFactor,
        "scrypt needs \(memory >> 20) MiB of memory for this passphrase, and only"
          + " \(available >> 20) MiB are to be had: use a machine with more, or raise its limits")
    }
    return try SecretBytes(count: count) { (out) throws(CryptoError) in
      LibCrypto.clearErrors()
      let result = passphrase.withUnsafeBytes { passphrase in
        salt.withUnsafeBytes { salt in
          cairn_scrypt(
            kdf, passphrase.baseAddress, passphrase.count, salt.baseAddress, salt.count, n, r, p,
            memory, out.baseAddress, out.count)
        }
      }
      guard result == 1 else {
        throw LibCrypto.error("derive a key with scrypt, which needs \(memory >> 20) MiB of memory")
      }
    }
  }
}
