public import CairnCore
import CairnCrypto

/// A failed operation on a repository or a target.
///
/// The description is a sentence for the person in front of the program: what was tried, which
/// blob or chunk it concerns, and what to do about it.
public struct ChunkStoreError: Error, Sendable {
  /// What kind of failure this is, to switch on.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Kind: String, Hashable {
      case noRepository, repositoryExists, newerFormat, noAccess, notPermitted, damaged, missing
      case conflict, targetFailed, temporary, notFound, ambiguous, invalid, revoked, cancelled, host
    }
    private let kind: Kind
    private init(_ kind: Kind) { self.kind = kind }

    /// The target holds no repository.
    public static let noRepository = Code(.noRepository)
    /// The target holds a repository already.
    public static let repositoryExists = Code(.repositoryExists)
    /// The repository was written by a newer version of the library.
    public static let newerFormat = Code(.newerFormat)
    /// None of the identities opens the repository.
    public static let noAccess = Code(.noAccess)
    /// The key that opened the repository does not allow it.
    public static let notPermitted = Code(.notPermitted)
    /// A blob or chunk is not what was written.
    public static let damaged = Code(.damaged)
    /// A blob or chunk that something refers to is not there.
    public static let missing = Code(.missing)
    /// A blob of that name exists with other content.
    public static let conflict = Code(.conflict)
    /// The target refuses the operation; trying again does not help.
    public static let targetFailed = Code(.targetFailed)
    /// The target could not do it this time; the same call may succeed later.
    public static let temporary = Code(.temporary)
    /// Nothing goes by the name that was asked for.
    public static let notFound = Code(.notFound)
    /// More than one thing goes by the name that was asked for.
    public static let ambiguous = Code(.ambiguous)
    /// An argument or option that cannot be used.
    public static let invalid = Code(.invalid)
    /// A garbage collection closed the session before it published.
    public static let revoked = Code(.revoked)
    /// The task was cancelled, or a progress report threw.
    public static let cancelled = Code(.cancelled)
    /// The host's own stream, chunker or compressor failed.
    public static let host = Code(.host)

    public var description: String { kind.rawValue }
  }

  public let code: Code
  /// A whole sentence without its full stop.
  public let message: String
  /// The blob that it concerns, if it is one.
  public let blob: BlobName?
  /// The file or stream error underneath, if there is one.
  public let cause: IOError?
  /// After what time a target wants to be asked again, if it said so.
  public let retryAfter: Duration?

  @inline(never)
  public init(
    _ code: Code, _ message: String, blob: BlobName? = nil, cause: IOError? = nil,
    retryAfter: Duration? = nil
  ) {
    self.code = code
    self.message = message
    self.blob = blob
    self.cause = cause
    self.retryAfter = retryAfter
  }

  /// Whether the same call may succeed later.
  public var isTemporary: Bool { code == .temporary }
}

extension ChunkStoreError: CustomStringConvertible {
  public var description: String {
    cause.map { "\(message): \($0)" } ?? message
  }
}

extension ChunkStoreError {
  /// The bytes of a blob are not what was written.
  @inline(never)
  static func damaged(_ blob: BlobName, _ what: String) -> ChunkStoreError {
    ChunkStoreError(
      .damaged,
      "the blob \(blob) is damaged: \(what); restore it from another copy of the repository, "
        + "or run verify to see what it affects",
      blob: blob)
  }

  /// A blob is not there, as ``Target/get(_:range:)`` says it.
  @inline(never)
  public static func missing(_ blob: BlobName) -> ChunkStoreError {
    ChunkStoreError(
      .missing,
      "the blob \(blob) is missing from the repository; restore it from another copy, "
        + "or run verify to see what it affects",
      blob: blob)
  }

  /// A name holds other bytes, as ``Target/put(_:_:)`` says it.
  ///
  /// - Parameter target: its ``Target/name``.
  @inline(never)
  public static func conflict(_ blob: BlobName, in target: String) -> ChunkStoreError {
    ChunkStoreError(
      .conflict,
      "\(target) holds other bytes under the name \(blob); run verify to see whether it is damaged",
      blob: blob)
  }

  /// A chunk that something refers to is in no pack.
  @inline(never)
  static func missing(_ chunk: ChunkID) -> ChunkStoreError {
    ChunkStoreError(
      .missing,
      "the chunk \(chunk) is in no pack of the repository; run verify to see what it affects")
  }

  /// Something that other keys of the repository allow.
  @inline(never)
  static func notPermitted(_ what: String, blob: BlobName? = nil) -> ChunkStoreError {
    ChunkStoreError(.notPermitted, what, blob: blob)
  }

  /// A failure of libcrypto or of the system's random numbers while sealing.
  @inline(never)
  static func sealing(_ error: CryptoError) -> ChunkStoreError {
    ChunkStoreError(.targetFailed, "cannot encrypt: \(error)")
  }

  @inline(never)
  static func host(_ error: IOError) -> ChunkStoreError {
    ChunkStoreError(.host, "the stream to be stored or written failed", cause: error)
  }
}
