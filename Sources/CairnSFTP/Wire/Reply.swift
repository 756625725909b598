#if SFTP
  /// A server's answer to a request.
  struct Reply: Sendable {
    let kind: UInt8
    /// What follows the number of the request.
    private let body: ArraySlice<UInt8>

    init(kind: UInt8, body: ArraySlice<UInt8>) {
      self.kind = kind
      self.body = body
    }

    /// The error that this is, if it is one.
    private func failure() throws(SFTPFailure) -> SFTPFailure? {
      guard kind == Message.status else { return nil }
      var reader = PacketReader(body)
      let code = try reader.readInteger(UInt32.self)
      guard code != StatusCode.ok else { return nil }
      // Older servers leave out the text.
      let text = reader.remaining > 0 ? try reader.readText() : ""
      return .status(code, text)
    }

    /// Reads the body of a message of one kind; any other is an error.
    private func reader(of expected: UInt8) throws(SFTPFailure) -> PacketReader {
      if let failure = try failure() { throw failure }
      guard kind == expected else {
        throw .malformed("a message of kind \(kind) where one of kind \(expected) belongs")
      }
      return PacketReader(body)
    }

    /// Throws unless the request was done.
    func requireSuccess() throws(SFTPFailure) { _ = try reader(of: Message.status) }

    func handle() throws(SFTPFailure) -> FileHandle {
      var reader = try reader(of: Message.handle)
      let bytes = try reader.readString()
      guard (1...256).contains(bytes.count) else {
        throw .malformed("a handle of \(bytes.count) bytes")
      }
      return FileHandle(bytes: Array(bytes))
    }

    func attributes() throws(SFTPFailure) -> FileAttributes {
      var reader = try reader(of: Message.attributes)
      return try FileAttributes(from: &reader)
    }

    /// Bytes of a file, no more than were asked for; `nil` at its end.
    func data(atMost count: Int) throws(SFTPFailure) -> ArraySlice<UInt8>? {
      do throws(SFTPFailure) {
        var reader = try reader(of: Message.data)
        let bytes = try reader.readString()
        guard (1...count).contains(bytes.count) else {
          throw SFTPFailure.malformed("\(bytes.count) bytes where \(count) were asked for")
        }
        return bytes
      } catch {
        guard error.isStatus(StatusCode.endOfFile) else { throw error }
        return nil
      }
    }

    /// Some names of a directory; `nil` at its end.
    func names() throws(SFTPFailure) -> [DirectoryEntry]? {
      do throws(SFTPFailure) {
        var reader = try reader(of: Message.name)
        var entries: [DirectoryEntry] = []
        let count = try reader.readInteger(UInt32.self)
        guard count > 0 else { throw SFTPFailure.malformed("a list of no names") }
        for _ in 0..<count {
          let name = Array(try reader.readString())
          // A line for people.
          _ = try reader.readString()
          entries.append(DirectoryEntry(name: name, attributes: try FileAttributes(from: &reader)))
        }
        return entries
      } catch {
        guard error.isStatus(StatusCode.endOfFile) else { throw error }
        return nil
      }
    }

    /// The four limits of `limits@openssh.com`: of a packet, of what is read and written at once, in
    /// bytes, and of open handles. Zero is for no limit.
    func limits() throws(SFTPFailure) -> [UInt64] {
      try numbers(4)
    }

    /// What an extension answers with numbers alone.
    func numbers(_ count: Int) throws(SFTPFailure) -> [UInt64] {
      var reader = try reader(of: Message.extendedReply)
      var numbers: [UInt64] = []
      for _ in 0..<count { numbers.append(try reader.readInteger(UInt64.self)) }
      return numbers
    }

    /// The version in a server's first message, and what it can do beyond the draft.
    func greeting() throws(SFTPFailure) -> (version: UInt32, extensions: [String: String]) {
      var reader = PacketReader(body)
      let version = try reader.readInteger(UInt32.self)
      var extensions: [String: String] = [:]
      while reader.remaining > 0 {
        let name = try reader.readText()
        extensions[name] = try reader.readText()
      }
      return (version, extensions)
    }
  }

  /// By what a server knows an open file or directory.
  struct FileHandle: Sendable {
    let bytes: [UInt8]
  }

  struct DirectoryEntry: Sendable {
    /// One component of a path, unless the server is hostile.
    let name: [UInt8]
    let attributes: FileAttributes
  }
#endif
