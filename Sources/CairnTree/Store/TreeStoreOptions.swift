/// How a ``TreeStore`` is opened.
public struct TreeStoreOptions: Sendable, Hashable {
  /// The size of the pages of a file that is new: 4096, 8192, 16384, 32768 or 65536 bytes. A file
  /// that exists keeps its own.
  public var pageSize: Int
  /// The most bytes of pages that are kept in memory; at least 64 pages are.
  public var cacheBytes: Int
  /// Whether nothing is to be written.
  public var isReadOnly: Bool
  /// What to do if somebody else has the storage open for writing. Whoever only reads need not ask.
  public var whenBusy: WhenBusy
  /// Whether what is published shows to those who have the storage open elsewhere, too.
  ///
  /// It costs writing all changed pages at each ``CommitKind/publish``, without waiting for the
  /// disk. Others else see what the last checkpoint has left.
  public var publishesToAll: Bool

  /// - Parameters:
  ///   - pageSize: 8 KiB by default. Smaller pages make random changes cheaper, larger ones scans.
  ///   - cacheBytes: 64 MiB by default, which holds all inner pages of 100 million small
  ///     entries. Memory is taken as it is used.
  ///   - publishesToAll: False by default: most files are used by one process.
  public init(
    pageSize: Int = 8192, cacheBytes: Int = 64 << 20, isReadOnly: Bool = false,
    whenBusy: WhenBusy = .fail, publishesToAll: Bool = false
  ) {
    self.pageSize = pageSize
    self.cacheBytes = cacheBytes
    self.isReadOnly = isReadOnly
    self.whenBusy = whenBusy
    self.publishesToAll = publishesToAll
  }
}

/// What whoever wants to write does while somebody else has the storage open for writing.
public enum WhenBusy: Sendable, Hashable {
  /// Throws ``TreeError/Code/busy``.
  case fail
  /// Blocks the thread until the other has closed it, and throws ``TreeError/Code/busy`` if that
  /// takes longer than this. Those who wait look now and then; they come in no order.
  case wait(atMost: Duration? = nil)
}

/// What a commit promises when it returns.
public enum CommitKind: Sendable, Hashable {
  /// Readers that begin now see it. A crash falls back to the last checkpoint.
  case publish
  /// It survives a power cut, too.
  case checkpoint
}
