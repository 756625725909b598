/// The lines of a file of keys: one key to a line, comments that begin with `#`, empty lines; lines
/// may end in CRLF.
enum KeyFileLines {
  /// Calls `body` with each line that is neither empty nor a comment.
  ///
  /// - Throws: What `body` throws, with the number of the line in ``CryptoError/line``.
  static func forEach(
    in text: UnsafeRawBufferPointer,
    _ body: (_ line: UnsafeRawBufferPointer) throws(CryptoError) -> Void
  ) throws(CryptoError) {
    var lineNumber = 0
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      lineNumber += 1
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      guard let first = line.first, first != UInt8(ascii: "#") else { continue }
      do throws(CryptoError) {
        try body(UnsafeRawBufferPointer(rebasing: line))
      } catch {
        throw CryptoError(error.code, error.message, line: lineNumber, cause: error.cause)
      }
    }
  }
}
