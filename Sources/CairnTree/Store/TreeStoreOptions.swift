/// How a ``TreeStore`` is opened.
public struct TreeStoreOptions: Sendable, Hashable {
  /// The size of the pages of a file that is new: 4096, 8192, 16384, 32768 or 65536 bytes. A file
  /// that exists keeps its own.
  public var pageSize: Int
  /// The most bytes of pages that are kept in memory; at least 64 pages are.
  public var cacheBytes: Int
  /// Whether nothing is to be written.
  public var isReadOnly: Bool

  /// - Parameters:
  ///   - pageSize: 8 KiB by default. Smaller pages make random changes cheaper, larger ones scans.
  ///   - cacheBytes: 64 MiB by default, which holds all inner pages of 100 million small
  ///     entries. Memory is taken as it is used.
  public init(pageSize: Int = 8192, cacheBytes: Int = 64 << 20, isReadOnly: Bool = false) {
    self.pageSize = pageSize
    self.cacheBytes = cacheBytes
    self.isReadOnly = isReadOnly
  }
}

/// What a commit promises when it returns.
public enum CommitKind: Sendable, Hashable {
  /// Readers that begin now see it. A crash falls back to the last checkpoint.
  case publish
  /// It survives a power cut, too.
  case checkpoint
}
