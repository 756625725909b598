#if SFTP
  /// A file or directory that is being opened, and is closed once. Used by one thread.
  final class OpenFile {
    private let connection: Connection
    private let opening: PendingReply
    private var isClosed = false

    init(_ connection: Connection, _ opening: PendingReply) {
      self.connection = connection
      self.opening = opening
    }

    /// Waits until it is open.
    func handle() throws(SFTPFailure) -> FileHandle { try opening.wait().handle() }

    /// - Returns: The server's answer to come, the first time.
    @discardableResult
    func close() -> PendingReply? {
      guard !isClosed else { return nil }
      isClosed = true
      return (try? handle()).map { connection.close($0) }
    }
  }
#endif
