/// A copy of an entry as a ``LogSnapshot`` sees it.
public struct LogEntry: Sendable, Hashable {
  /// What an entry says.
  public enum Content: Sendable, Hashable {
    case text(String)
    case bytes([UInt8])
  }

  /// How an entry stands that was opened, so that it could have children.
  public struct Result: Sendable, Hashable {
    /// When it was closed, in nanoseconds since 1970-01-01 00:00 UTC.
    public var time: Int64
    /// What was said when it was closed.
    public var text: String?
  }

  public var id: EntryID
  /// `nil` for an entry without parent.
  public var parent: EntryID?
  /// The number of its parent's children before it.
  public var ordinal: Int
  /// When it was appended, in nanoseconds since 1970-01-01 00:00 UTC.
  public var time: Int64
  /// The severity that it was appended with; of an entry that is closed, the worst of its own, its
  /// result's and its children's.
  public var severity: Severity
  /// What it says; of an entry whose text was changed, the last one.
  public var content: Content
  public var fields: [LogField]
  /// Whether it could have children: it was appended by `open`.
  public var canHaveChildren: Bool
  /// Whether it can have more children.
  public var isOpen: Bool
  /// The result of an entry that was opened and closed.
  public var result: Result?

  /// Its text; of bytes, as far as they are UTF-8.
  public var text: String {
    switch content {
    case .text(let text): text
    case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
    }
  }

  /// How long it was open, in nanoseconds, if it was closed.
  public var duration: Int64? {
    result.map { $0.time.subtractingReportingOverflow(time).partialValue }
  }
}
