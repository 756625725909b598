import CLibCrypto

/// libcrypto as this module uses it: a library context of our own, and the algorithms fetched once.
///
/// The context reads no configuration file, so a host's openssl.cnf (`fips=yes`, say) changes
/// nothing here, and our choice of provider changes nothing for the host. Making it also keeps
/// libcrypto from cleaning up when the process exits, which crashes where threads end just then.
///
/// `@unchecked Sendable`: the pointers are set once and never freed. An `OSSL_LIB_CTX` and fetched
/// algorithms are reference-counted and immutable to us; OpenSSL's threads(7) promises that they
/// may be used from several threads at once.
struct LibCrypto: @unchecked Sendable {
  /// The one instance; it lives as long as the process.
  static let shared = LibCrypto()

  let context: OpaquePointer
  let sha256: OpaquePointer
  private let chaCha20Poly1305: OpaquePointer?
  private let hkdf: OpaquePointer?
  private let scrypt: OpaquePointer?
  private let sha3: OpaquePointer?
  private let shake256: OpaquePointer?
  /// Whether there is ML-KEM, which OpenSSL has from 3.5 on.
  let hasMLKEM768: Bool

  private init() {
    // Neither can fail but for want of memory: the default provider is a part of the library, and
    // no build of it leaves out SHA-256.
    guard let context = cairn_new_context(), let sha256 = EVP_MD_fetch(context, "SHA256", nil)
    else { fatalError("libcrypto has no default provider with SHA-256") }
    self.context = context
    self.sha256 = sha256
    // Some builds leave these out; whoever needs one that is missing gets an error.
    chaCha20Poly1305 = EVP_CIPHER_fetch(context, "ChaCha20-Poly1305", nil)
    hkdf = EVP_KDF_fetch(context, "HKDF", nil)
    scrypt = EVP_KDF_fetch(context, "SCRYPT", nil)
    sha3 = EVP_MD_fetch(context, "SHA3-256", nil)
    shake256 = EVP_MD_fetch(context, "SHAKE256", nil)
    let mlkem768 = EVP_KEM_fetch(context, "ML-KEM-768", nil)
    hasMLKEM768 = mlkem768 != nil
    EVP_KEM_free(mlkem768)
    ERR_clear_error()
  }

  func requireChaCha20Poly1305() throws(CryptoError) -> OpaquePointer {
    try require(chaCha20Poly1305, "ChaCha20-Poly1305")
  }

  func requireHKDF() throws(CryptoError) -> OpaquePointer { try require(hkdf, "HKDF") }

  func requireScrypt() throws(CryptoError) -> OpaquePointer { try require(scrypt, "scrypt") }

  func requireSHA3() throws(CryptoError) -> OpaquePointer { try require(sha3, "SHA3-256") }

  func requireSHAKE256() throws(CryptoError) -> OpaquePointer { try require(shake256, "SHAKE256") }

  func requireMLKEM768() throws(CryptoError) {
    guard hasMLKEM768 else {
      let version = OpenSSL_version(OPENSSL_VERSION).map { String(cString: $0) } ?? "unknown"
      throw CryptoError(
        .library,
        "post-quantum keys need the ML-KEM of OpenSSL 3.5 or newer, and this program runs with"
          + " \(version): install a newer libcrypto, or use X25519 keys")
    }
  }

  private func require(
    _ algorithm: OpaquePointer?, _ name: String
  ) throws(CryptoError) -> OpaquePointer {
    guard let algorithm else {
      throw CryptoError(
        .library,
        "the libcrypto of this machine was built without \(name): install one that has it")
    }
    return algorithm
  }

  /// Forgets errors that other code left in this thread's queue, so that the next ones are ours.
  static func clearErrors() {
    // First of all, since even this function would set libcrypto up in its own way.
    _ = shared
    ERR_clear_error()
  }

  /// The error that the last call on this thread left behind.
  @inline(never)
  static func error(_ operation: String) -> CryptoError {
    var reasons: [String] = []
    while true {
      let code = ERR_get_error()
      if code == 0 { break }
      if let reason = ERR_reason_error_string(code) { reasons.append(String(cString: reason)) }
    }
    let reason = reasons.isEmpty ? "no reason given" : reasons.joined(separator: ", ")
    return CryptoError(.library, "libcrypto could not \(operation): \(reason)")
  }
}
