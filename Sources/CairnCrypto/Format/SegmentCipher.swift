/// Seals and opens the segments of payloads, in any order (C2SP age.md, "Payload";
/// ChaCha20-Poly1305 in the STREAM construction).
///
/// Have one for each worker: it may be handed to another thread, and using it from two at once does
/// not compile. ``rekey(_:)`` turns it to another payload for less than a microsecond.
public struct SegmentCipher: ~Copyable, @unchecked Sendable {
  // `@unchecked Sendable`: libcrypto's context has this value as its only owner, and all that
  // touches it is mutating, so the compiler sees to it that one thread uses it at a time.
  private var cipher: ChaChaPoly

  /// Makes a cipher for the payload of `key`.
  ///
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails or lacks the algorithm.
  public init(_ key: PayloadKey) throws(CryptoError) { cipher = try ChaChaPoly(key: key.secret) }

  /// Turns to the payload of another key.
  ///
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  public mutating func rekey(_ key: PayloadKey) throws(CryptoError) {
    try cipher.setKey(key.secret)
  }

  /// Seals one segment. Never seal two different plaintexts under one key and index.
  ///
  /// - Parameters:
  ///   - plaintext: A full segment, or the last one, which may be shorter.
  ///   - index: The number of the segment in the payload, from 0.
  ///   - isFinal: Whether this is the last segment.
  ///   - out: Receives `plaintext.count + Segment.tagSize` bytes. It may begin where `plaintext`
  ///     does; it must not overlap it otherwise.
  /// - Precondition: `plaintext` is a full segment, or shorter and the last; `out` has room.
  /// - Throws: ``CryptoError/Code/library`` if libcrypto fails.
  public mutating func seal(
    _ plaintext: UnsafeRawBufferPointer, index: UInt64, isFinal: Bool,
    into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) {
    precondition(
      plaintext.count == Segment.plainSize || (isFinal && plaintext.count < Segment.plainSize),
      "only the last segment may be short")
    try cipher.seal(plaintext, nonce: Self.nonce(index: index, isFinal: isFinal), into: out)
  }

  /// Opens one segment. On failure no byte of it is handed out: `out` then holds zeroes.
  ///
  /// - Parameters:
  ///   - sealed: The whole segment with its tag, from untrusted storage.
  ///   - index: The number of the segment in the payload, from 0.
  ///   - isFinal: Whether this is the last segment, judged by where the storage ends.
  ///   - out: Receives `sealed.count - Segment.tagSize` bytes. It may begin where `sealed` does; it
  ///     must not overlap it otherwise.
  /// - Precondition: `out` has room.
  /// - Throws: ``CryptoError/Code/payload`` if the segment is not the one that was sealed under
  ///   this key, index and `isFinal`, with the index in ``CryptoError/segment``;
  ///   ``CryptoError/Code/truncated`` if it is too short to be one.
  public mutating func open(
    _ sealed: UnsafeRawBufferPointer, index: UInt64, isFinal: Bool,
    into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) {
    guard sealed.count >= (isFinal ? Segment.tagSize : Segment.sealedSize) else {
      throw .truncated(in: index)
    }
    // An empty segment is the only one of an empty payload, or nothing that was ever written.
    guard sealed.count <= Segment.sealedSize, sealed.count > Segment.tagSize || index == 0,
      try cipher.open(sealed, nonce: Self.nonce(index: index, isFinal: isFinal), into: out)
    else { throw .damaged(segment: index, isLast: isFinal) }
  }

  /// Eleven bytes of segment number, most significant first, and one that marks the last segment.
  private static func nonce(index: UInt64, isFinal: Bool) -> ChaChaPoly.Nonce {
    ChaChaPoly.Nonce(
      words: (
        UInt32(truncatingIfNeeded: index >> 56).bigEndian,
        UInt32(truncatingIfNeeded: index >> 24).bigEndian,
        (UInt32(truncatingIfNeeded: index << 8) | (isFinal ? 1 : 0)).bigEndian
      ))
  }
}
