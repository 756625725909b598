#if SFTP
  public import CairnChunks

  extension SFTPTarget {
    public func get(
      _ name: BlobName, range: Range<Int64>?
    ) async throws(ChunkStoreError) -> [UInt8] {
      try await run("read \(name)", name) { (operation) throws(SFTPFailure) -> [UInt8] in
        try operation.get(name, range: range)
      }
    }

    public func size(of name: BlobName) async throws(ChunkStoreError) -> Int64? {
      try await run("look at \(name)", name) { (operation) throws(SFTPFailure) -> Int64? in
        let answer = operation.connection.attributes(of: operation.path(name.description))
        let root = operation.connection.attributes(of: operation.target.root)
        if let size = try operation.size(answer) { return size }
        try operation.requireRoot(root)
        return nil
      }
    }
  }

  extension Operation {
    /// No more is reserved for what a server says that a blob has.
    private static let largestReservation: Int64 = 16 << 20

    fileprivate func get(
      _ name: BlobName, range: Range<Int64>?
    ) throws(SFTPFailure) -> [UInt8] {
      let path = path(name.description)
      let file = OpenFile(connection, connection.open(path, .read))
      defer { file.close() }
      let looking = connection.attributes(of: path)
      guard let size = try size(looking) else {
        try requireRoot()
        throw .missing
      }
      let handle = try file.handle()
      let range = (range ?? 0..<size).clamped(to: 0..<size)
      var bytes: [UInt8] = []
      bytes.reserveCapacity(Int(min(Self.largestReservation, range.upperBound - range.lowerBound)))
      try read(handle, range) { part in
        bytes.append(contentsOf: part)
        return true
      }
      return bytes
    }

    /// Whether a file holds just the bytes of a source.
    func holds(_ path: String, _ source: BlobSource) throws(SFTPFailure) -> Bool {
      let file = OpenFile(connection, connection.open(path, .read))
      defer { file.close() }
      let looking = connection.attributes(of: path)
      let handle = try file.handle()
      guard let size = try size(looking) else {
        throw SFTPFailure(
          reason: .malformed, message: "it went away while it was looked at", isTemporary: true)
      }
      guard size == source.byteCount else { return false }
      var offset: Int64 = 0
      var isSame = true
      try read(handle, 0..<source.byteCount) { (part) throws(SFTPFailure) in
        isSame = try bytes(of: source, offset..<offset + Int64(part.count)).elementsEqual(part)
        offset += Int64(part.count)
        return isSame
      }
      return isSame
    }

    func bytes(of source: BlobSource, _ range: Range<Int64>) throws(SFTPFailure) -> [UInt8] {
      do {
        return try source.read(range)
      } catch {
        throw .local(error)
      }
    }

    /// Reads a range that the file is known to have; `body` gets its bytes in order and says whether
    /// it wants more.
    private func read(
      _ handle: FileHandle, _ range: Range<Int64>,
      _ body: (ArraySlice<UInt8>) throws(SFTPFailure) -> Bool
    ) throws(SFTPFailure) {
      let pipeline = Pipeline(connection)
      var next = range.lowerBound
      while true {
        while next < range.upperBound {
          let count = Int(min(Int64(connection.readSize), range.upperBound - next))
          guard pipeline.takeRoom(count) else { break }
          let reply = connection.read(handle, at: next, count)
          pipeline.append(Pipeline.Part(offset: next, count: count, reply: reply))
          next += Int64(count)
        }
        guard let (part, first) = try pipeline.next() else { return }
        try checkCancellation()
        // A server may give less than was asked for.
        var reply = first
        var done = 0
        while true {
          guard let bytes = try reply.data(atMost: part.count - done) else {
            throw SFTPFailure(
              reason: .malformed, message: "the file ended before the size that the server named",
              isTemporary: true)
          }
          guard try body(bytes) else { return }
          done += bytes.count
          if done == part.count { break }
          reply = try connection.read(handle, at: part.offset + Int64(done), part.count - done)
            .wait()
        }
      }
    }
  }
#endif
