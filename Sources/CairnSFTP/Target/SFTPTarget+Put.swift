#if SFTP
  public import CairnChunks
  import Synchronization

  extension SFTPTarget {
    public func put(_ name: BlobName, _ source: BlobSource) async throws(ChunkStoreError) {
      try await run("write \(name)", name) { (operation) throws(SFTPFailure) -> Void in
        try operation.target.withName(name) { () throws(SFTPFailure) -> Void in
          do throws(SFTPFailure) {
            try operation.putAgainIfFoldersAreGone(name, source)
          } catch {
            throw operation.explained(error, byteCount: source.byteCount)
          }
        }
      }
    }
  }

  extension Operation {
    fileprivate func putAgainIfFoldersAreGone(
      _ name: BlobName, _ source: BlobSource
    ) throws(SFTPFailure) {
      do throws(SFTPFailure) {
        try put(name, source)
      } catch {
        guard error.isStatus(StatusCode.noSuchFile), forgetFolders() else { throw error }
        try put(name, source)
      }
    }

    /// Four journeys to the server and back, where all goes well:
    /// 1. the folders are made, a temporary file is opened, and a blob of the name is looked for;
    /// 2. the bytes are written and synchronized, and so are folders in which folders were made;
    /// 3. the file is renamed;
    /// 4. its folder is synchronized.
    private func put(_ name: BlobName, _ source: BlobSource) throws(SFTPFailure) {
      let final = path(name.description)
      let temporary = path("\(TemporaryFile.folder)/\(TemporaryFile.newName())")
      let names = BlobFolders(of: name, known: target.durableFolders.withLock { $0 })
      let making = names.unsure.map { connection.makeDirectory(path($0)) }
      let opening = connection.open(temporary, Self.newFile)
      let looking = connection.attributes(of: final)
      var folders = OpenFolders(self, names)
      defer { folders.close() }

      let file = OpenFile(connection, try create(temporary, opening))
      defer { file.close() }
      if try isWithoutParent(making.last) {
        // This server does one thing before another that was asked for first.
        for folder in names.unsure { _ = try connection.makeDirectory(path(folder)).wait() }
        folders.close()
        folders = OpenFolders(self, names)
      }

      do throws(SFTPFailure) {
        if try size(looking) != nil {
          // In this order: some servers keep a file when it is closed.
          file.close()
          connection.remove(temporary)
          guard try holds(final, source) else { throw SFTPFailure.conflict }
          // Whoever put it may not have come to this.
          try wait(folders.synchronizeParents())
        } else {
          let time = target.needsTidying() ? connection.attributes(of: try file.handle()) : nil
          let synchronizing = try folders.synchronizeParents()
          try write(source, to: file.handle())
          try wait(synchronizing)
          let closing = file.close()
          // Where nothing can be synchronized, closing tells whether the bytes have arrived.
          if !connection.canSynchronize { try closing?.wait().requireSuccess() }
          try requireFolder(made: making.last) { () throws(SFTPFailure) in
            try rename(temporary, to: final, source)
          }
          if let time { tidy(now: time) }
        }
        try folders.synchronizeOwn()
        target.durableFolders.withLock { $0.formUnion(names.unsure) }
      } catch {
        file.close()
        connection.remove(temporary)
        throw error
      }
    }

    private static let newFile: OpenFlags = [.write, .create, .exclusive]

    /// Makes the folder of temporary files where it is missing.
    ///
    /// - Returns: The answer to the request that opened the file.
    private func create(
      _ temporary: String, _ opening: PendingReply
    ) throws(SFTPFailure) -> PendingReply {
      do throws(SFTPFailure) {
        _ = try opening.wait().handle()
        return opening
      } catch {
        guard error.isStatus(StatusCode.noSuchFile) else { throw error }
        try requireRoot()
        let making = connection.makeDirectory(path(TemporaryFile.folder))
        let opening = connection.open(temporary, Self.newFile)
        try requireFolder(made: making) { () throws(SFTPFailure) in _ = try opening.wait().handle()
        }
        return opening
      }
    }

    /// Does what needs a folder; where that is missing, throws why it could not be made.
    private func requireFolder(
      made making: PendingReply?, _ body: () throws(SFTPFailure) -> Void
    ) throws(SFTPFailure) {
      do throws(SFTPFailure) {
        try body()
      } catch {
        if error.isStatus(StatusCode.noSuchFile) { try making?.wait().requireSuccess() }
        throw error
      }
    }

    /// Whether a folder could not be made for want of the one that it is in.
    private func isWithoutParent(_ making: PendingReply?) throws(SFTPFailure) -> Bool {
      do throws(SFTPFailure) {
        try making?.wait().requireSuccess()
        return false
      } catch {
        if error.reason == .connection { throw error }
        return error.isStatus(StatusCode.noSuchFile)
      }
    }

    /// Writes all bytes and synchronizes them.
    private func write(_ source: BlobSource, to handle: FileHandle) throws(SFTPFailure) {
      let pipeline = Pipeline(connection)
      var offset: Int64 = 0
      while offset < source.byteCount {
        try checkCancellation()
        let count = Int(min(Int64(connection.writeSize), source.byteCount - offset))
        let part = try bytes(of: source, offset..<offset + Int64(count))
        while !pipeline.takeRoom(count) { try pipeline.next()?.1.requireSuccess() }
        let reply = connection.write(handle, at: offset, part)
        pipeline.append(Pipeline.Part(offset: offset, count: count, reply: reply))
        offset += Int64(count)
      }
      // A server does what concerns one file in the order in which it is asked for (section 6.1).
      let synchronizing = connection.canSynchronize ? connection.synchronize(handle) : nil
      while let (_, reply) = try pipeline.next() { try reply.requireSuccess() }
      try synchronizing?.wait().requireSuccess()
      try checkCancellation()
    }

    /// Gives a finished file its name, unless there is one of that name.
    ///
    /// A request to rename is refused then (section 6.5); OpenSSH's server links and unlinks, so
    /// that there is no moment in between.
    private func rename(
      _ temporary: String, to final: String, _ source: BlobSource
    ) throws(SFTPFailure) {
      do throws(SFTPFailure) {
        try connection.rename(temporary, to: final).wait().requireSuccess()
      } catch {
        // Somebody else was faster, or something else is wrong.
        guard case .status = error.reason, try size(connection.attributes(of: final)) != nil else {
          throw error
        }
        guard try holds(final, source) else { throw .conflict }
        connection.remove(temporary)
      }
      // Who forwards a file to elsewhere may have lost a part of it there.
      guard !connection.canSynchronize else { return }
      guard try size(connection.attributes(of: final)) == source.byteCount else {
        connection.remove(final)
        throw SFTPFailure(
          reason: .malformed, message: "the server has kept only a part of it", isTemporary: true)
      }
    }

    private func wait(_ answers: [PendingReply]) throws(SFTPFailure) {
      for answer in answers { try answer.wait().requireSuccess() }
    }

    /// - Returns: Whether any was known.
    private func forgetFolders() -> Bool {
      target.durableFolders.withLock { folders in
        defer { folders = [] }
        return !folders.isEmpty
      }
    }

    /// Removes temporary files of those who died long ago. That this fails harms nobody.
    ///
    /// - Parameter now: The attributes of a file that was written just now.
    private func tidy(now: PendingReply) {
      do throws(SFTPFailure) {
        guard let now = try now.wait().attributes().modificationTime else { return }
        let age = target.options.temporaryAge.components.seconds
        let folder = "\(TemporaryFile.folder)/"
        for entry in try readFolders([folder])[folder] ?? [] {
          guard let time = entry.attributes.modificationTime, Int64(now) - Int64(time) > age,
            TemporaryFile.isName(entry.name)
          else { continue }
          connection.remove(path(folder + entry.name))
        }
      } catch {}
    }
  }

  /// The folders to be synchronized for a blob, open, where the server can do that.
  private struct OpenFolders {
    private let connection: Connection
    private let parents: [OpenFile]
    private let own: OpenFile?

    init(_ operation: Operation, _ names: BlobFolders) {
      let connection = operation.connection
      self.connection = connection
      func open(_ folder: String) -> OpenFile {
        OpenFile(connection, connection.open(operation.path(folder), .read))
      }
      parents = connection.canSynchronize ? names.parents.map(open) : []
      own = connection.canSynchronize ? open(names.own) : nil
    }

    /// - Returns: The answers to come.
    func synchronizeParents() throws(SFTPFailure) -> [PendingReply] {
      var answers: [PendingReply] = []
      for folder in parents { answers.append(connection.synchronize(try folder.handle())) }
      return answers
    }

    func synchronizeOwn() throws(SFTPFailure) {
      guard let own else { return }
      try connection.synchronize(own.handle()).wait().requireSuccess()
    }

    func close() {
      for folder in parents { folder.close() }
      own?.close()
    }
  }
#endif
