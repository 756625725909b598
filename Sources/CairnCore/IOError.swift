public import SystemPackage

/// A failed operation on a file, a directory or a stream.
///
/// The description is a sentence for the person in front of the program: what was tried, on what,
/// why it failed, and what to do about it.
public struct IOError: Error, Sendable, Hashable {
  /// What kind of failure this is, to switch on.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String, Hashable {
      case systemCall, unexpectedEnd, changed, invalidPath, limit, malformed
    }
    private let kind: Kind
    private init(_ kind: Kind) { self.kind = kind }

    /// A call to the operating system failed; ``IOError/errno`` says how.
    public static let systemCall = Code(.systemCall)
    /// A file or stream ended before the bytes that it should hold.
    public static let unexpectedEnd = Code(.unexpectedEnd)
    /// A file changed while it was used.
    public static let changed = Code(.changed)
    /// A path that may not be used here.
    public static let invalidPath = Code(.invalidPath)
    /// A stated limit was exceeded.
    public static let limit = Code(.limit)
    /// Bytes that do not follow their format.
    public static let malformed = Code(.malformed)

    public var description: String { kind.rawValue }
  }

  public let code: Code
  /// What was being done, as a verb phrase: "open", "write to".
  public let operation: String
  /// What it was done to: a path, or a name such as "standard input".
  public let subject: String
  /// The operating system's reason, for ``Code/systemCall``.
  public let errno: Errno?
  /// A sentence that adds to, or stands for, the operating system's reason.
  public let detail: String?

  @inline(never)
  public init(
    _ code: Code, operation: String, subject: String, errno: Errno? = nil, detail: String? = nil
  ) {
    self.code = code
    self.operation = operation
    self.subject = subject
    self.errno = errno
    self.detail = detail
  }

  /// A failed system call.
  @inline(never)
  public static func systemCall(_ operation: String, _ subject: String, _ errno: Errno) -> IOError {
    IOError(.systemCall, operation: operation, subject: subject, errno: errno, detail: errno.advice)
  }
}

extension IOError: CustomStringConvertible {
  public var description: String {
    var text = "cannot \(operation) \(subject)"
    if let errno { text += ": \(errno)" }
    if let detail { text += errno == nil ? ": \(detail)" : "; \(detail)" }
    return text
  }
}

extension Errno {
  /// What a person can do about an error of this kind, where there is something to say.
  package var advice: String? {
    switch self {
    case .permissionDenied, .notPermitted: "check the owner and the permissions"
    case .noSpace: "free some space on that file system and try again"
    case .diskQuotaExceeded: "the disk quota is used up"
    case .readOnlyFileSystem: "the file system is mounted read-only"
    case .tooManyOpenFiles: "raise the limit of open files (ulimit -n)"
    case .ioError: "the device reported an error; check the disk"
    default: nil
    }
  }
}
