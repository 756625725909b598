/// A passphrase: whoever knows it can open (C2SP age.md, "The scrypt recipient type"; RFC 7914).
///
/// A passphrase must be the only recipient of a file, so that opening with it also proves that
/// somebody who knows it sealed.
public struct ScryptRecipient: Recipient {
  static let stanzaType = "scrypt"
  static let saltPrefix = "age-encryption.org/v1/scrypt"
  static let saltSize = 16
  /// What the format can express and a machine can do: 2^30 needs a terabyte.
  static let workFactors = 1...30

  private let passphrase: SecretBytes
  private let workFactor: Int

  /// Makes a recipient.
  ///
  /// - Parameters:
  ///   - passphrase: UTF-8, not empty.
  ///   - workFactor: The base-two logarithm of the work. The default of 18 takes about a second
  ///     and 256 MiB, each step more doubles both.
  /// - Throws: ``CryptoError/Code/workFactor`` if it is not in 1 through 30;
  ///   ``CryptoError/Code/invalidKey`` if the passphrase is empty.
  public init(passphrase: SecretBytes, workFactor: Int = 18) throws(CryptoError) {
    guard Self.workFactors.contains(workFactor) else {
      throw CryptoError(.workFactor, "a work factor of \(workFactor) is not in 1 through 30")
    }
    guard passphrase.count > 0 else {
      throw CryptoError(.invalidKey, "the passphrase is empty: give one of several words")
    }
    self.passphrase = passphrase
    self.workFactor = workFactor
  }

  /// Wraps the file key; each call draws a new salt and does the work anew.
  ///
  /// - Throws: ``CryptoError/Code/workFactor`` if that takes more memory than there is;
  ///   ``CryptoError/Code/library`` if libcrypto fails.
  public func wrap(_ fileKey: FileKey) throws(CryptoError) -> WrappedFileKey {
    let salt = try SecureRandom.bytes(Self.saltSize)
    let key = try Self.wrappingKey(passphrase, salt: salt, workFactor: workFactor)
    return WrappedFileKey([
      Stanza(
        type: Self.stanzaType, arguments: [Base64.encode(salt), String(workFactor)],
        body: try fileKey.wrapped(with: key))
    ])
  }

  static func wrappingKey(
    _ passphrase: SecretBytes, salt: [UInt8], workFactor: Int
  ) throws(CryptoError) -> SecretBytes {
    try Scrypt.deriveKey(
      passphrase, salt: (Array(saltPrefix.utf8) + salt).span.bytes, n: 1 << UInt64(workFactor),
      r: 8, p: 1, count: ChaChaPoly.keySize)
  }

  /// Whether a passphrase, if there is one, is the only recipient.
  static func isAloneIfPresent(in stanzas: [Stanza]) -> Bool {
    stanzas.count == 1 || !stanzas.contains { $0.type == stanzaType }
  }
}
