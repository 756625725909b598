public import CairnCore

extension Age {
  /// Seals all that a reader gives into a writer, and returns the writer.
  ///
  /// - Throws: As ``seal(from:to:recipients:armored:)-(FileDescriptor,_,_,_)``.
  public static func seal<Output: ByteWriter>(
    from input: some ByteReader, to output: Output, recipients: [any Recipient],
    armored: Bool = false
  ) throws(CryptoError) -> Output {
    var writer = try SealingWriter(output, recipients: recipients, armored: armored)
    var input = input
    var buffer = ByteBuffer(capacity: segmentsPerPiece * Segment.plainSize)
    while try buffer.fillOnce(from: &input) {
      try writer.write(buffer.bytes)
      buffer.removeAll()
    }
    return try writer.finish()
  }

  /// Opens the age file that a reader gives into a writer, armored or not.
  ///
  /// - Throws: As ``open(from:to:identities:limits:)-(FileDescriptor,_,_,_)``; what was sound
  ///   before a damage has been written then.
  public static func open(
    from input: some ByteReader, to output: inout some ByteWriter, identities: [any Identity],
    limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) {
    var reader = try OpeningReader(input, identities: identities, limits: limits)
    try reader.copyAll(to: &output)
  }
}

extension OpeningReader {
  /// Opens all that is left into a writer.
  ///
  /// - Throws: As ``read(into:)``; what was sound before a damage has been written then.
  mutating func copyAll(to output: inout some ByteWriter) throws(CryptoError) {
    var buffer = ByteBuffer(capacity: segmentsPerPiece * Segment.plainSize)
    var failure: CryptoError?
    var isAtEnd = false
    while !isAtEnd, failure == nil {
      buffer.removeAll()
      do throws(CryptoError) {
        while !isAtEnd, buffer.free.count >= Segment.plainSize {
          var free = OutputRawSpan(buffer: buffer.free, initializedCount: 0)
          let count = try read(into: &free)
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
