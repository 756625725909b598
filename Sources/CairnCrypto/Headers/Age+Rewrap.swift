public import CairnCore
public import SystemPackage

extension Age {
  /// Puts the payload of a file under a new header, for other recipients.
  ///
  /// The payload is copied as it is, without being opened, so this costs no more than a copy. That
  /// also means:
  /// - the file key stays the same. Whoever once had it, from the old header or by
  ///   ``Header/unwrap(with:)``, opens the new file too: to lock somebody out, open the file and
  ///   seal it anew;
  /// - a payload that was damaged stays damaged, which is found when it is opened. Only the old
  ///   header is authenticated here, and the length of the payload checked;
  /// - the new recipients must agree with one another, not with the old ones: a file that was
  ///   sealed for post-quantum keys can be given to a classic one, and is no stronger than that
  ///   then.
  ///
  /// Memory: some 600 KiB, whatever the length.
  ///
  /// - Parameters:
  ///   - input: The file from its first byte on, armored or not. It is read to its end.
  ///   - output: Receives the new file. On failure it holds a part.
  ///   - identities: Tried in order; one of them opens the old header.
  ///   - recipients: Who can open the new file; at least one.
  ///   - armored: Whether the new file is to be text, see ``Armor``.
  ///   - limits: How much of a header to accept.
  /// - Returns: The output.
  /// - Throws: ``CryptoError/Code/header``, ``CryptoError/Code/limit``, ``CryptoError/Code/armor``
  ///   or ``CryptoError/Code/truncated`` if the file is damaged; what ``Header/unwrap(with:)`` and
  ///   ``Header/seal(_:to:)`` throw, before anything is written; ``CryptoError/Code/io`` if reading
  ///   or writing fails.
  public static func rewrap<Output: ByteWriter>(
    from input: some ByteReader, to output: Output, identities: [any Identity],
    recipients: [any Recipient], armored: Bool = false, limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) -> Output {
    var buffer = InputBuffer(input, capacity: copyBufferSize)
    let fileKey = try buffer.readHeader(limits: limits).unwrap(with: identities)
    let header = try Header.seal(fileKey, to: recipients)
    var output = output
    if !armored {
      try header.bytes.span.bytes.withUnsafeBytes { (header) throws(CryptoError) in
        try output.writeAll(header)
      }
      try buffer.copyPayload { (bytes) throws(CryptoError) in try output.writeAll(bytes) }
      return output
    }
    var writer = ArmorWriter(output)
    try writer.write(header.bytes.span.bytes)
    try buffer.copyPayload { (bytes) throws(CryptoError) in try writer.write(bytes.bytes) }
    return try writer.finish()
  }

  /// Puts the payload of a file under a new header, from the current offset of a file, pipe or
  /// socket into another; see
  /// ``rewrap(from:to:identities:recipients:armored:limits:)-(ByteReader,_,_,_,_,_)``.
  ///
  /// The descriptors are borrowed, not closed, and must not be of one file. The call blocks: do not
  /// make it on a thread of the cooperative pool.
  ///
  /// - Throws: As ``rewrap(from:to:identities:recipients:armored:limits:)-(ByteReader,_,_,_,_,_)``.
  public static func rewrap(
    from input: FileDescriptor, to output: FileDescriptor, identities: [any Identity],
    recipients: [any Recipient], armored: Bool = false, limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) {
    _ = try StreamEnd.pair(input, output)
    _ = try rewrap(
      from: FileReader(input), to: FileWriter(output), identities: identities,
      recipients: recipients, armored: armored, limits: limits)
  }
}
