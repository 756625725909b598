#if SFTP
  import CairnChunks
  import CairnCore

  /// One operation of a target, on a thread that may block, over one connection.
  ///
  /// What does not depend on an answer is sent without waiting for it, since each wait takes a
  /// journey to the server and back.
  struct Operation {
    let target: SFTPTarget
    let connection: Connection
    private let cancellation: CancellationFlag

    init(_ target: SFTPTarget, _ connection: Connection, _ cancellation: CancellationFlag) {
      self.target = target
      self.connection = connection
      self.cancellation = cancellation
    }

    func checkCancellation() throws(SFTPFailure) {
      if cancellation.isSet { throw .cancelled }
    }

    /// The path of a blob, or of a folder, which has a "/" at its end or is empty.
    func path(_ name: String) -> String {
      if name.isEmpty { return target.root }
      return "\(target.prefix)/\(name.hasSuffix("/") ? name.dropLast() : name[...])"
    }

    /// Throws unless the folder of the target is there: a disk that was taken out has not lost
    /// blobs.
    func requireRoot() throws(SFTPFailure) {
      try requireRoot(connection.attributes(of: target.root))
    }

    /// The same with the server's answer.
    func requireRoot(_ answer: PendingReply) throws(SFTPFailure) {
      do throws(SFTPFailure) {
        let kind = try answer.wait().attributes().kind
        guard kind == .directory || kind == nil else {
          throw SFTPFailure.unusable("the server says that it is no folder")
        }
      } catch {
        guard error.isStatus(StatusCode.noSuchFile) else { throw error }
        throw .unusable("the server says that there is no such folder")
      }
    }

    /// Makes the folder of the target, if the one that it is in exists.
    func makeRoot() throws(SFTPFailure) {
      let made = connection.makeDirectory(target.root)
      // Versions before 4 do not say that something exists already.
      if (try? connection.attributes(of: target.root).wait().attributes().kind) != .directory {
        try made.wait().requireSuccess()
      }
      if target.root == "." {
        // Of a server that shows one folder alone, as rclone does, that may be made only with what is
        // in it.
        _ = try connection.makeDirectory(path(TemporaryFile.folder)).wait()
      }
      guard connection.canSynchronize, target.root != ".", target.root != "/" else { return }
      let parent = target.root.lastIndex(of: "/").map { String(target.root[..<$0]) } ?? "."
      // One that may not be read cannot be synchronized.
      if let handle = try? connection.open(parent.isEmpty ? "/" : parent, .read).wait().handle() {
        _ = try? connection.synchronize(handle).wait()
        connection.close(handle)
      }
    }

    /// The size of a file, or `nil` if there is none.
    func size(_ answer: PendingReply) throws(SFTPFailure) -> Int64? {
      do throws(SFTPFailure) {
        return try answer.wait().attributes().fileSize()
      } catch {
        guard error.isStatus(StatusCode.noSuchFile) else { throw error }
        return nil
      }
    }
  }

  extension SFTPFailure {
    @inline(never)
    static func unusable(_ message: String) -> SFTPFailure {
      SFTPFailure(reason: .connection, message: message, isTemporary: false)
    }
  }
#endif
