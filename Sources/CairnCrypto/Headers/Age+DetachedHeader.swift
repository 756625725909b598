public import CairnCore
public import SystemPackage

extension Age {
  /// Splits a file: returns its header, and writes its payload, from the nonce on, to another
  /// writer.
  ///
  /// The two can then be kept apart: a machine with the private key needs a few hundred bytes to
  /// give another the file key (``Header/unwrap(with:)``, ``InjectedFileKey``), which opens the
  /// payload with ``OpeningReader/init(payload:header:identities:)``. The header's bytes followed
  /// by the payload are the file again.
  ///
  /// No key is needed, and nothing is authenticated: only a length that no payload has is found.
  /// Memory: some 300 KiB, and 256 KiB more for an armor, whatever the length.
  ///
  /// - Parameters:
  ///   - input: The file from its first byte on, armored or not. It is read to its end.
  ///   - output: Receives the payload, never armored.
  ///   - limits: How much of a header to accept.
  /// - Throws: ``CryptoError/Code/header`` or ``CryptoError/Code/limit`` if the header is damaged
  ///   or too long; ``CryptoError/Code/truncated`` if no payload has this length;
  ///   ``CryptoError/Code/armor`` if an armor is damaged; ``CryptoError/Code/io`` if reading or
  ///   writing fails.
  public static func detachHeader(
    from input: some ByteReader, payloadTo output: inout some ByteWriter,
    limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) -> Header {
    var buffer = InputBuffer(input, capacity: copyBufferSize)
    let header = try buffer.readHeader(limits: limits)
    try buffer.copyPayload { (bytes) throws(CryptoError) in try output.writeAll(bytes) }
    return header
  }

  /// Splits a file, pipe or socket, from its current offset; see
  /// ``detachHeader(from:payloadTo:limits:)-(ByteReader,_,_)``.
  ///
  /// The descriptors are borrowed, not closed. The call blocks: do not make it on a thread of the
  /// cooperative pool.
  ///
  /// - Throws: As ``detachHeader(from:payloadTo:limits:)-(ByteReader,_,_)``.
  public static func detachHeader(
    from input: FileDescriptor, payloadTo output: FileDescriptor,
    limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) -> Header {
    var output = FileWriter(output)
    return try detachHeader(from: FileReader(input), payloadTo: &output, limits: limits)
  }

  /// Opens a payload whose header is kept elsewhere into a writer.
  ///
  /// - Throws: What ``OpeningReader`` throws; what was sound before a damage has been written then.
  public static func open(
    payload input: some ByteReader, header: Header, to output: inout some ByteWriter,
    identities: [any Identity]
  ) throws(CryptoError) {
    var reader = try OpeningReader(payload: input, header: header, identities: identities)
    try reader.copyAll(to: &output)
  }

  /// Opens a payload whose header is kept elsewhere, from the current offset of a file, pipe or
  /// socket into another.
  ///
  /// The descriptors are borrowed, not closed. The call blocks: do not make it on a thread of the
  /// cooperative pool.
  ///
  /// - Throws: As ``open(payload:header:to:identities:)-(ByteReader,_,_,_)``.
  public static func open(
    payload input: FileDescriptor, header: Header, to output: FileDescriptor,
    identities: [any Identity]
  ) throws(CryptoError) {
    var output = FileWriter(output)
    try open(payload: FileReader(input), header: header, to: &output, identities: identities)
  }

  /// What a payload is copied through, in bytes: as much as sealing and opening read at once.
  static let copyBufferSize = 256 << 10
}

extension ByteWriter {
  /// Writes all of `bytes`; a failure becomes an error of this module.
  mutating func writeAll(_ bytes: UnsafeRawBufferPointer) throws(CryptoError) {
    do throws(IOError) {
      try write(bytes.bytes)
    } catch {
      throw .io(error)
    }
  }
}
