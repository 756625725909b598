internal import CairnCore

extension InputBuffer {
  /// Reads the header at the beginning of a file, and takes it away.
  ///
  /// - Throws: ``CryptoError/Code/header`` or ``CryptoError/Code/limit`` if the header is damaged
  ///   or too long; ``CryptoError/Code/armor`` if an armor is damaged so far;
  ///   ``CryptoError/Code/io`` if the input fails.
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

  /// Hands all that is left, the payload, to `body` piece by piece, and checks its length.
  ///
  /// - Throws: ``CryptoError/Code/truncated`` if no payload has this length; what
  ///   ``copyRest(_:)`` throws.
  mutating func copyPayload(
    _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> Void
  ) throws(CryptoError) {
    let sealedCount = try copyRest(body) - Int64(PayloadKey.nonceSize)
    guard sealedCount >= 0 else { throw Header.truncated() }
    guard Segment.plainCount(forSealed: sealedCount) != nil else {
      throw .truncated(in: UInt64(sealedCount / Int64(Segment.sealedSize)))
    }
  }

  /// Hands all that is left to `body` piece by piece.
  ///
  /// - Returns: How many bytes that were.
  /// - Throws: ``CryptoError/Code/armor`` if an armor is damaged; ``CryptoError/Code/io`` if the
  ///   input fails; what `body` throws.
  mutating func copyRest(
    _ body: (UnsafeRawBufferPointer) throws(CryptoError) -> Void
  ) throws(CryptoError) -> Int64 {
    var byteCount: Int64 = 0
    while true {
      try fill(to: 1)
      if count == 0 { return byteCount }
      byteCount += Int64(count)
      try body(bytes)
      consume(count)
    }
  }
}
