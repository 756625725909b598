extension FileKey {
  /// Bytes of a file key wrapped under a key that is used once.
  static let wrappedCount = byteCount + ChaChaPoly.tagSize

  /// Seals the file key under a key that seals nothing else, hence the zero nonce unless the type
  /// of the recipient derives one.
  func wrapped(
    with key: SecretBytes, nonce: ChaChaPoly.Nonce = .zero
  ) throws(CryptoError) -> [UInt8] {
    var cipher = try ChaChaPoly(key: key)
    var body = [UInt8](repeating: 0, count: Self.wrappedCount)
    var span = body.mutableSpan
    var bytes = span.mutableBytes
    try bytes.withUnsafeMutableBytes { (out) throws(CryptoError) in
      try secret.withUnsafeBytes { (secret) throws(CryptoError) in
        try cipher.seal(secret, nonce: nonce, into: out)
      }
    }
    return body
  }

  /// Opens what ``wrapped(with:nonce:)`` sealed; `nil` if it was under another key.
  init?(
    unwrapping body: [UInt8], with key: SecretBytes, nonce: ChaChaPoly.Nonce = .zero
  ) throws(CryptoError) {
    precondition(body.count == Self.wrappedCount, "a wrapped file key has 32 bytes")
    var cipher = try ChaChaPoly(key: key)
    var isRight = false
    let secret = try SecretBytes(count: Self.byteCount) { (out) throws(CryptoError) in
      isRight = try body.span.bytes.withUnsafeBytes { (body) throws(CryptoError) in
        try cipher.open(body, nonce: nonce, into: out)
      }
    }
    guard isRight else { return nil }
    self.secret = secret
  }
}
