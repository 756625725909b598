#if SFTP
  public import CairnChunks

  extension SFTPTarget {
    public func delete(_ name: BlobName) async throws(ChunkStoreError) {
      try await run("remove \(name)", name) { (operation) throws(SFTPFailure) -> Void in
        try operation.delete(name)
      }
    }
  }

  extension Operation {
    fileprivate func delete(_ name: BlobName) throws(SFTPFailure) {
      let path = path(name.description)
      let removing = connection.remove(path)
      let folder = self.path(BlobFolders(of: name, known: []).own)
      let file =
        connection.canSynchronize
        ? OpenFile(connection, connection.open(folder, .read)) : nil
      defer { file?.close() }
      do throws(SFTPFailure) {
        try removing.wait().requireSuccess()
      } catch {
        guard case .status(let code) = error.reason else { throw error }
        // A folder is no blob.
        if code != StatusCode.noSuchFile, try size(connection.attributes(of: path)) != nil {
          throw error
        }
        return try requireRoot()
      }
      if let file { try connection.synchronize(file.handle()).wait().requireSuccess() }
    }
  }
#endif
