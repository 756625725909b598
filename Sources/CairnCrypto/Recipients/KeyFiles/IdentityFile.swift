/// A file of private keys, as `age -i` reads it. One of
/// - the text that `age-keygen` writes: to a line a key that ``Age/identity(_:plugins:)`` knows; comments
///   that begin with `#`, empty lines; lines may end in CRLF;
/// - such a text sealed with a passphrase, by `age -p` or by
///   ``Age/seal(_:to:armored:)-(RawSpan,_,_)`` with a ``ScryptRecipient``;
/// - a private key of SSH, protected by a passphrase or not, as `ssh-keygen` writes it.
public struct IdentityFile: Sendable {
  /// The identities, in the order of the file; at least one.
  public let identities: [any Identity]

  /// For whom to seal so that these identities open, in the same order.
  ///
  /// An identity that cannot tell for whom it opens has no recipient here. All that this package
  /// brings for a key can.
  public let recipients: [any Recipient]

  /// Reads an identity file.
  ///
  /// - Parameters:
  ///   - text: The whole file.
  ///   - passphrase: Asks for the passphrase of a file that is protected by one, at once. A private
  ///     key in OpenSSH's format shows its public half, so it is read as an
  ///     ``SSHProtectedIdentity``, which asks when there is something to open.
  ///   - plugins: How to run plugins; without it their identities are refused.
  /// - Throws: ``CryptoError/Code/invalidKey`` if the file is anything else, with the number of the
  ///   line at fault in ``CryptoError/line``, if there is no key at all, or if a passphrase is
  ///   needed and there is nobody to ask; ``CryptoError/Code/noIdentityMatched`` if the passphrase
  ///   is wrong; ``CryptoError/Code/workFactor`` if the file asks for more work than allowed; what
  ///   ``Age/openSecret(_:with:limits:)-(RawSpan,_,_)`` throws for a sealed file that is damaged;
  ///   what `passphrase` throws.
  public init(
    parsing text: SecretBytes, passphrase: PassphraseProvider? = nil,
    plugins: PluginHost? = nil
  ) throws(CryptoError) {
    let isSealed = text.withBytes { SealedIdentityFile.isMeant(by: $0) }
    if !isSealed, text.withBytes({ PEM.isMeant(by: $0) }) {
      self.init([try Self.sshIdentity(text, passphrase: passphrase)])
    } else if !isSealed {
      self.init(try Self.parse(text, plugins))
    } else if let passphrase {
      self.init(
        try Self.parse(SealedIdentityFile.open(text, passphrase: passphrase), plugins))
    } else {
      throw CryptoError(
        .invalidKey, "this identity file is protected by a passphrase: give it")
    }
  }

  private init(_ identities: [any Identity]) {
    self.identities = identities
    recipients = identities.compactMap { ($0 as? any RecipientKnowing)?.knownRecipient }
  }

  /// Reads the lines that `age-keygen` writes.
  private static func parse(
    _ text: SecretBytes, _ plugins: PluginHost?
  ) throws(CryptoError) -> [any Identity] {
    var identities: [any Identity] = []
    try text.withUnsafeBytes { (text) throws(CryptoError) in
      try KeyFileLines.forEach(in: text) { (line) throws(CryptoError) in
        identities.append(
          try Age.identity(SecretBytes(copying: line.bytes), plugins: plugins))
      }
    }
    guard !identities.isEmpty else {
      throw CryptoError(
        .invalidKey,
        "there is no private key in this file: give the one in which a line begins with"
          + " AGE-SECRET-KEY-1")
    }
    return identities
  }

  /// Reads a private key of SSH.
  private static func sshIdentity(
    _ text: SecretBytes, passphrase provider: PassphraseProvider?
  ) throws(CryptoError) -> any Identity {
    let maxRounds = SSHProtectedIdentity.defaultMaxRounds
    let text = try SSHPrivateKeyText(text)
    guard text.isProtected, let provider else {
      return try text.open(passphrase: nil, maxRounds: maxRounds).identity
    }
    if case .openSSH(let key) = text {
      return SSHProtectedIdentity(key, maxRounds: maxRounds, passphrase: provider)
    }
    let passphrase = try PassphraseRequest(.sshKey).ask(provider)
    return try text.open(passphrase: passphrase, maxRounds: maxRounds).identity
  }

  /// The text of a file with one new key, as `age-keygen` writes it.
  ///
  /// - Parameters:
  ///   - identity: The key; its public half is put in a comment.
  ///   - comments: Lines to put in front, such as the date.
  public static func text(of identity: X25519Identity, comments: [String] = []) -> SecretBytes {
    text(of: identity.exportText(), publicKey: "\(identity.recipient)", comments: comments)
  }

  /// The text of a file with one new post-quantum key, as `age-keygen -pq` writes it.
  ///
  /// - Parameters:
  ///   - identity: The key; its public half is put in a comment.
  ///   - comments: Lines to put in front, such as the date.
  public static func text(
    of identity: PostQuantumIdentity, comments: [String] = []
  ) -> SecretBytes {
    text(of: identity.exportText(), publicKey: "\(identity.recipient)", comments: comments)
  }

  private static func text(
    of key: SecretBytes, publicKey: String, comments: [String]
  ) -> SecretBytes {
    let lines = (comments + ["public key: \(publicKey)"])
      .flatMap { $0.split(whereSeparator: \.isNewline) }
    let comment = Array(lines.map { "# \($0)\n" }.joined().utf8)
    return SecretBytes(capacity: comment.count + key.count + 1) { out in
      for byte in comment { out.append(byte) }
      key.withUnsafeBytes { key in for byte in key { out.append(byte) } }
      out.append(UInt8(ascii: "\n"))
    }
  }
}
