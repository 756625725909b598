/// An SSH public key, `ssh-rsa AAAA…`: whoever has it can seal, only the matching
/// ``SSHRSAIdentity`` opens (age's `ssh-rsa` stanza; RFC 4253, section 6.6, for the key).
///
/// Keys of 2,048 through 16,384 bits are accepted. Anyone who sees a sealed file can tell for which
/// of the SSH keys that he knows it is: a stanza names its key by a short hash.
public struct SSHRSARecipient: Recipient {
  static let keyType = "ssh-rsa"
  static let label: StaticString = "age-encryption.org/v1/ssh-rsa"

  /// What stands after the key in its line, often its owner's name; may be empty. Two recipients
  /// that differ in it only are equal.
  public let comment: String

  /// The key in SSH's wire format.
  let wire: [UInt8]
  /// What stanzas for this key have as their first argument.
  let tag: String
  private let key: RSA.PublicKey

  /// Reads a key in SSH's wire format.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is damaged, too short or too long.
  init(wire: RawSpan, comment: String) throws(CryptoError) {
    var reader = SSHReader(wire)
    guard reader.readName() == Self.keyType, let exponent = reader.readNumber(),
      let modulus = reader.readNumber(), reader.isAtEnd
    else { throw SSHPublicKey.malformed() }
    guard let n = BigNumber(bigEndian: modulus), let e = BigNumber(bigEndian: exponent) else {
      throw LibCrypto.error("read an RSA key")
    }
    key = try RSA.PublicKey(n: n, e: e)
    self.wire = wire.array
    tag = SSHPublicKey.tag(ofWire: self.wire)
    self.comment = comment
  }

  /// Wraps the file key for the owner of this key; what is random in it is drawn anew.
  ///
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  public func wrap(_ fileKey: FileKey) throws(CryptoError) -> WrappedFileKey {
    WrappedFileKey([
      Stanza(
        type: Self.keyType, arguments: [tag],
        body: try key.encrypt(fileKey.secret, label: Self.label))
    ])
  }
}

extension SSHRSARecipient: Hashable {
  /// Whether both are the same key, whatever their comments.
  public static func == (a: SSHRSARecipient, b: SSHRSARecipient) -> Bool { a.wire == b.wire }

  /// Hashes the key without the comment.
  public func hash(into hasher: inout Hasher) { hasher.combine(wire) }
}

extension SSHRSARecipient: LosslessStringConvertible {
  /// The line of an authorized_keys file: `ssh-rsa AAAA…`, and the comment if there is one.
  public var description: String {
    SSHPublicKey.line(type: Self.keyType, wire: wire, comment: comment)
  }

  /// Reads a line of an authorized_keys file, without options; `nil` if it is anything else, or
  /// the key is too short or too long.
  public init?(_ description: String) {
    guard case .rsa(let recipient) = try? SSHPublicKey(line: description) else { return nil }
    self = recipient
  }
}
