#if SFTP
  public import CairnChunks
  import CairnCore
  import Synchronization

  /// Blobs as files below a folder of a server that speaks SFTP.
  ///
  /// A command is started that speaks the protocol's version 3 on its pipes, by default the system's
  /// ssh; see ``SFTPCommand``. Any number of operations are under way over its one connection. When
  /// it ends, all of them fail with `ChunkStoreError.Code.temporary`, and the next operation starts
  /// it again; so a host that retries such errors gets over a server that restarts.
  ///
  /// A blob is written to a file in the folder `.tmp`, which is synchronized, then renamed, and then
  /// the folder is synchronized. What that promises with which server is in the module's overview.
  /// Files that are no blobs, by their names, are left alone.
  ///
  /// An operation whose task is cancelled throws `ChunkStoreError.Code.cancelled` at once. What it
  /// has asked of the server may still be done.
  public final class SFTPTarget: Target {
    /// Where the blobs are, as messages show it.
    public let name: String
    /// The folder of the blobs.
    let root: String
    /// What comes before a "/" and a name.
    let prefix: String
    let options: SFTPOptions
    private let connector: Connector
    private let threads: ThreadPool
    /// Folders whose own names are known to survive a power cut.
    let durableFolders = Mutex<Set<String>>([])
    /// What listings found, by the folder in which they began.
    let folderGuess = Mutex<[String: FolderGuess]>([:])
    private let hasTidied = Mutex(false)
    /// The names that are being put.
    private let putNames = Monitor<Set<BlobName>>([])

    private init(_ connector: Connector, path: String, options: SFTPOptions) {
      self.connector = connector
      let end = path.lastIndex { $0 != "/" }
      prefix = end.map { String(path[...$0]) } ?? (path.isEmpty ? "." : "")
      root = prefix.isEmpty ? "/" : prefix
      let shown = prefix == "." ? "" : prefix.hasPrefix("/") ? prefix : "/~/\(prefix)"
      name = connector.name + shown
      self.options = options
      threads = ThreadPool(limit: max(1, options.operationLimit))
    }

    deinit { connector.close() }

    /// Ends the connection, and the command with it. What is under way fails with
    /// `ChunkStoreError.Code.temporary`, and what is called afterwards with
    /// `ChunkStoreError.Code.targetFailed`. Letting go of the target does the same.
    public func close() { connector.close() }

    /// Waits until nobody else puts a blob of this name here, so that where renaming replaces what
    /// exists at least the tasks of this process do not replace one another's.
    func withName<Result>(
      _ name: BlobName, _ body: () throws(SFTPFailure) -> Result
    ) throws(SFTPFailure) -> Result {
      putNames.wait { names -> Void? in names.insert(name).inserted ? .some(()) : nil }
      defer { putNames.change { _ = $0.remove(name) } }
      return try body()
    }

    /// Whether temporary files that a crash left are still to be looked for; true once.
    func needsTidying() -> Bool {
      hasTidied.withLock { hasTidied in
        defer { hasTidied = true }
        return !hasTidied
      }
    }

    /// Connects and looks for the folder.
    ///
    /// - Parameters:
    ///   - command: What speaks SFTP.
    ///   - path: A folder of the server, from where it puts who logs in; "." for that place itself.
    ///   - creating: Makes the folder, if the one that it is in exists.
    ///   - options: How much is under way at once.
    /// - Throws: `ChunkStoreError.Code.temporary` if the server cannot be reached now, and
    ///   `ChunkStoreError.Code.targetFailed` if it refuses, or if there is no such folder. The
    ///   message has what the command said.
    public static func open(
      _ command: SFTPCommand, path: String = ".", creating: Bool = false,
      options: SFTPOptions = SFTPOptions()
    ) async throws(ChunkStoreError) -> SFTPTarget {
      try await open(
        Connector(command.name, options, sendsInOrder: command.sendsInOrder) {
          () throws(SFTPFailure) in try Peer.start(command)
        }, path: path, creating: creating, options: options)
    }

    /// The same over any connection.
    static func open(
      _ connector: Connector, path: String, creating: Bool, options: SFTPOptions
    ) async throws(ChunkStoreError) -> SFTPTarget {
      let target = SFTPTarget(connector, path: path, options: options)
      try await target.run("open the folder \(target.root)") {
        (operation) throws(SFTPFailure) -> Void in
        if creating { try operation.makeRoot() }
        try operation.requireRoot()
      }
      return target
    }

    /// Runs an operation on a thread of the target's own, which ends by itself if it is cancelled.
    ///
    /// - Parameter purpose: A verb phrase, for messages.
    func run<Result: Sendable>(
      _ purpose: String, _ blob: BlobName? = nil,
      _ body: @escaping @Sendable (Operation) throws(SFTPFailure) -> Result
    ) async throws(ChunkStoreError) -> Result {
      let flag = CancellationFlag()
      let promise = Promise<Swift.Result<Result, SFTPFailure>>()
      let result = await withTaskCancellationHandler {
        threads.submit { [self] in promise.fulfil(perform(flag, body)) }
        return await promise.value()
      } onCancel: {
        flag.set()
        promise.fulfil(.failure(.cancelled))
      }
      switch result {
      case .success(let value): return value
      case .failure(let failure): throw error(failure, purpose, blob)
      }
    }

    private func perform<Result>(
      _ flag: CancellationFlag, _ body: (Operation) throws(SFTPFailure) -> Result
    ) -> Swift.Result<Result, SFTPFailure> {
      do throws(SFTPFailure) {
        if flag.isSet { throw .cancelled }
        let connection = try connector.connection()
        return .success(try body(Operation(self, connection, flag)))
      } catch {
        return .failure(error)
      }
    }

    private func error(
      _ failure: SFTPFailure, _ purpose: String, _ blob: BlobName?
    ) -> ChunkStoreError {
      if failure.reason == .cancelled {
        return ChunkStoreError(.cancelled, "the task was cancelled", blob: blob)
      }
      if let blob, failure.reason == .missing { return .missing(blob) }
      if let blob, failure.reason == .conflict { return .conflict(blob, in: name) }
      return ChunkStoreError(
        failure.isTemporary ? .temporary : .targetFailed,
        "cannot \(purpose) in \(name): \(failure.message)", blob: blob, cause: failure.cause)
    }
  }
#endif
