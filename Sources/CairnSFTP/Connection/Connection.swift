#if SFTP
  import CairnCore

  /// A server's file system through one channel, with the requests of the protocol as methods.
  ///
  /// Each sends a request and returns at once with the answer to come, so many can be under way.
  struct Connection: Sendable {
    let channel: Channel
    let window: ByteWindow
    /// The most bytes that a request asks for or carries.
    let readSize: Int
    let writeSize: Int
    /// Whether files and directories can be synchronized.
    let canSynchronize: Bool
    /// Whether the server tells how much room there is.
    let canTellRoom: Bool
    /// Whether the reads and writes of one file are sent one at a time.
    let sendsInOrder: Bool

    /// The version of the protocol.
    private static let version: UInt32 = 3
    /// What every server takes (section 3: packets of 34,000 bytes).
    private static let usualSize = 32 << 10
    /// What OpenSSH takes; more brings nothing.
    private static let largestSize = 255 << 10

    /// Greets a server and learns what it can do. Blocks.
    ///
    /// - Parameter windowSize: The most bytes under way.
    init(
      _ channel: Channel, windowSize: Int, sendsInOrder: Bool
    ) throws(SFTPFailure) {
      self.channel = channel
      self.sendsInOrder = sendsInOrder
      window = ByteWindow(windowSize)
      let (version, extensions) = try channel.initialize(version: Self.version).wait().greeting()
      guard version == Self.version else {
        throw SFTPFailure(
          reason: .malformed,
          message: "the server speaks version \(version) of SFTP, and version 3 is needed",
          isTemporary: false)
      }
      canSynchronize = extensions["fsync@openssh.com"] == "1"
      canTellRoom = extensions["statvfs@openssh.com"] == "2"
      guard extensions["limits@openssh.com"] == "1" else {
        readSize = Self.usualSize
        writeSize = Self.usualSize
        return
      }
      let limits = try channel.send(.extended("limits@openssh.com")).wait().limits()
      readSize = Self.size(within: limits[1])
      writeSize = Self.size(within: limits[2])
    }

    private static func size(within limit: UInt64) -> Int {
      limit == 0 ? usualSize : Int(clamping: limit).clamped(to: 1 << 10, largestSize)
    }

    // MARK: Files

    func open(_ path: String, _ flags: OpenFlags) -> PendingReply {
      var request = PacketWriter.request(Message.open)
      request.append(path)
      request.append(flags.rawValue)
      if flags.contains(.create) {
        request.append(permissions: 0o600)
      } else {
        request.append(UInt32(0))
      }
      return channel.send(request)
    }

    @discardableResult
    func close(_ handle: FileHandle) -> PendingReply { send(Message.close, handle) }

    func read(_ handle: FileHandle, at offset: Int64, _ count: Int) -> PendingReply {
      var request = PacketWriter.request(Message.read)
      request.append(handle.bytes)
      request.append(UInt64(offset))
      request.append(UInt32(count))
      return channel.send(request)
    }

    func write(_ handle: FileHandle, at offset: Int64, _ bytes: [UInt8]) -> PendingReply {
      var request = PacketWriter.request(Message.write, reserving: bytes.count + 300)
      request.append(handle.bytes)
      request.append(UInt64(offset))
      request.append(bytes)
      return channel.send(request)
    }

    /// Also for a directory that was opened to be read, as ``openToSynchronize(_:)`` does.
    func synchronize(_ handle: FileHandle) -> PendingReply {
      var request = PacketWriter.extended("fsync@openssh.com")
      request.append(handle.bytes)
      return channel.send(request)
    }

    func attributes(of handle: FileHandle) -> PendingReply { send(Message.fileStatus, handle) }

    // MARK: Names

    func attributes(of path: String) -> PendingReply { send(Message.pathStatus, path) }

    @discardableResult
    func remove(_ path: String) -> PendingReply { send(Message.remove, path) }

    func makeDirectory(_ path: String) -> PendingReply {
      var request = PacketWriter.request(Message.makeDirectory)
      request.append(path)
      request.append(permissions: 0o700)
      return channel.send(request)
    }

    func rename(_ path: String, to other: String) -> PendingReply {
      var request = PacketWriter.request(Message.rename)
      request.append(path)
      request.append(other)
      return channel.send(request)
    }

    /// Asks for the room of the file system that a path is on.
    func room(at path: String) -> PendingReply {
      var request = PacketWriter.extended("statvfs@openssh.com")
      request.append(path)
      return channel.send(request)
    }

    func openDirectory(_ path: String) -> PendingReply { send(Message.openDirectory, path) }

    func readDirectory(_ handle: FileHandle) -> PendingReply {
      send(Message.readDirectory, handle)
    }

    private func send(_ kind: UInt8, _ path: String) -> PendingReply {
      var request = PacketWriter.request(kind)
      request.append(path)
      return channel.send(request)
    }

    private func send(_ kind: UInt8, _ handle: FileHandle) -> PendingReply {
      var request = PacketWriter.request(kind)
      request.append(handle.bytes)
      return channel.send(request)
    }
  }

  extension Int {
    fileprivate func clamped(to least: Int, _ most: Int) -> Int {
      Swift.min(Swift.max(self, least), most)
    }
  }
#endif
