extension InputBuffer {
  /// Opens the header, which has been taken away, and takes the nonce; the segments come next.
  mutating func readPayloadKey(
    of header: Header, identities: [any Identity]
  ) throws(CryptoError) -> PayloadKey {
    let fileKey = try header.unwrap(with: identities)
    try fill(to: PayloadKey.nonceSize)
    guard count >= PayloadKey.nonceSize else { throw Header.truncated() }
    let nonce = UnsafeRawBufferPointer(rebasing: bytes[..<PayloadKey.nonceSize])
    let key = try PayloadKey(fileKey, nonce: nonce.bytes)
    consume(PayloadKey.nonceSize)
    return key
  }
}
