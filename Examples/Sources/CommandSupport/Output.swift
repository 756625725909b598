import SystemPackage

/// Standard output, written in large pieces.
package final class Output {
  private var buffer: [UInt8] = []
  /// Whether the reader has gone, as in `backup ls … | head`: what is written after that is
  /// dropped.
  private var isClosed = false

  /// Thrown to end a listing that nobody reads any more; the process then ends as if it were done.
  package struct ReaderGone: Error {}

  private static let limit = 64 << 10

  package init() {}

  package func write(_ text: String) throws {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= Self.limit { try flush() }
  }

  package func write(_ bytes: some Sequence<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.limit { try flush() }
  }

  /// - Throws: ``ReaderGone``.
  package func checkReader() throws {
    if isClosed { throw ReaderGone() }
  }

  package func writeLine(_ text: String) throws {
    try write(text)
    try write("\n")
  }

  package func flush() throws {
    defer { buffer.removeAll(keepingCapacity: true) }
    guard !isClosed, !buffer.isEmpty else { return }
    do {
      try FileDescriptor.standardOutput.writeAll(buffer)
    } catch Errno.brokenPipe {
      isClosed = true
    } catch {
      throw Failure("cannot write to the standard output: \(error)")
    }
  }
}
