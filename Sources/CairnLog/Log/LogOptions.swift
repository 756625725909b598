/// How a ``Log`` is opened.
public struct LogOptions: Sendable, Hashable {
  /// Whether nothing is to be written.
  public var isReadOnly: Bool
  /// How long an appended entry waits at most until it is flushed; `nil` for as long as it takes.
  public var flushInterval: Duration?
  /// After how many entries they are flushed.
  public var flushCount: Int
  /// After how many bytes of entries all is synchronized, so that opening after a crash has no more
  /// than these to read.
  public var checkpointBytes: Int64
  /// The most bytes of the index that are kept in memory.
  public var cacheBytes: Int
  /// Whether the index is derived anew from the entries.
  public var rebuildsIndex: Bool

  /// - Parameters:
  ///   - flushInterval: 200 ms by default, which a person who follows takes for at once.
  ///   - flushCount: 65,536 by default. Fewer make appending slower: a flush costs some
  ///     100 microseconds, and more the more entries are open.
  ///   - checkpointBytes: 256 MiB by default, which are read in less than a second.
  ///   - cacheBytes: 8 MiB by default, which is more than appending needs.
  public init(
    isReadOnly: Bool = false, flushInterval: Duration? = .milliseconds(200),
    flushCount: Int = 65_536, checkpointBytes: Int64 = 256 << 20, cacheBytes: Int = 8 << 20,
    rebuildsIndex: Bool = false
  ) {
    self.isReadOnly = isReadOnly
    self.flushInterval = flushInterval
    self.flushCount = flushCount
    self.checkpointBytes = checkpointBytes
    self.cacheBytes = cacheBytes
    self.rebuildsIndex = rebuildsIndex
  }
}

/// What opening a log has found to do.
public struct LogRecovery: Sendable, Hashable, Codable {
  /// Entries that the index lacked.
  public var entriesIndexed = 0
  /// Bytes at the end that were no whole frame, and were cut off: what had not been flushed when
  /// the process ended, or not been synchronized when the power was cut.
  public var bytesCut: Int64 = 0
  /// Whether the index could not be used and was derived from the first entry on.
  public var indexWasRebuilt = false

  public init() {}
}
