#if SFTP
  /// What a server says of a file (draft-ietf-secsh-filexfer-02, section 5); it may leave out any
  /// part.
  struct FileAttributes: Sendable {
    enum Kind { case file, directory, link, other }

    private(set) var size: UInt64?
    /// The kind of the file is in it too.
    private(set) var permissions: UInt32?
    /// In seconds since 1970, by the server's clock.
    private(set) var modificationTime: UInt32?

    static let sizeFlag: UInt32 = 1
    static let ownerFlag: UInt32 = 2
    static let permissionsFlag: UInt32 = 4
    static let timesFlag: UInt32 = 8
    static let extensionsFlag: UInt32 = 0x8000_0000

    init(from reader: inout PacketReader) throws(SFTPFailure) {
      let flags = try reader.readInteger(UInt32.self)
      if flags & Self.sizeFlag != 0 { size = try reader.readInteger(UInt64.self) }
      if flags & Self.ownerFlag != 0 { _ = try reader.readInteger(UInt64.self) }
      if flags & Self.permissionsFlag != 0 { permissions = try reader.readInteger(UInt32.self) }
      if flags & Self.timesFlag != 0 {
        _ = try reader.readInteger(UInt32.self)
        modificationTime = try reader.readInteger(UInt32.self)
      }
      if flags & Self.extensionsFlag != 0 {
        // However large the count, the fields end with the message.
        for _ in 0..<(try reader.readInteger(UInt32.self)) {
          _ = try reader.readString()
          _ = try reader.readString()
        }
      }
    }

    /// `nil` if the server does not say.
    var kind: Kind? {
      guard let permissions, permissions & 0o170000 != 0 else { return nil }
      switch permissions & 0o170000 {
      case 0o100000: return .file
      case 0o040000: return .directory
      case 0o120000: return .link
      default: return .other
      }
    }

    /// The size of a file, in bytes; `nil` for what is no file.
    ///
    /// Where the server does not tell the kind, what has a size is a file.
    func fileSize() throws(SFTPFailure) -> Int64? {
      guard kind == .file || kind == nil else { return nil }
      guard let size, let size = Int64(exactly: size) else {
        throw .malformed("a file without a size, or with one beyond all bounds")
      }
      return size
    }
  }
#endif
