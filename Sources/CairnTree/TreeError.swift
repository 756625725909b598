public import CairnCore

/// A failed operation on a tree or on the file that holds it.
///
/// The description is a sentence for the person in front of the program: what was tried, which page
/// or tree it concerns, and what to do about it.
public struct TreeError: Error, Sendable, Hashable {
  /// What kind of failure this is, to switch on.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String, Hashable {
      case storage, damaged, notATree, newerFormat, busy, readOnly, ended, invalid, exists, notFound
      case failed, source, cancelled
    }
    private let kind: Kind
    private init(_ kind: Kind) { self.kind = kind }

    /// Reading or writing the storage failed; ``TreeError/cause`` says how.
    public static let storage = Code(.storage)
    /// A page is not what was written.
    public static let damaged = Code(.damaged)
    /// The storage holds something else than trees.
    public static let notATree = Code(.notATree)
    /// The file was written by a newer version of the library.
    public static let newerFormat = Code(.newerFormat)
    /// Somebody else has the storage open for writing.
    public static let busy = Code(.busy)
    /// The storage cannot be written, or was opened for reading.
    public static let readOnly = Code(.readOnly)
    /// The transaction is over.
    public static let ended = Code(.ended)
    /// An argument or option that cannot be used.
    public static let invalid = Code(.invalid)
    /// What is to be created is there already.
    public static let exists = Code(.exists)
    /// Nothing goes by the name that was asked for.
    public static let notFound = Code(.notFound)
    /// An earlier failure leaves unknown what the storage holds; open it again.
    public static let failed = Code(.failed)
    /// What a value was to be read from failed, or ended early; the tree is as it was.
    public static let source = Code(.source)
    /// A `ProgressReporter` has ended the operation.
    public static let cancelled = Code(.cancelled)

    public var description: String { kind.rawValue }
  }

  public let code: Code
  /// A whole sentence without its full stop.
  public let message: String
  /// The number of the page that it concerns, if it is one.
  public let page: UInt32?
  /// The error of the storage underneath, if there is one.
  public let cause: IOError?

  @inline(never)
  public init(_ code: Code, _ message: String, page: UInt32? = nil, cause: IOError? = nil) {
    self.code = code
    self.message = message
    self.page = page
    self.cause = cause
  }
}

extension TreeError: CustomStringConvertible {
  public var description: String {
    cause.map { "\(message): \($0)" } ?? message
  }
}

extension TreeError {
  @inline(never)
  static func damaged(_ page: UInt32, _ what: String) -> TreeError {
    TreeError(
      .damaged,
      "page \(page) is damaged: \(what); run verify to see what else is, and restore the file "
        + "from a copy or go back to the previous checkpoint",
      page: page)
  }

  @inline(never)
  static func storage(
    _ what: String, _ cause: IOError, page: UInt32? = nil
  ) -> TreeError {
    TreeError(.storage, what, page: page, cause: cause)
  }

  @inline(never)
  static func notATree() -> TreeError {
    TreeError(
      .notATree,
      "there are no trees in this file, or both of its first pages are damaged; check the name, or "
        + "restore it from a copy")
  }

  @inline(never)
  static func invalid(_ what: String) -> TreeError { TreeError(.invalid, what) }

  @inline(never)
  static func ended() -> TreeError {
    TreeError(.ended, "the transaction is over; begin a new one")
  }

  @inline(never)
  static func readOnly() -> TreeError {
    TreeError(.readOnly, "the file was opened for reading; open it for writing")
  }
}
