internal import CairnCore
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
}
