public import CairnCore
public import SystemPackage

extension Age {
  /// Seals a file, pipe or socket into another, from the current offset of each.
  ///
  /// The descriptors are borrowed, not closed. The call blocks: do not make it on a thread of the
  /// cooperative pool. Memory: under 1 MiB, whatever the length.
  ///
  /// - Parameters:
  ///   - input: Read to its end.
  ///   - output: Receives the age file. On failure it holds a part, which no identity opens as a
  ///     whole: do not give it its final name before this call returns.
  ///   - recipients: Who can open the file; at least one.
  /// - Throws: ``CryptoError/Code/recipients`` if there are none or they cannot be combined;
  ///   ``CryptoError/Code/io`` if reading or writing fails; what ``Recipient/wrap(_:)`` throws.
  public static func seal(
    from input: FileDescriptor, to output: FileDescriptor, recipients: [any Recipient]
  ) throws(CryptoError) {
    _ = try seal(from: FileReader(input), to: FileWriter(output), recipients: recipients)
  }

  /// Seals all that a reader gives into a writer, and returns the writer.
  ///
  /// - Throws: As ``seal(from:to:recipients:)-(FileDescriptor,_,_)``.
  public static func seal<Output: ByteWriter>(
    from input: some ByteReader, to output: Output, recipients: [any Recipient]
  ) throws(CryptoError) -> Output {
    var writer = try SealingWriter(output, recipients: recipients)
    var input = input
    var buffer = ByteBuffer(capacity: segmentsPerPiece * Segment.plainSize)
    while try buffer.fillOnce(from: &input) {
      try writer.write(buffer.bytes)
      buffer.removeAll()
    }
    return try writer.finish()
  }

  /// Opens an age file, pipe or socket into another, from the current offset of each.
  ///
  /// The descriptors are borrowed, not closed. The call blocks: do not make it on a thread of the
  /// cooperative pool. Memory: under 1 MiB, whatever the length.
  ///
  /// - Parameters:
  ///   - input: Read to its end.
  ///   - output: Receives plaintext, authenticated segment by segment. On failure it holds the
  ///     beginning, up to the damage: do not give it its final name before this call returns.
  ///   - identities: Tried in order.
  ///   - limits: How much of a header to accept.
  /// - Throws: What ``OpeningReader`` throws; ``CryptoError/Code/io`` if reading or writing fails.
  public static func open(
    from input: FileDescriptor, to output: FileDescriptor, identities: [any Identity],
    limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) {
    var output = FileWriter(output)
    try open(from: FileReader(input), to: &output, identities: identities, limits: limits)
  }

  /// Opens the age file that a reader gives into a writer.
  ///
  /// - Throws: As ``open(from:to:identities:limits:)-(FileDescriptor,_,_,_)``; what was sound
  ///   before a damage has been written then.
  public static func open(
    from input: some ByteReader, to output: inout some ByteWriter, identities: [any Identity],
    limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) {
    var reader = try OpeningReader(input, identities: identities, limits: limits)
    var buffer = ByteBuffer(capacity: segmentsPerPiece * Segment.plainSize)
    var failure: CryptoError?
    var isAtEnd = false
    while !isAtEnd, failure == nil {
      buffer.removeAll()
      do throws(CryptoError) {
        while !isAtEnd, buffer.free.count >= Segment.plainSize {
          var free = OutputRawSpan(buffer: buffer.free, initializedCount: 0)
          let count = try reader.read(into: &free)
          buffer.count += count
          isAtEnd = count == 0
        }
      } catch {
        failure = error
      }
      do throws(IOError) {
        try output.write(buffer.bytes.bytes)
      } catch {
        throw .io(error)
      }
    }
    if let failure { throw failure }
  }
}
