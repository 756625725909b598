import CLibCrypto

/// A private key in one of the formats that OpenSSL shares with `ssh-keygen -m`: PKCS#1 (RFC 8017,
/// appendix A.1.2), PKCS#8 (RFC 5958), and the same sealed with a passphrase.
struct PKCSPrivateKey: Sendable {
  private enum Form {
    case plain
    /// PKCS#8's own sealing (PBES2 of RFC 8018).
    case encryptedPKCS8
    /// The sealing of PEM, named in the headers before the base64 (RFC 1421).
    case encryptedPEM(PEMProtection)
  }

  private let form: Form
  private let bytes: SecretBytes

  /// The most iterations of PBKDF2 to do: some seconds. `ssh-keygen` asks for 2,048.
  static let maxIterations = 10_000_000

  /// Whether a passphrase is needed.
  var isProtected: Bool {
    if case .plain = form { false } else { true }
  }

  /// Chooses the format by the label.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is none of these.
  init(_ pem: PEM) throws(CryptoError) {
    bytes = pem.body
    switch (pem.label, pem.headers.isEmpty) {
    case ("PRIVATE KEY", true), ("RSA PRIVATE KEY", true): form = .plain
    case ("ENCRYPTED PRIVATE KEY", true): form = .encryptedPKCS8
    case ("RSA PRIVATE KEY", false): form = .encryptedPEM(try PEMProtection(pem.headers))
    case ("EC PRIVATE KEY", _), ("DSA PRIVATE KEY", _): throw SSHPrivateKey.unsupported()
    default:
      throw CryptoError(
        .invalidKey,
        "this is not a private key: it should begin with -----BEGIN OPENSSH PRIVATE KEY-----")
    }
  }

  /// Opens the key.
  ///
  /// - Parameter passphrase: Needed if ``isProtected``, not looked at otherwise.
  /// - Throws: ``CryptoError/Code/noIdentityMatched`` if the passphrase is wrong;
  ///   ``CryptoError/Code/workFactor`` if the file asks for too much work;
  ///   ``CryptoError/Code/invalidKey`` if the file is damaged or a passphrase is missing.
  func open(passphrase: SecretBytes?) throws(CryptoError) -> SSHPrivateKey {
    if isProtected, passphrase == nil { throw SSHPrivateKey.passphraseMissing() }
    let passphrase = passphrase ?? SecretBytes(count: 0) { _ in }
    LibCrypto.clearErrors()
    // What libcrypto says about damaged bytes is of no use to anybody.
    defer { LibCrypto.clearErrors() }
    let key: OpaquePointer
    switch form {
    case .plain:
      guard let read = Self.read(bytes) else { throw OpenSSHPrivateKey.malformed() }
      key = read
    case .encryptedPEM(let protection):
      guard let plain = try protection.open(bytes, with: passphrase), let read = Self.read(plain)
      else { throw SSHPrivateKey.wrongPassphrase() }
      key = read
    case .encryptedPKCS8:
      key = try Self.decrypt(bytes, with: passphrase)
    }
    defer { EVP_PKEY_free(key) }
    return try SSHPrivateKey(key)
  }

  /// Reads PKCS#1 or PKCS#8 in clear.
  private static func read(_ bytes: SecretBytes) -> OpaquePointer? {
    bytes.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
      var position: UnsafePointer<UInt8>? = start
      let key = d2i_AutoPrivateKey_ex(
        nil, &position, bytes.count, LibCrypto.shared.context, nil)
      guard position == start + bytes.count else {
        EVP_PKEY_free(key)
        return nil
      }
      return key
    }
  }

  /// Opens PKCS#8 that was sealed with a passphrase.
  private static func decrypt(
    _ bytes: SecretBytes, with passphrase: SecretBytes
  ) throws(CryptoError) -> OpaquePointer {
    let sealed = bytes.withUnsafeBytes { bytes -> OpaquePointer? in
      var position = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      return d2i_X509_SIG(nil, &position, bytes.count)
    }
    guard let sealed else { throw OpenSSHPrivateKey.malformed() }
    defer { X509_SIG_free(sealed) }
    guard let iterations = iterations(of: sealed) else {
      throw CryptoError(
        .invalidKey,
        "the private key is sealed in a way that is not supported: seal it anew with"
          + " ssh-keygen -p")
    }
    guard (1...maxIterations).contains(iterations) else {
      throw SSHPrivateKey.tooMuchWork(rounds: iterations, limit: maxIterations)
    }
    let opened = passphrase.withUnsafeBytes { passphrase in
      PKCS8_decrypt_ex(
        sealed, passphrase.baseAddress?.assumingMemoryBound(to: CChar.self),
        Int32(clamping: passphrase.count), LibCrypto.shared.context, nil)
    }
    guard let opened else { throw SSHPrivateKey.wrongPassphrase() }
    defer { PKCS8_PRIV_KEY_INFO_free(opened) }
    guard let key = EVP_PKCS82PKEY_ex(opened, LibCrypto.shared.context, nil) else {
      throw OpenSSHPrivateKey.malformed()
    }
    return key
  }

  /// How much work it takes to make a key of the passphrase; `nil` if that is not done by PBES2 with
  /// PBKDF2.
  private static func iterations(of sealed: OpaquePointer) -> Int? {
    var algorithm: UnsafePointer<X509_ALGOR>?
    X509_SIG_get0(sealed, &algorithm, nil)
    guard
      let scheme = parameters(of: algorithm, ifAlgorithmIs: NID_pbes2, d2i_PBE2PARAM)
    else { return nil }
    defer { PBE2PARAM_free(scheme) }
    guard
      let derivation = parameters(
        of: scheme.pointee.keyfunc, ifAlgorithmIs: NID_id_pbkdf2, d2i_PBKDF2PARAM)
    else { return nil }
    defer { PBKDF2PARAM_free(derivation) }
    var count: Int64 = 0
    guard ASN1_INTEGER_get_int64(&count, derivation.pointee.iter) == 1 else { return .max }
    return Int(clamping: count)
  }

  private static func parameters<Parameters>(
    of algorithm: UnsafePointer<X509_ALGOR>?, ifAlgorithmIs wanted: Int32,
    _ read: (
      UnsafeMutablePointer<UnsafeMutablePointer<Parameters>?>?,
      UnsafeMutablePointer<UnsafePointer<UInt8>?>?, Int
    ) -> UnsafeMutablePointer<Parameters>?
  ) -> UnsafeMutablePointer<Parameters>? {
    var identifier: OpaquePointer?
    var type: Int32 = 0
    var value: UnsafeRawPointer?
    X509_ALGOR_get0(&identifier, &type, &value, algorithm)
    guard OBJ_obj2nid(identifier) == wanted, type == V_ASN1_SEQUENCE, let value else { return nil }
    let text = value.assumingMemoryBound(to: ASN1_STRING.self)
    var position = ASN1_STRING_get0_data(text)
    return read(nil, &position, Int(ASN1_STRING_length(text)))
  }
}
