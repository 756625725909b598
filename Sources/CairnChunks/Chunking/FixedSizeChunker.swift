/// Cuts after a fixed number of bytes: for disk images and databases, which change in place.
public struct FixedSizeChunker: Chunker {
  public let maximumSize: Int

  /// - Precondition: `size` is 1 to ``Chunk/maximumSize``.
  public init(size: Int) {
    precondition((1...Chunk.maximumSize).contains(size))
    maximumSize = size
  }

  public func firstChunk(of bytes: RawSpan, at offset: UInt64) -> Int {
    min(bytes.byteCount, maximumSize)
  }
}
