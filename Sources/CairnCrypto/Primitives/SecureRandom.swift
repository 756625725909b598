import CLibCrypto

/// Bytes that nobody can predict, from libcrypto's generator, which the operating system seeds.
///
/// Safe to use from any thread, and after a fork. For secrets see ``SecretBytes/init(random:)``.
public enum SecureRandom {
  /// Returns `count` random bytes.
  ///
  /// - Throws: ``CryptoError/Code/library`` if the system has no randomness to give.
  public static func bytes(_ count: Int) throws(CryptoError) -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { (buffer, initialized) throws(CryptoError) in
      try fill(
        UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count]))
      initialized = count
    }
  }

  /// Fills `buffer` with random bytes.
  ///
  /// - Throws: ``CryptoError/Code/library`` if the system has no randomness to give.
  public static func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(CryptoError) {
    if buffer.isEmpty { return }
    LibCrypto.clearErrors()
    guard
      RAND_bytes_ex(
        LibCrypto.shared.context, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self),
        buffer.count, 0) == 1
    else { throw LibCrypto.error("make random bytes") }
  }
}
