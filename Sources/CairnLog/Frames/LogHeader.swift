import CairnCore

/// The first 64 bytes of the file of entries.
struct LogHeader {
  static let byteCount = 64
  static let version: UInt32 = 1
  /// `CAIRNLOG`
  static let magic: UInt64 = 0x474F_4C4E_5249_4143

  /// A random number that tells this log from all others.
  let identity: UInt64

  /// Reads a header.
  ///
  /// - Returns: `nil` for a file in which nothing was written yet.
  init?(_ bytes: [UInt8]) throws(LogError) {
    guard bytes.contains(where: { $0 != 0 }) else { return nil }
    let isShort = bytes.count < Self.byteCount
    let bytes = bytes + repeatElement(0, count: max(0, Self.byteCount - bytes.count))
    let (checksum, magic, version, identity) = bytes.withRawBytes { bytes in
      (
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt32.self)),
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
      )
    }
    guard !isShort, magic == Self.magic else {
      throw LogError(.notALog, "this is not a log; it begins with something else")
    }
    guard version == Self.version else {
      throw LogError(
        .newerFormat,
        "the log has version \(version) of the format, and this library knows \(Self.version); "
          + "use a newer one")
    }
    guard bytes.withRawBytes({ BlockChecksum.of($0.baseAddress!, $0.count, seed: 0) }) == checksum
    else {
      throw LogError(.damaged, "the log's header is damaged; restore the log from a copy")
    }
    self.identity = identity
  }

  init(identity: UInt64) {
    self.identity = identity
  }

  var encoded: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.byteCount)
    bytes.withUnsafeMutableBytes { bytes in
      bytes.storeBytes(of: Self.magic.littleEndian, toByteOffset: 8, as: UInt64.self)
      bytes.storeBytes(of: Self.version.littleEndian, toByteOffset: 16, as: UInt32.self)
      bytes.storeBytes(of: identity.littleEndian, toByteOffset: 24, as: UInt64.self)
      let checksum = BlockChecksum.of(UnsafeRawPointer(bytes.baseAddress!), bytes.count, seed: 0)
      bytes.storeBytes(of: checksum.littleEndian, toByteOffset: 0, as: UInt64.self)
    }
    return bytes
  }

  /// What the checksum of the frame at `offset` depends on beside its bytes.
  func seed(at offset: Int64) -> UInt64 {
    identity ^ UInt64(bitPattern: offset) &* 0xCA5A_8263_9512_1157
  }
}
