public import CairnCore
public import CairnTree

/// A failed operation on a log.
///
/// The description is a sentence for the person in front of the program: what was tried, which entry
/// or place it concerns, and what to do about it.
public struct LogError: Error, Sendable, Hashable {
  /// What kind of failure this is, to switch on.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String, Hashable {
      case storage, index, damaged, notALog, newerFormat, busy, readOnly, invalid
      case notOpen, notFound, full, failed, otherLog
    }
    private let kind: Kind
    private init(_ kind: Kind) { self.kind = kind }

    /// Reading or writing the entries failed; ``LogError/cause`` says how.
    public static let storage = Code(.storage)
    /// The index, which is derived from the entries, cannot be used; ``LogError/indexError`` says
    /// why. The entries may be sound.
    public static let index = Code(.index)
    /// Entries are not what was written.
    public static let damaged = Code(.damaged)
    /// Something else than a log.
    public static let notALog = Code(.notALog)
    /// The log was written by a newer version of the library.
    public static let newerFormat = Code(.newerFormat)
    /// Somebody else writes.
    public static let busy = Code(.busy)
    /// The log was opened for reading.
    public static let readOnly = Code(.readOnly)
    /// An argument that cannot be used.
    public static let invalid = Code(.invalid)
    /// The entry cannot have children, or was closed.
    public static let notOpen = Code(.notOpen)
    /// There is no such entry, or no saved view of that name.
    public static let notFound = Code(.notFound)
    /// The log has as many entries as it can hold.
    public static let full = Code(.full)
    /// An earlier failure leaves unknown what the storage holds; open the log again.
    public static let failed = Code(.failed)
    /// A saved view is that of another log.
    public static let otherLog = Code(.otherLog)

    public var description: String { kind.rawValue }
  }

  public let code: Code
  /// A whole sentence without its full stop.
  public let message: String
  /// The entry that it concerns, if it is one.
  public let entry: EntryID?
  /// The error of the storage underneath, if there is one.
  public let cause: IOError?
  /// The error of the index, if it is one.
  public let indexError: TreeError?

  @inline(never)
  public init(
    _ code: Code, _ message: String, entry: EntryID? = nil, cause: IOError? = nil,
    indexError: TreeError? = nil
  ) {
    self.code = code
    self.message = message
    self.entry = entry
    self.cause = cause
    self.indexError = indexError
  }
}

extension LogError: CustomStringConvertible {
  public var description: String {
    if let cause { return "\(message): \(cause)" }
    if let indexError { return "\(message): \(indexError)" }
    return message
  }
}

extension LogError {
  @inline(never)
  static func damagedFrame(at offset: Int64, _ what: String) -> LogError {
    LogError(
      .damaged,
      "the entries at offset \(offset) are damaged: \(what); run verify to see what else is, and "
        + "restore the log from a copy")
  }

  @inline(never)
  static func damagedIndex(_ what: String) -> LogError {
    LogError(
      .index, "the index is damaged: \(what); open the log with its index rebuilt")
  }

  @inline(never)
  static func index(_ error: TreeError) -> LogError {
    if error.code == .busy { return LogError(.busy, error.message, cause: error.cause) }
    return LogError(
      .index, "the index of the log cannot be used; open the log with its index rebuilt",
      indexError: error)
  }

  @inline(never)
  static func storage(_ what: String, _ cause: IOError) -> LogError {
    LogError(.storage, what, cause: cause)
  }

  @inline(never)
  static func notOpen(_ entry: EntryID) -> LogError {
    LogError(
      .notOpen,
      "entry \(entry) is not open; only what was opened, and not closed since, can have "
        + "children, another text or a result", entry: entry)
  }

  @inline(never)
  static func notFound(_ entry: EntryID) -> LogError {
    LogError(.notFound, "the log has no entry \(entry)", entry: entry)
  }

  @inline(never)
  static func invalid(_ what: String) -> LogError { LogError(.invalid, what) }
}

/// Runs what asks the index.
@inline(__always)
func asking<Result: ~Copyable>(
  _ body: () throws(TreeError) -> Result
) throws(LogError) -> Result {
  do throws(TreeError) {
    return try body()
  } catch {
    throw .index(error)
  }
}
