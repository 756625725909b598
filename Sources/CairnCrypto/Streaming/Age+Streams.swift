public import CairnCore

extension Age {
  /// Seals all that a reader gives into a writer, and returns the writer.
  ///
  /// The work is done on the caller's thread. Memory: under 1 MiB, whatever the length.
  ///
  /// - Parameters:
  ///   - input: Read to its end.
  ///   - output: Receives the age file, which is whole when this returns.
  ///   - recipients: Who can open the file; at least one.
  ///   - armored: Whether the file is to be text, see ``Armor``.
  /// - Throws: ``CryptoError/Code/recipients`` if there are none or they cannot be combined;
  ///   ``CryptoError/Code/io`` if reading or writing fails; what ``Recipient/wrap(_:)`` throws.
  public static func seal<Output: ByteWriter>(
    from input: some ByteReader, to output: Output, recipients: [any Recipient],
    armored: Bool = false
  ) throws(CryptoError) -> Output {
    try seal(from: input, to: output, recipients: recipients, armored: armored, meter: nil)
  }

  static func seal<Output: ByteWriter>(
    from input: some ByteReader, to output: Output, recipients: [any Recipient], armored: Bool,
    meter: ProgressMeter?
  ) throws(CryptoError) -> Output {
    var writer = try SealingWriter(output, recipients: recipients, armored: armored)
    var input = input
    var buffer = ByteBuffer(capacity: segmentsPerPiece * Segment.plainSize)
    while try buffer.fillOnce(from: &input) {
      try writer.write(buffer.bytes)
      try meter?.advance(by: buffer.count)
      buffer.removeAll()
    }
    return try writer.finish()
  }

  /// Opens the age file that a reader gives into a writer, armored or not.
  ///
  /// The work is done on the caller's thread. Memory: under 1 MiB, whatever the length.
  ///
  /// - Parameters:
  ///   - input: Read to its end.
  ///   - output: Receives plaintext, authenticated segment by segment; on failure, the beginning
  ///     that is sound.
  ///   - identities: Tried in order.
  ///   - limits: How much of a header to accept.
  /// - Throws: What ``OpeningReader`` throws; ``CryptoError/Code/io`` if reading or writing fails.
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
  mutating func copyAll(
    to output: inout some ByteWriter, meter: ProgressMeter? = nil
  ) throws(CryptoError) {
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
      // Before it is written: whoever cancels must not find that the output is whole after all.
      try meter?.advance(by: buffer.count)
      do throws(IOError) {
        try output.write(buffer.bytes.bytes)
      } catch {
        throw .io(error)
      }
    }
    if let failure { throw failure }
  }
}
