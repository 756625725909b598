/// How large a log is.
public struct LogStatistics: Sendable, Hashable, Codable {
  public var entries: Int
  /// The entries without parent.
  public var roots: Int
  public var openEntries: Int
  /// `trace` for an empty log.
  public var worstSeverity: Severity
  /// The bytes of the file of entries, and of the index.
  public var entryBytes: Int64
  public var indexBytes: Int64
}
