/// One of the logs of ``LogRuns``.
public struct LogRun: Sendable, Hashable, Codable, Identifiable {
  /// Later runs have larger numbers.
  public let number: Int
  /// The bytes of its entries and its index.
  public let byteCount: Int64
  /// When something was written to it last, in nanoseconds since 1970-01-01 00:00 UTC.
  public let lastWritten: Int64
  /// Whether somebody, in any process, has it open for writing.
  public let isBeingWritten: Bool

  public var id: Int { number }
}
