/// A file of OpenSSH with one private key, after its base64 was decoded (OpenSSH, PROTOCOL.key).
///
/// The public half stands in clear, the private one may be sealed with a passphrase.
struct OpenSSHPrivateKey: Sendable {
  /// What stands between `BEGIN` and the dashes of its text.
  static let label = "OPENSSH PRIVATE KEY"
  private static let magic = Array("openssh-key-v1\0".utf8)

  /// The public half, not authenticated before the private one is open.
  let publicKey: SSHPublicKey
  /// How the private half is sealed, if it is.
  let protection: OpenSSHProtection?
  /// The private half.
  private let sealed: SecretBytes

  /// Whether a passphrase is needed.
  var isProtected: Bool { protection != nil }

  /// Takes the bytes apart.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if they break the rules, or use what is not
  ///   supported.
  init(_ bytes: RawSpan) throws(CryptoError) {
    var reader = SSHReader(bytes)
    guard let magic = reader.readBytes(Self.magic.count), magic.array == Self.magic,
      let cipher = reader.readName(), let derivation = reader.readName(),
      let options = reader.readString(), let keyCount = reader.readUInt32(), keyCount == 1,
      let wire = reader.readString(), let sealed = reader.readString()
    else { throw Self.malformed() }
    protection = try OpenSSHProtection(
      cipher: cipher, derivation: derivation, options: options, tag: reader.remaining)
    let blockSize = protection?.cipher.blockSize ?? OpenSSHProtection.plainBlockSize
    guard !sealed.isEmpty, sealed.byteCount % blockSize == 0 else { throw Self.malformed() }
    publicKey = try SSHPublicKey(wire: wire)
    self.sealed = SecretBytes(copying: sealed)
  }

  /// Opens the private half.
  ///
  /// - Parameters:
  ///   - passphrase: Needed if ``isProtected``, not looked at otherwise.
  ///   - maxRounds: The most work to do.
  /// - Throws: ``CryptoError/Code/noIdentityMatched`` if the passphrase is wrong;
  ///   ``CryptoError/Code/workFactor`` if the file asks for more work than allowed;
  ///   ``CryptoError/Code/invalidKey`` if the file is damaged or a passphrase is missing.
  func open(passphrase: SecretBytes?, maxRounds: Int) throws(CryptoError) -> SSHPrivateKey {
    guard let protection else { return try read(sealed) }
    guard let passphrase else { throw SSHPrivateKey.passphraseMissing() }
    let key = try protection.deriveKey(passphrase, maxRounds: maxRounds)
    return try open(with: key)
  }

  /// Opens the private half with what ``OpenSSHProtection/deriveKey(_:maxRounds:)`` made.
  func open(with key: SecretBytes) throws(CryptoError) -> SSHPrivateKey {
    guard let protection else { return try read(sealed) }
    guard let plain = try protection.cipher.open(sealed, with: key, tag: protection.tag) else {
      throw SSHPrivateKey.wrongPassphrase()
    }
    return try read(plain)
  }

  private func read(_ plain: SecretBytes) throws(CryptoError) -> SSHPrivateKey {
    try plain.withBytes { (plain) throws(CryptoError) in try read(plain) }
  }

  /// Reads the private half in clear.
  private func read(_ plain: RawSpan) throws(CryptoError) -> SSHPrivateKey {
    var reader = SSHReader(plain)
    // Twice the same number, which a wrong passphrase does not give.
    guard let check = reader.readUInt32(), reader.readUInt32() == check else {
      throw isProtected ? SSHPrivateKey.wrongPassphrase() : Self.malformed()
    }
    guard reader.readName() == publicKey.keyType else { throw Self.malformed() }
    let key: SSHPrivateKey
    switch publicKey {
    case .ed25519:
      guard let point = reader.readString(), let pair = reader.readString(),
        pair.byteCount == 2 * Ed25519.keySize,
        let comment = reader.readName(), Self.isPadding(reader.remaining)
      else { throw Self.malformed() }
      let seed = SecretBytes(copying: pair.extracting(first: Ed25519.keySize))
      let identity = try SSHEd25519Identity(seed: seed, comment: comment)
      // The public key stands here twice more.
      guard point.array == identity.recipient.ed25519Key,
        pair.extracting(last: Ed25519.keySize).array == identity.recipient.ed25519Key
      else { throw Self.malformed() }
      key = .ed25519(identity)
    case .rsa:
      guard let n = reader.readNumber(), let e = reader.readNumber(),
        let d = reader.readNumber(), reader.readNumber() != nil,
        let p = reader.readNumber(), let q = reader.readNumber(),
        let comment = reader.readName(), Self.isPadding(reader.remaining)
      else { throw Self.malformed() }
      let numbers = try RSA.Numbers(n: n, e: e, d: d, p: p, q: q)
      key = .rsa(try SSHRSAIdentity(numbers, comment: comment))
    }
    guard key.publicKey == publicKey else { throw Self.malformed() }
    return key
  }

  /// Whether these are the numbers from 1 on, fewer than a block, as the private half ends.
  private static func isPadding(_ bytes: RawSpan) -> Bool {
    bytes.byteCount < OpenSSHProtection.maxBlockSize
      && bytes.byteOffsets.allSatisfy { bytes[$0] == UInt8($0 + 1) }
  }

  @inline(never)
  static func malformed() -> CryptoError {
    CryptoError(.invalidKey, "the SSH private key is damaged: use another copy of its file")
  }
}
