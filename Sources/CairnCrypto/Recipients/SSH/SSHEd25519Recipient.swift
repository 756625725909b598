/// An SSH public key, `ssh-ed25519 AAAA…`: whoever has it can seal, only the matching
/// ``SSHEd25519Identity`` opens (age's `ssh-ed25519` stanza; RFC 8709 for the key).
///
/// Anyone who sees a sealed file can tell for which of the SSH keys that he knows it is: a stanza
/// names its key by a short hash.
public struct SSHEd25519Recipient: Recipient {
  static let keyType = "ssh-ed25519"
  private static let info: StaticString = "age-encryption.org/v1/ssh-ed25519"

  /// What stands after the key in its line, often its owner's name; may be empty. Two recipients
  /// that differ in it only are equal.
  public let comment: String

  /// The key in SSH's wire format.
  let wire: [UInt8]
  /// The point on the curve, 32 bytes, as Ed25519 writes it.
  let ed25519Key: [UInt8]
  /// The same point as X25519 writes it.
  let x25519Key: [UInt8]
  /// What stanzas for this key have as their first argument.
  let tag: String

  /// Reads a key in SSH's wire format.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is damaged.
  init(wire: RawSpan, comment: String) throws(CryptoError) {
    var reader = SSHReader(wire)
    guard reader.readName() == Self.keyType, let point = reader.readString(),
      point.byteCount == Ed25519.keySize, reader.isAtEnd,
      let x25519Key = Ed25519.x25519Key(ofPublicKey: point.array)
    else { throw SSHPublicKey.malformed() }
    self.wire = wire.array
    ed25519Key = point.array
    self.x25519Key = x25519Key
    tag = SSHPublicKey.tag(ofWire: self.wire)
    self.comment = comment
  }

  /// Wraps the file key for the owner of this key; each call draws a new ephemeral key.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if this is a point of low order, for which anyone
  ///   could open; ``CryptoError/Code/library`` if libcrypto fails.
  public func wrap(_ fileKey: FileKey) throws(CryptoError) -> WrappedFileKey {
    let ephemeral = try X25519.PrivateKey()
    guard let shared = try ephemeral.sharedSecret(with: x25519Key),
      let key = try wrappingKey(shared, share: ephemeral.publicKey)
    else {
      throw CryptoError(
        .invalidKey, "\(self) is not a key that can be used: ask its owner for the right one")
    }
    return WrappedFileKey([
      Stanza(
        type: Self.keyType, arguments: [tag, Base64.encode(ephemeral.publicKey)],
        body: try fileKey.wrapped(with: key))
    ])
  }

  /// The key under which a file key is wrapped; `nil` if the shared secret is one that everybody
  /// knows.
  ///
  /// - Parameters:
  ///   - shared: What X25519 makes of the one's private and the other's public key.
  ///   - share: The ephemeral public key.
  func wrappingKey(
    _ shared: SecretBytes, share: [UInt8]
  ) throws(CryptoError) -> SecretBytes? {
    let tweaked = try shared.withBytes { (shared) throws(CryptoError) in
      try X25519.PrivateKey(bytes: tweak()).sharedSecret(with: shared)
    }
    guard let tweaked else { return nil }
    return try HKDFSHA256.deriveKey(
      from: tweaked, salt: (share + x25519Key).span.bytes, info: Self.info,
      count: ChaChaPoly.keySize)
  }

  /// A scalar that ties the shared secret to this very SSH key.
  ///
  /// HKDF-SHA256 of no secret at all, with the key as salt, written as its two steps (RFC 5869,
  /// section 2): not every libcrypto takes an empty secret. One block of output is enough.
  private func tweak() -> SecretBytes {
    let extracted = HMACSHA256.authenticate(
      [UInt8]().span.bytes, key: SecretBytes(copying: wire.span.bytes))
    var hmac = HMACSHA256(key: extracted.withBytes { SecretBytes(copying: $0) })
    hmac.update(
      UnsafeRawBufferPointer(start: Self.info.utf8Start, count: Self.info.utf8CodeUnitCount))
    hmac.update([UInt8(1)].span.bytes)
    return hmac.finalize().withBytes { SecretBytes(copying: $0) }
  }
}

extension SSHEd25519Recipient: Hashable {
  /// Whether both are the same key, whatever their comments.
  public static func == (a: SSHEd25519Recipient, b: SSHEd25519Recipient) -> Bool {
    a.ed25519Key == b.ed25519Key
  }

  /// Hashes the key without the comment.
  public func hash(into hasher: inout Hasher) { hasher.combine(ed25519Key) }
}

extension SSHEd25519Recipient: LosslessStringConvertible {
  /// The line of an authorized_keys file: `ssh-ed25519 AAAA…`, and the comment if there is one.
  public var description: String {
    SSHPublicKey.line(type: Self.keyType, wire: wire, comment: comment)
  }

  /// Reads a line of an authorized_keys file, without options; `nil` if it is anything else.
  public init?(_ description: String) {
    guard case .ed25519(let recipient) = try? SSHPublicKey(line: description) else { return nil }
    self = recipient
  }
}
