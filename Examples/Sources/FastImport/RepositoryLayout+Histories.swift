public import CairnChunks

extension RepositoryLayout {
  /// As ``standard``, but with nodes of 1 KiB: a commit writes the directories on the paths that it
  /// changes, and the ids in them, which do not compress, are most of what it adds.
  public static let histories = RepositoryLayout(
    chunker: standard.chunker, blockSize: standard.blockSize, packSize: standard.packSize,
    nodeSize: 1 << 10)!
}
