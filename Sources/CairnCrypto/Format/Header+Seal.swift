extension Header {
  /// Makes a new file key and wraps it for each recipient.
  ///
  /// - Throws: ``CryptoError/Code/recipients`` if there are none or they cannot be combined: a
  ///   passphrase must be the only recipient of a file, and all must have the same labels; what
  ///   ``Recipient/wrap(_:)`` throws.
  public static func seal(
    to recipients: [any Recipient]
  ) throws(CryptoError) -> (header: Header, fileKey: FileKey) {
    let fileKey = try FileKey()
    return (try seal(fileKey, to: recipients), fileKey)
  }

  /// Wraps a file key that exists for each recipient: another header for the same payload.
  ///
  /// - Throws: As ``seal(to:)``.
  public static func seal(
    _ fileKey: FileKey, to recipients: [any Recipient]
  ) throws(CryptoError) -> Header {
    guard let first = recipients.first else {
      throw CryptoError(.recipients, "there is nobody to seal for: give at least one recipient")
    }
    let firstKey = try first.wrap(fileKey)
    var stanzas = firstKey.stanzas
    for recipient in recipients.dropFirst() {
      let key = try recipient.wrap(fileKey)
      guard key.labels == firstKey.labels else {
        throw CryptoError(
          .recipients,
          "these recipients cannot share a file, for it would be no stronger than the weakest:"
            + " seal a file for each kind of them")
      }
      stanzas += key.stanzas
    }
    guard !stanzas.isEmpty, stanzas.allSatisfy(\.isWritable) else {
      throw CryptoError(.recipients, "a recipient gave no stanza, or one that cannot be written")
    }
    guard ScryptRecipient.isAloneIfPresent(in: stanzas) else {
      throw CryptoError(
        .recipients,
        "a passphrase must be the only recipient of a file: leave it out, or the others")
    }
    var bytes = Array(versionLine.utf8)
    for stanza in stanzas { stanza.encode(into: &bytes) }
    bytes += macPrefix.utf8
    let mac = try authenticate(bytes[...], with: fileKey)
    bytes.append(UInt8(ascii: " "))
    Base64.append(mac.withBytes { $0.array }, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
    return Header(stanzas: stanzas, bytes: bytes, mac: mac)
  }
}
