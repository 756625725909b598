internal import CairnCore

/// Why something could not be sealed, opened, or made into a key.
///
/// The description is a sentence for the person in front of the program: what is wrong, and what to
/// do about it. It never contains a secret.
public struct CryptoError: Error, Sendable {
  /// What kind of failure this is, to switch on.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String, Hashable {
      case header, headerMAC, noIdentityMatched, payload, truncated, workFactor, invalidKey
      case recipients, limit, io, library, external, armor, plugin
      case cancelled
    }
    private let kind: Kind
    private init(_ kind: Kind) { self.kind = kind }

    /// The header does not follow the format, or is of an unknown version.
    public static let header = Code(.header)
    /// The header was opened, but was changed since it was sealed.
    public static let headerMAC = Code(.headerMAC)
    /// None of the identities given opens the file: the wrong key, or the wrong passphrase.
    public static let noIdentityMatched = Code(.noIdentityMatched)
    /// A part of the payload was changed, moved, repeated or added; ``CryptoError/segment`` says
    /// which.
    public static let payload = Code(.payload)
    /// The file ends too early.
    public static let truncated = Code(.truncated)
    /// The file, or the caller, asks for more scrypt work than is allowed.
    public static let workFactor = Code(.workFactor)
    /// Something that should be a key, a recipient or an identity is not;
    /// ``CryptoError/line`` says where, if it was in a file of several lines.
    public static let invalidKey = Code(.invalidKey)
    /// There are no recipients, or these cannot be combined in one file.
    public static let recipients = Code(.recipients)
    /// A stated limit was exceeded.
    public static let limit = Code(.limit)
    /// Reading or writing failed; ``CryptoError/cause`` says how.
    public static let io = Code(.io)
    /// The text armor around the file breaks its rules; ``CryptoError/line`` says where.
    public static let armor = Code(.armor)
    /// libcrypto failed or lacks an algorithm.
    public static let library = Code(.library)
    /// A plugin is missing, failed, or broke the rules of the conversation.
    public static let plugin = Code(.plugin)
    /// A recipient or an identity of the host's own failed; ``CryptoError/cause`` says how.
    public static let external = Code(.external)

    /// The host's own progress reporter ended the work; ``CryptoError/cause`` is what it threw.
    public static let cancelled = Code(.cancelled)

    /// The name of the code, as in the source.
    public var description: String { kind.rawValue }
  }

  /// What kind of failure this is.
  public let code: Code
  /// One or two sentences: what is wrong, and what to do about it.
  public let message: String
  /// The number of the payload segment at fault, from 0, for ``Code/payload`` and
  /// ``Code/truncated``.
  public let segment: UInt64?
  /// The number of the line at fault, from 1, in a header, an armor or a file of keys.
  public let line: Int?
  /// The failure beneath this one.
  public let cause: (any Error)?

  /// Makes an error; a host's own ``Recipient`` or ``Identity`` uses ``Code/external``.
  @inline(never)
  public init(
    _ code: Code, _ message: String, segment: UInt64? = nil, line: Int? = nil,
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.segment = segment
    self.line = line
    self.cause = cause
  }
}

extension CryptoError: CustomStringConvertible {
  /// The message, where in the input it applies, and the cause.
  public var description: String {
    var text = message
    if let line { text = "line \(line): \(text)" }
    if let cause { text += ": \(cause)" }
    return text
  }
}

extension CryptoError {
  /// Reading or writing failed.
  @inline(never)
  static func io(_ error: IOError) -> CryptoError {
    CryptoError(.io, "reading or writing failed", cause: error)
  }

  /// A segment is not what was sealed at its place.
  @inline(never)
  static func damaged(segment index: UInt64, isLast: Bool = false) -> CryptoError {
    CryptoError(
      .payload,
      "segment \(index) of the payload is damaged or was tampered with"
        + (isLast ? ", or the file ends too early" : "") + ": use another copy of the file",
      segment: index)
  }

  /// The file ends inside a segment, before its tag.
  @inline(never)
  static func truncated(in index: UInt64) -> CryptoError {
    CryptoError(
      .truncated, "the file ends too early, in segment \(index) of the payload: use a whole copy",
      segment: index)
  }

  /// The file ends after a sound segment that was not the last.
  @inline(never)
  static func truncated(after index: UInt64) -> CryptoError {
    CryptoError(
      .truncated,
      "the file ends too early, after segment \(index) of the payload: use a whole copy",
      segment: index)
  }

  /// The file goes on after its last segment.
  @inline(never)
  static func extended(after index: UInt64) -> CryptoError {
    CryptoError(
      .payload,
      "something follows the payload's last segment, number \(index): use another copy of the file",
      segment: index)
  }
}
