public import CairnCore

/// Takes the armor off text that it reads from another reader.
///
/// For those who handle armored files without opening them: ``OpeningReader`` and all else that
/// opens does this by itself. Nothing that it hands out has been authenticated.
///
/// Memory: some 64 KiB, whatever the length. Errors are sticky: after one, every call throws the
/// same.
public struct ArmorReader<Input: ByteReader>: ~Copyable {
  private var input: Input
  private var text = ArmorText(
    start: UnsafeRawBufferPointer(start: nil, count: 0), isAtEnd: false)
  private var failure: CryptoError?

  /// Makes a reader.
  ///
  /// - Parameter input: The text from its first character on. It is read to its end, which may
  ///   follow the armor only after white space.
  public init(_ input: consuming Input) { self.input = input }

  /// Appends bytes of the file to `buffer` and returns how many, or returns 0 at the end of an
  /// armor that was whole.
  ///
  /// - Parameter buffer: Has free capacity for at least one byte.
  /// - Throws: ``CryptoError/Code/armor`` if the text breaks the rules from here on, with the line
  ///   in ``CryptoError/line``; ``CryptoError/Code/io`` if the input fails.
  public mutating func read(into buffer: inout OutputRawSpan) throws(CryptoError) -> Int {
    precondition(buffer.freeCapacity > 0, "no room to read into")
    if let failure { throw failure }
    do throws(CryptoError) {
      return try buffer.append { (free) throws(CryptoError) in
        try text.read(from: &input, into: free)
      }
    } catch {
      failure = error
      throw error
    }
  }
}
