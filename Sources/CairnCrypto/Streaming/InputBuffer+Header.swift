internal import CairnCore

extension InputBuffer {
  /// Reads and opens the header, and reads the nonce after it; the payload comes next.
  mutating func readPayloadKey(
    identities: [any Identity], limits: Header.Limits
  ) throws(CryptoError) -> PayloadKey {
    let header = try readHeader(limits: limits)
    let fileKey = try header.unwrap(with: identities)
    try fill(to: PayloadKey.nonceSize)
    guard count >= PayloadKey.nonceSize else { throw Header.truncated() }
    let nonce = UnsafeRawBufferPointer(rebasing: bytes[..<PayloadKey.nonceSize])
    let key = try PayloadKey(fileKey, nonce: nonce.bytes)
    consume(PayloadKey.nonceSize)
    return key
  }

  mutating func readHeader(limits: Header.Limits) throws(CryptoError) -> Header {
    while true {
      let known = count
      try readMore(room: known + 1)
      // Whether the header is whole can only change with a line feed, so a peer that dribbles does
      // not make us parse for every byte.
      let isWorthParsing =
        isAtEnd || count >= limits.byteCount || bytes[known...].contains(UInt8(ascii: "\n"))
      if isWorthParsing, let header = try Header.parse(bytes.bytes, limits: limits) {
        consume(header.byteCount)
        return header
      }
      if isAtEnd { throw Header.truncated() }
    }
  }
}
