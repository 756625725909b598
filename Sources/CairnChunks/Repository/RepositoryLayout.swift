/// The sizes that a repository keeps for life, since deduplication depends on them.
public struct RepositoryLayout: Hashable, Sendable, Codable {
  /// Where streams are cut.
  public let chunker: FastCDC.Parameters
  /// Small chunks are packed together up to this many bytes.
  public let blockSize: Int
  /// A pack is finished when it has this many bytes, or 16,384 chunks.
  public let packSize: Int
  /// The average size of a node of an ``EntryTree``.
  public let nodeSize: Int

  /// - `blockSize` 256 KiB: LZ4 looks back 64 KiB, so larger blocks compress little better (source
  ///   code 2.8 to 1 at 64 KiB, 3.0 at 1 MiB), and reading one small chunk unpacks a whole block.
  /// - `packSize` 16 MiB: few enough blobs for an object store, small enough to write again.
  /// - `nodeSize` 8 KiB: a changed entry rewrites one node on each level.
  public static let standard = RepositoryLayout(
    chunker: .standard, blockSize: 256 << 10, packSize: 16 << 20, nodeSize: 8 << 10)!

  /// - Returns: `nil` unless the block is 4 KiB to 4 MiB, the pack 64 KiB to 1 GiB, the node 256
  ///   bytes to 1 MiB.
  public init?(chunker: FastCDC.Parameters, blockSize: Int, packSize: Int, nodeSize: Int) {
    guard (4 << 10...4 << 20).contains(blockSize), (64 << 10...1 << 30).contains(packSize),
      (256...1 << 20).contains(nodeSize), chunker.fineLength <= UInt64(Int64.max)
    else { return nil }
    self.chunker = chunker
    self.blockSize = blockSize
    self.packSize = packSize
    self.nodeSize = nodeSize
  }
}
