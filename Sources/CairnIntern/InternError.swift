/// Why a string could not be interned, or a frozen arena or sorted archive not be written or opened.
///
/// The description is a sentence for the person in front of the program: what is wrong, and what to
/// do about it.
public struct InternError: Error, Sendable {
  /// What kind of failure this is, to switch on.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String, Hashable {
      case full, stringTooLong, memory, unknownSymbol, unknownFormat, unknownVersion
      case damaged, truncated, notSearchable, io
    }
    private let kind: Kind
    private init(_ kind: Kind) { self.kind = kind }

    /// The arena or the table has reached its limit; what is in it stays usable.
    public static let full = Code(.full)
    /// A string is longer than the arena's options allow.
    public static let stringTooLong = Code(.stringTooLong)
    /// The system gives no more memory or address space; what is in the arena stays usable.
    public static let memory = Code(.memory)
    /// A symbol that this arena has not given out.
    public static let unknownSymbol = Code(.unknownSymbol)
    /// A file that is no frozen arena, or no sorted archive.
    public static let unknownFormat = Code(.unknownFormat)
    /// A file of a version that this library does not know.
    public static let unknownVersion = Code(.unknownVersion)
    /// A file whose bytes were changed since it was written.
    public static let damaged = Code(.damaged)
    /// A file that ends too early.
    public static let truncated = Code(.truncated)
    /// A frozen arena that was written without the table by which strings are found.
    public static let notSearchable = Code(.notSearchable)
    /// Reading or writing failed; ``InternError/cause`` says how.
    public static let io = Code(.io)

    /// The name of the code, as in the source.
    public var description: String { kind.rawValue }
  }

  /// What kind of failure this is.
  public let code: Code
  /// One or two sentences: what is wrong, and what to do about it.
  public let message: String
  /// The failure beneath this one.
  public let cause: (any Error)?

  @inline(never)
  init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }
}

extension InternError: CustomStringConvertible {
  /// The message and the cause.
  public var description: String {
    cause.map { "\(message): \($0)" } ?? message
  }
}
