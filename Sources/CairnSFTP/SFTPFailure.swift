#if SFTP
  import CairnCore

  /// Why a request was not done; a target's operation makes an error of it that names the blob.
  struct SFTPFailure: Error, Sendable {
    enum Reason: Hashable {
      /// The server's answer; see ``StatusCode``.
      case status(UInt32)
      /// The server's bytes do not follow the protocol.
      case malformed
      /// The connection ended, or could not be made.
      case connection
      /// A local file failed.
      case local
      /// There is no such blob.
      case missing
      /// There are other bytes under that name.
      case conflict
      /// The task was cancelled.
      case cancelled
    }

    let reason: Reason
    /// A part of a sentence.
    let message: String
    /// Whether the same may succeed later.
    let isTemporary: Bool
    var cause: IOError?
    /// Whether the server refused without a reason.
    var isUnexplained = false

    func isStatus(_ code: UInt32) -> Bool { reason == .status(code) }

    @inline(never)
    static func malformed(_ what: String) -> SFTPFailure {
      SFTPFailure(
        reason: .malformed, message: "the server sent \(what); what answers there is no sound SFTP",
        isTemporary: false)
    }

    @inline(never)
    static func local(_ error: IOError) -> SFTPFailure {
      SFTPFailure(
        reason: .local, message: "what is to be sent cannot be read", isTemporary: false,
        cause: error)
    }

    static let missing = SFTPFailure(
      reason: .missing, message: "there is no such blob", isTemporary: false)
    static let conflict = SFTPFailure(
      reason: .conflict, message: "there are other bytes under that name", isTemporary: false)
    static let cancelled = SFTPFailure(
      reason: .cancelled, message: "it was cancelled", isTemporary: false)

    @inline(never)
    static func status(_ code: UInt32, _ text: String) -> SFTPFailure {
      let text = printable(text, limit: 500)
      // All that OpenSSH says of errors without a number of their own.
      let isUnexplained = code == StatusCode.failure && (text.isEmpty || text == "Failure")
      let meaning: String
      switch code {
      case StatusCode.endOfFile: meaning = "the end of the file was reached"
      case StatusCode.noSuchFile: meaning = "the server says that there is no such file"
      case StatusCode.permissionDenied:
        meaning = "the server denies permission; check the owner and the permissions there"
      case StatusCode.failure where isUnexplained:
        meaning = "the server reports a failure without a reason, often a full disk or a quota"
      case StatusCode.failure: meaning = "the server says \"\(text)\""
      case StatusCode.noConnection, StatusCode.connectionLost:
        meaning = "the server lost its own connection"
      case StatusCode.unsupported: meaning = "the server cannot do this"
      default: meaning = "the server refuses with status \(code) and \"\(text)\""
      }
      let isConnection = code == StatusCode.noConnection || code == StatusCode.connectionLost
      return SFTPFailure(
        reason: .status(code), message: meaning,
        isTemporary: isConnection || saysTemporary(text), isUnexplained: isUnexplained)
    }

    /// The same failure, with more known of it.
    func with(_ message: String, cause: IOError? = nil) -> SFTPFailure {
      SFTPFailure(
        reason: reason, message: message, isTemporary: isTemporary, cause: cause ?? self.cause)
    }

    /// Whether a program's words are of an obstacle that passes without anybody's doing.
    static func saysTemporary(_ text: String) -> Bool {
      let text = text.lowercased()
      return !lastingPhrases.contains { text.contains($0) }
        && temporaryPhrases.contains { text.contains($0) }
    }

    /// What ssh says before it also says that the connection was closed.
    private static let lastingPhrases = ["permission denied", "host key verification failed"]

    /// What to do about what ssh says, if that is known.
    static func advice(on words: String) -> String? {
      let words = words.lowercased()
      return advices.first { words.contains($0.phrase) }?.advice
    }

    private static let advices = [
      (
        phrase: "host identification has changed",
        advice: "find out why the host has another key than before, and then correct known_hosts"
      ),
      (
        phrase: "host key verification failed",
        advice: "log in there once by hand, so that ssh knows the host's key"
      ),
      // With the ways in that the server offers.
      (
        phrase: "permission denied (",
        advice: "see that ssh can log in there without asking, for example with a key in an agent"
      ),
    ]

    /// As ssh, rclone and the C library say it.
    private static let temporaryPhrases = [
      "connection refused", "connection reset", "connection closed", "connection timed out",
      "operation timed out", "i/o timeout", "no route to host", "network is unreachable",
      "temporary failure", "broken pipe", "exchange_identification", "too many requests",
      "too many connections", "try again", "unexpected eof", "use of closed network connection",
    ]
  }

  /// What a program said, fit to stand in a message: in one line, without control characters, and
  /// the end of it where it is long.
  func printable(_ text: String, limit: Int) -> String {
    let lines = text.split(whereSeparator: \.isNewline).map { line in
      String(
        line.unicodeScalars.filter {
          $0.properties.generalCategory != .control && $0.properties.generalCategory != .format
        }.map(Character.init))
    }
    let joined = lines.filter { !$0.isEmpty }.joined(separator: "; ")
    return joined.count <= limit ? joined : "…" + joined.suffix(limit)
  }
#endif
