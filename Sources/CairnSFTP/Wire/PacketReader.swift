#if SFTP
  /// Reads the fields of a message from a server, which may be damaged or hostile: every length is
  /// checked against what is there.
  struct PacketReader {
    private let bytes: ArraySlice<UInt8>
    private var offset: Int

    init(_ bytes: ArraySlice<UInt8>) {
      self.bytes = bytes
      offset = bytes.startIndex
    }

    var remaining: Int { bytes.endIndex - offset }

    mutating func readInteger<Value: FixedWidthInteger>(
      _ type: Value.Type
    ) throws(SFTPFailure) -> Value {
      var value: Value = 0
      for byte in try take(MemoryLayout<Value>.size) { value = value << 8 | Value(byte) }
      return value
    }

    /// Reads a number of bytes, and takes these without copying them.
    mutating func readString() throws(SFTPFailure) -> ArraySlice<UInt8> {
      try take(Int(readInteger(UInt32.self)))
    }

    /// Reads text; what is not UTF-8 is repaired.
    mutating func readText() throws(SFTPFailure) -> String {
      String(decoding: try readString(), as: UTF8.self)
    }

    private mutating func take(_ count: Int) throws(SFTPFailure) -> ArraySlice<UInt8> {
      guard count <= remaining else {
        throw .malformed("a message that ends in the middle of a field")
      }
      defer { offset += count }
      return bytes[offset..<offset + count]
    }
  }
#endif
