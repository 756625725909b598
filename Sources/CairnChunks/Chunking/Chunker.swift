/// Decides where a stream is cut into chunks.
///
/// A chunker is a function of the bytes and of where they lie in the stream: it keeps no state
/// between calls, and may be called from several threads at once. The same bytes must always be cut
/// the same way, or deduplication is lost.
public protocol Chunker: Sendable {
  /// No chunk is longer than this many bytes; at most ``Chunk/maximumSize``.
  var maximumSize: Int { get }

  /// The length of the first chunk of `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: the rest of the stream, or its next ``maximumSize`` bytes or more; never empty.
  ///   - offset: where in the stream they begin; a cut.
  /// - Returns: 1 to `min(bytes.byteCount, maximumSize)`.
  func firstChunk(of bytes: RawSpan, at offset: UInt64) -> Int
}
