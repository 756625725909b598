public import CairnChunks

extension RepositoryLayout {
  /// As ``standard``, but for what histories consist of, small things:
  ///
  /// - `nodeSize` 768 bytes: a commit writes the directories on the paths that it changes, and the
  ///   ids in them, which do not compress, are most of what it adds. Smaller nodes would add as much
  ///   by being more.
  /// - `blockSize` 64 KiB: a branch that was not used for a while has its directories read one by
  ///   one, and each unpacks a block.
  public static let histories = RepositoryLayout(
    chunker: standard.chunker, blockSize: 64 << 10, packSize: standard.packSize, nodeSize: 768)!
}
