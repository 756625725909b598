/// The public half of an SSH key, of a type that can be sealed for.
enum SSHPublicKey: Sendable, Hashable {
  case ed25519(SSHEd25519Recipient)
  case rsa(SSHRSARecipient)

  /// Reads a key in SSH's wire format (RFC 4253, section 6.6; RFC 8709, section 4).
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if it is damaged, or of a type or size that is not
  ///   supported.
  init(wire: RawSpan, comment: String = "") throws(CryptoError) {
    var reader = SSHReader(wire)
    guard let type = reader.readName() else { throw Self.malformed() }
    switch type {
    case SSHEd25519Recipient.keyType:
      self = .ed25519(try SSHEd25519Recipient(wire: wire, comment: comment))
    case SSHRSARecipient.keyType:
      self = .rsa(try SSHRSARecipient(wire: wire, comment: comment))
    default: throw Self.isTypeName(type) ? Self.unsupported(type: type) : Self.malformed()
    }
  }

  /// Reads a line as in an authorized_keys file: the type, the key in base64, and a comment that
  /// may be missing.
  ///
  /// - Throws: As ``init(wire:comment:)``.
  init(line: String) throws(CryptoError) {
    let words = line.split(maxSplits: 2, whereSeparator: Self.isSpace)
    guard let type = words.first.map(String.init), line.hasPrefix(type),
      !line.contains(where: \.isNewline)
    else { throw Self.malformed() }
    guard Self.supportedTypes.contains(type) else {
      throw Self.isTypeName(type) ? Self.unsupported(type: type) : Self.malformed()
    }
    guard words.count > 1, let wire = Self.decode(words[1]) else { throw Self.malformed() }
    // Without the spaces that an editor left on either side.
    var comment = words.count > 2 ? words[2].drop(while: Self.isSpace) : ""
    while let last = comment.last, Self.isSpace(last) { comment.removeLast() }
    try self.init(wire: wire.span.bytes, comment: String(comment))
    guard keyType == type else { throw Self.malformed() }
  }

  private static let supportedTypes = [SSHEd25519Recipient.keyType, SSHRSARecipient.keyType]

  /// Whether a line begins as those of SSH keys do, whether they are supported or not.
  static func isMeant(by line: String) -> Bool {
    isTypeName(String(line.prefix { !isSpace($0) }))
  }

  private static func isSpace(_ character: Character) -> Bool {
    character == " " || character == "\t"
  }

  /// Whether this is, or may become, the name of a type of key.
  private static func isTypeName(_ name: String) -> Bool {
    (name.hasPrefix("ssh-") || name.hasPrefix("ecdsa-") || name.hasPrefix("sk-"))
      && name.utf8.count <= 64
      && name.utf8.allSatisfy { (33...126).contains($0) }
  }

  /// Base64 with padding.
  private static func decode(_ text: Substring) -> [UInt8]? {
    guard text.utf8.count % 4 == 0 else { return nil }
    let padding = text.utf8.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    return padding > 2 ? nil : Base64.decode(String(text.dropLast(padding)))
  }

  /// Writes a line as ``init(line:)`` reads it.
  static func line(type: String, wire: [UInt8], comment: String) -> String {
    let base64 = Base64.encode(wire)
    let padding = String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
    return "\(type) \(base64)\(padding)" + (comment.isEmpty ? "" : " \(comment)")
  }

  /// The first argument of a stanza for a key: the first four bytes of its SHA-256, in base64.
  static func tag(ofWire wire: [UInt8]) -> String {
    Base64.encode(SHA256.hash(of: wire.span.bytes).withBytes { $0.extracting(first: 4).array })
  }

  /// Which recipient this is.
  var recipient: any Recipient {
    switch self {
    case .ed25519(let recipient): recipient
    case .rsa(let recipient): recipient
    }
  }

  /// The name of the type, of the key as of its stanzas.
  var keyType: String {
    switch self {
    case .ed25519: SSHEd25519Recipient.keyType
    case .rsa: SSHRSARecipient.keyType
    }
  }

  /// What stanzas for this key have as their first argument.
  var tag: String {
    switch self {
    case .ed25519(let recipient): recipient.tag
    case .rsa(let recipient): recipient.tag
    }
  }

  @inline(never)
  static func malformed() -> CryptoError {
    CryptoError(
      .invalidKey,
      "this is not an SSH public key: it should begin with ssh-ed25519 or ssh-rsa and be complete")
  }

  @inline(never)
  static func unsupported(type: String) -> CryptoError {
    CryptoError(
      .invalidKey,
      "SSH keys of the type \(type) cannot be used to seal: give one of the types ssh-ed25519 or"
        + " ssh-rsa, or an age key")
  }
}

extension SSHPublicKey: CustomStringConvertible {
  /// The line of an authorized_keys file.
  var description: String {
    switch self {
    case .ed25519(let recipient): recipient.description
    case .rsa(let recipient): recipient.description
    }
  }
}
