extension Header {
  /// Recovers the file key and checks that the header is as it was sealed.
  ///
  /// The identities are tried in order; the first that opens a stanza decides.
  ///
  /// - Returns: The file key. The header has been authenticated by then.
  /// - Throws: ``CryptoError/Code/noIdentityMatched`` if none opens a stanza;
  ///   ``CryptoError/Code/headerMAC`` if one did but the header was changed; what
  ///   ``Identity/unwrap(_:)`` throws.
  public func unwrap(with identities: [any Identity]) throws(CryptoError) -> FileKey {
    for identity in identities {
      guard let fileKey = try identity.unwrap(stanzas) else { continue }
      try verify(fileKey)
      return fileKey
    }
    throw noIdentityMatched(of: identities)
  }

  /// Checks that the header is as it was sealed with `fileKey`, for a file key from elsewhere.
  ///
  /// - Throws: ``CryptoError/Code/headerMAC`` if it is not.
  public func verify(_ fileKey: FileKey) throws(CryptoError) {
    let covered = bytes.dropLast(Self.macSuffixCount)
    guard try Self.authenticate(covered, with: fileKey) == mac else {
      throw CryptoError(
        .headerMAC, "the header is damaged or was tampered with: use another copy of the file")
    }
  }

  @inline(never)
  private func noIdentityMatched(of identities: [any Identity]) -> CryptoError {
    let hasPassphrase = identities.contains { $0 is ScryptIdentity }
    let isSealedWithPassphrase = stanzas.contains { $0.type == ScryptRecipient.stanzaType }
    let message =
      switch (isSealedWithPassphrase, hasPassphrase) {
      case (true, true): "the passphrase is wrong: try again"
      case (true, false): "the file is sealed with a passphrase: give it"
      case (false, _):
        "none of the identities given opens the file: give one that it was sealed for"
      }
    return CryptoError(.noIdentityMatched, message)
  }
}
