/// What a view shows in one row.
public struct LogRow: Sendable, Hashable {
  /// Its number, from 0.
  public var row: Int
  public var entry: LogEntry
  /// The number of its ancestors.
  public var depth: Int
  /// The number of its children that the view shows when it is expanded.
  public var childCount: Int
  public var isExpanded: Bool
  /// The worst severity of the entry and all under it.
  public var worstSeverity: Severity
}

/// Rows that a call has inserted into, or removed from, a view.
public struct RowChange: Sendable, Hashable {
  /// The number of the first of them.
  public var row: Int
  public var inserted: Int
  public var removed: Int

  public init(row: Int, inserted: Int = 0, removed: Int = 0) {
    self.row = row
    self.inserted = inserted
    self.removed = removed
  }
}

/// What has become of a view's rows when it followed its log.
public struct ViewUpdate: Sendable, Hashable {
  /// Rows that were inserted, in ascending order: each change counts rows as they are when it and
  /// those before it have been made. `nil` if so much has changed that all rows are to be read again.
  public var insertions: [RowChange]?
  /// Entries that were open before: these may have another text, severity or number of children
  /// than they had, and no others.
  public var touched: [EntryID]
}

/// What a view was told, to be kept and given to a view of the same log later.
public struct LogViewState: Sendable, Hashable, Codable {
  /// Whether what is not named in ``toggled`` is expanded.
  public var expandsByDefault = false
  /// The depth below which entries that arrive are expanded, if they were expanded to a depth.
  public var depth: Int?
  public var minimumSeverity: Severity?
  /// The entries that are not as the default says.
  public var toggled: [EntryID] = []

  public init() {}
}
