/// A passphrase that opens what was sealed with it
/// (C2SP age.md, "The scrypt recipient type"; RFC 7914).
public struct ScryptIdentity: Identity {
  private let passphrase: SecretBytes
  private let maxWorkFactor: Int

  /// Makes an identity.
  ///
  /// - Parameters:
  ///   - passphrase: UTF-8.
  ///   - maxWorkFactor: The most work to do for a file, as a base-two logarithm: the file says how
  ///     much it needs, and may come from an enemy. The default of 22 is 4 GiB of memory and some
  ///     20 seconds.
  public init(passphrase: SecretBytes, maxWorkFactor: Int = 22) {
    self.passphrase = passphrase
    self.maxWorkFactor = min(maxWorkFactor, ScryptRecipient.workFactors.upperBound)
  }

  /// Opens the scrypt stanza, if that is what the header has.
  ///
  /// - Throws: ``CryptoError/Code/header`` if the stanza breaks the format's rules or is not alone;
  ///   ``CryptoError/Code/workFactor`` if it asks for more work than allowed, or more memory than
  ///   there is; ``CryptoError/Code/library`` if libcrypto fails.
  public func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
    guard let stanza = stanzas.first(where: { $0.type == ScryptRecipient.stanzaType }) else {
      return nil
    }
    guard stanzas.count == 1, stanza.arguments.count == 2,
      let salt = Base64.decode(stanza.arguments[0]), salt.count == ScryptRecipient.saltSize,
      let workFactor = Self.workFactor(stanza.arguments[1]),
      stanza.body.count == FileKey.wrappedCount
    else { throw Header.malformed("its scrypt stanza breaks the format's rules") }
    guard workFactor <= maxWorkFactor else {
      throw CryptoError(
        .workFactor,
        "the file asks for a scrypt work factor of \(workFactor), and \(maxWorkFactor) is allowed:"
          + " raise the limit if you trust where the file comes from")
    }
    let key = try ScryptRecipient.wrappingKey(passphrase, salt: salt, workFactor: workFactor)
    return try FileKey(unwrapping: stanza.body, with: key)
  }

  /// Reads a decimal number without sign or leading zero. One too large for an `Int` is read as
  /// the largest.
  private static func workFactor(_ text: String) -> Int? {
    guard let first = text.utf8.first, first != UInt8(ascii: "0"),
      text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else { return nil }
    return Int(text) ?? .max
  }
}
