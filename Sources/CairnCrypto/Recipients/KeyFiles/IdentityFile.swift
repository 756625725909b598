/// The text of a file of private keys, as `age-keygen` writes it: a key to a line, comments that
/// begin with `#`, empty lines; lines may end in CRLF.
public struct IdentityFile: Sendable {
  /// The identities, in the order of the file; at least one.
  public let identities: [any Identity]

  /// For whom to seal so that these identities open, in the same order.
  public let recipients: [any Recipient]

  /// Reads the text of an identity file.
  ///
  /// - Throws: ``CryptoError/Code/invalidKey`` if a line is anything else, with its number in
  ///   ``CryptoError/line``, or if there is no key at all.
  public init(parsing text: SecretBytes) throws(CryptoError) {
    let keys = try text.withUnsafeBytes { (text) throws(CryptoError) in try Self.parse(text) }
    guard !keys.isEmpty else {
      throw CryptoError(
        .invalidKey,
        "there is no private key in this file: give the one in which a line begins with"
          + " AGE-SECRET-KEY-1")
    }
    identities = keys.map(\.identity)
    recipients = keys.map(\.recipient)
  }

  private static func parse(
    _ text: UnsafeRawBufferPointer
  ) throws(CryptoError) -> [(identity: any Identity, recipient: any Recipient)] {
    var keys: [(identity: any Identity, recipient: any Recipient)] = []
    var lineNumber = 0
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      lineNumber += 1
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      guard let first = line.first, first != UInt8(ascii: "#") else { continue }
      do throws(CryptoError) {
        let line = UnsafeRawBufferPointer(rebasing: line)
        keys.append(try key(SecretBytes(copying: line.bytes)))
      } catch {
        throw CryptoError(error.code, error.message, line: lineNumber, cause: error.cause)
      }
    }
    return keys
  }

  private static func key(
    _ text: SecretBytes
  ) throws(CryptoError) -> (identity: any Identity, recipient: any Recipient) {
    if text.withBytes({ PostQuantumIdentity.isMeant(by: $0) }) {
      let identity = try PostQuantumIdentity(text)
      return (identity, identity.recipient)
    }
    let identity = try X25519Identity(text)
    return (identity, identity.recipient)
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
