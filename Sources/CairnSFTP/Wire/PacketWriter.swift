#if SFTP
  /// Builds a packet: its length, the kind of message, the number of the request, and its fields,
  /// with integers that begin with their highest byte.
  struct PacketWriter {
    private(set) var bytes: [UInt8]
    private static let idOffset = 5

    /// - Parameter size: Room for what is appended.
    init(_ kind: UInt8, reserving size: Int = 256) {
      bytes = []
      bytes.reserveCapacity(size + 64)
      append(UInt32(0))
      bytes.append(kind)
    }

    /// A request; its number is set when it is sent.
    static func request(_ kind: UInt8, reserving size: Int = 256) -> PacketWriter {
      var packet = PacketWriter(kind, reserving: size)
      packet.append(UInt32(0))
      return packet
    }

    /// A request that the draft does not know.
    static func extended(_ name: String) -> PacketWriter {
      var packet = PacketWriter.request(Message.extended)
      packet.append(name)
      return packet
    }

    mutating func append<Value: FixedWidthInteger>(_ value: Value) {
      withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: String) { append(Array(text.utf8)) }

    /// Appends the number of bytes, and then the bytes.
    mutating func append(_ content: [UInt8]) {
      append(UInt32(content.count))
      bytes.append(contentsOf: content)
    }

    /// Permissions, as the attributes of what is made.
    mutating func append(permissions: UInt32) {
      append(FileAttributes.permissionsFlag)
      append(permissions)
    }

    mutating func setID(_ id: UInt32) { set(id, at: Self.idOffset) }

    /// Sets the length, now that all is appended.
    mutating func finish() { set(UInt32(bytes.count - 4), at: 0) }

    private mutating func set(_ value: UInt32, at offset: Int) {
      for number in 0..<4 {
        bytes[offset + number] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * number))
      }
    }
  }
#endif
