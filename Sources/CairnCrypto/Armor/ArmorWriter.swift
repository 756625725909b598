public import CairnCore

/// Puts an armor around what is written to it, and passes the text on to another writer.
///
/// For those who have a sealed file already: ``SealingWriter`` and all else that seals does this
/// when it is asked to. Only ``finish()`` makes the armor whole.
///
/// Memory: some 64 KiB, whatever the length; lines are passed on in pieces of about that size.
/// Errors are sticky: after one, every call throws the same.
public struct ArmorWriter<Output: ByteWriter>: ~Copyable {
  private var output: Output
  private var encoder = ArmorEncoder()
  private var failure: CryptoError?

  /// Makes a writer. Nothing is written yet.
  public init(_ output: consuming Output) { self.output = output }

  /// Appends bytes of the file.
  ///
  /// - Throws: ``CryptoError/Code/io`` if the output fails.
  public mutating func write(_ bytes: RawSpan) throws(CryptoError) {
    if let failure { throw failure }
    do throws(CryptoError) {
      try bytes.withUnsafeBytes { (bytes) throws(CryptoError) in
        try encoder.write(bytes, to: &output)
      }
    } catch {
      failure = error
      throw error
    }
  }

  /// Ends the armor and passes on what is left.
  ///
  /// - Returns: The output, which now holds a whole armor, its last line with a line feed. Making
  ///   it durable is up to the caller.
  /// - Throws: As ``write(_:)``. The armor is not whole then.
  public consuming func finish() throws(CryptoError) -> Output {
    if let failure { throw failure }
    try encoder.finish(to: &output)
    return output
  }
}
