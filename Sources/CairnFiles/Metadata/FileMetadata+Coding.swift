public import CairnCore

/// The second and third byte of encoded metadata: see ``FileMetadata/encode(into:)``.
private struct Fields: OptionSet {
  let rawValue: UInt16
  static let wholeSeconds = Fields(rawValue: 1 << 0)
  static let changeTime = Fields(rawValue: 1 << 1)
  static let ownedByRoot = Fields(rawValue: 1 << 2)
  static let userName = Fields(rawValue: 1 << 3)
  static let groupName = Fields(rawValue: 1 << 4)
  static let groupLikeUser = Fields(rawValue: 1 << 5)
  static let extendedAttributes = Fields(rawValue: 1 << 6)
  static let linkCount = Fields(rawValue: 1 << 7)
  static let changedWhileRead = Fields(rawValue: 1 << 8)
  static let attributesIncomplete = Fields(rawValue: 1 << 9)
  static let unknown = Fields(rawValue: 0xFC00)
}

private let formatVersion: UInt8 = 1
private let nanosecondsPerSecond: Int64 = 1_000_000_000
private let rootName = "root"

// MARK: Encoding

extension FileMetadata {
  /// Appends the encoded metadata to `bytes`.
  ///
  /// The encoding ends by itself, so anything may follow it. A file without extended attributes
  /// that root owns takes 18 to 31 bytes. It is not checksummed; whoever stores it does that.
  ///
  /// ## The format, version 1
  ///
  /// All integers are unsigned LEB128 varints of at most 64 bits ("varint"), zigzag-coded where
  /// they can be negative ("signed varint": 0, -1, 1, -2 are stored as 0, 1, 2, 3), or
  /// little-endian with the stated number of bytes. The fields follow one another without padding:
  ///
  ///     1 byte     low four bits: the kind (``FileKind``'s raw value, 1 to 7); high four: the version, 1
  ///     2 bytes    what follows, by bit:
  ///                  0  the modification time is a whole number of seconds
  ///                  1  the change time differs from the modification time
  ///                  2  uid and gid are 0 and both names are "root"
  ///                  3  there is a user name
  ///                  4  there is a group name
  ///                  5  gid and group name are the same as uid and user name
  ///                  6  there are extended attributes
  ///                  7  the link count is not 1
  ///                  8  the content changed while it was read
  ///                  9  some of the extended attributes could not be read
  ///                  10 to 15 are zero
  ///     varint     size, for a regular file
  ///     time       modification time: with bit 0 a signed varint of seconds, otherwise 8 bytes of
  ///                nanoseconds, signed
  ///     varint     with bit 1: change time minus modification time, signed, modulo 2^64, nanoseconds
  ///     varint     inode
  ///     varint     device
  ///     varint     permissions, at most 07777
  ///                without bit 2:
  ///     varint       uid
  ///     varint       without bit 5: gid
  ///     string       with bit 3: user name, a varint length and that many bytes of UTF-8
  ///     string       with bit 4 and without bit 5: group name
  ///     varint     with bit 7: link count
  ///     varints    for a device: major number, minor number, each below 2^32
  ///     string     for a symbolic link: target, a varint length and that many bytes
  ///                with bit 6:
  ///     varint       number of extended attributes, at least 1, then for each, sorted by name:
  ///     string         name, a varint length of at least 1 and that many bytes, none of them zero
  ///     string         value
  ///
  /// What decides whether a file is unchanged comes first, so that a comparison with a file's
  /// status reads some twenty bytes and nothing else.
  ///
  /// - Precondition: the kind is known, the size is not negative, and the extended attributes are
  ///   sorted by name, each name, which is not empty and holds no zero byte, occurring once.
  /// - Complexity: O(*n*) in the bytes written.
  public func encode(into bytes: inout [UInt8]) {
    let fields = self.fields
    bytes.append(formatVersion << 4 | kind.rawValue)
    bytes.append(UInt8(truncatingIfNeeded: fields.rawValue))
    bytes.append(UInt8(truncatingIfNeeded: fields.rawValue >> 8))
    if kind == .regular { bytes.append(varint: UInt64(bitPattern: size)) }
    if fields.contains(.wholeSeconds) {
      bytes.append(varint: zigzag(modificationTime / nanosecondsPerSecond))
    } else {
      withUnsafeBytes(of: modificationTime.littleEndian) { bytes.append(contentsOf: $0) }
    }
    if fields.contains(.changeTime) {
      bytes.append(varint: zigzag(changeTime &- modificationTime))
    }
    bytes.append(varint: inode)
    bytes.append(varint: device)
    bytes.append(varint: UInt64(permissions & 0o7777))
    if !fields.contains(.ownedByRoot) {
      bytes.append(varint: UInt64(uid))
      if !fields.contains(.groupLikeUser) { bytes.append(varint: UInt64(gid)) }
      if let userName { bytes.append(counted: userName.utf8) }
      if let groupName, !fields.contains(.groupLikeUser) { bytes.append(counted: groupName.utf8) }
    }
    if fields.contains(.linkCount) { bytes.append(varint: linkCount) }
    switch kind {
    case .characterDevice, .blockDevice:
      bytes.append(varint: UInt64(deviceNumber.major))
      bytes.append(varint: UInt64(deviceNumber.minor))
    case .symbolicLink:
      bytes.append(counted: linkTarget)
    default:
      break
    }
    if fields.contains(.extendedAttributes) {
      bytes.append(varint: UInt64(extendedAttributes.count))
      for attribute in extendedAttributes {
        bytes.append(counted: attribute.name)
        bytes.append(counted: attribute.value)
      }
    }
  }

  private var fields: Fields {
    var fields: Fields = []
    if modificationTime % nanosecondsPerSecond == 0 { fields.insert(.wholeSeconds) }
    if changeTime != modificationTime { fields.insert(.changeTime) }
    if uid == 0, gid == 0, userName == rootName, groupName == rootName {
      fields.insert(.ownedByRoot)
    } else {
      if userName != nil { fields.insert(.userName) }
      if groupName != nil { fields.insert(.groupName) }
      if uid == gid, userName == groupName { fields.insert(.groupLikeUser) }
    }
    if !extendedAttributes.isEmpty { fields.insert(.extendedAttributes) }
    if linkCount != 1 { fields.insert(.linkCount) }
    if flags.contains(.changedWhileRead) { fields.insert(.changedWhileRead) }
    if flags.contains(.attributesIncomplete) { fields.insert(.attributesIncomplete) }
    return fields
  }
}

// MARK: Decoding

extension FileMetadata {
  /// Decodes the metadata at the start of `bytes`; other bytes may follow it.
  ///
  /// - Returns: the metadata and the number of bytes that it took.
  /// - Throws: `malformed` for bytes that do not follow the format; nothing is allocated for a
  ///   length that the bytes do not hold.
  public static func decode(
    _ bytes: RawSpan
  ) throws(IOError) -> (metadata: FileMetadata, byteCount: Int) {
    var result: (FileMetadata, Int)?
    bytes.withUnsafeBytes { bytes in
      var cursor = Cursor(bytes)
      let metadata = FileMetadata(&cursor)
      if !cursor.failed { result = (metadata, cursor.offset) }
    }
    guard let result else { throw malformed(bytes) }
    return result
  }

  /// Decodes metadata and leaves `reader` behind it.
  ///
  /// - Throws: `malformed` for bytes that do not follow the format.
  public init(from reader: inout BinaryReader) throws(IOError) {
    var ahead = reader
    let (metadata, count) = try Self.decode(ahead.readBytes(ahead.remaining))
    _ = try reader.readBytes(count)
    self = metadata
  }

  /// Whether a file of this status is unchanged since its metadata was encoded: what
  /// ``isUnchanged(_:)`` says after decoding, without decoding the rest.
  ///
  /// Bytes that do not follow the format count as changed.
  ///
  /// - Complexity: O(1); allocates nothing.
  public static func isUnchanged(encoded bytes: RawSpan, status: FileStatus) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var cursor = Cursor(bytes)
      let head = Head(&cursor)
      return !cursor.failed
        && head.fields.isDisjoint(with: [.changedWhileRead, .attributesIncomplete])
        && head.kind == status.kind && head.inode == status.inode
        && head.modificationTime == status.modificationTime && head.changeTime == status.changeTime
        && (head.kind != .regular || head.size == status.size)
    }
  }

  @inline(never)
  private static func malformed(_ bytes: RawSpan) -> IOError {
    let isNewer = bytes.byteCount > 0 && bytes.unsafeLoad(as: UInt8.self) >> 4 > formatVersion
    return IOError(
      .malformed, operation: "decode", subject: "a file's metadata",
      detail: isNewer
        ? "it is of a newer format version; use a newer version of this program"
        : "the bytes do not follow the format")
  }

  /// Reads everything; what is read after a failure has no meaning.
  private init(_ cursor: inout Cursor) {
    let head = Head(&cursor)
    let fields = head.fields
    self.init(kind: head.kind, permissions: 0)
    size = head.size
    modificationTime = head.modificationTime
    changeTime = head.changeTime
    inode = head.inode
    device = cursor.varint()
    permissions = UInt16(cursor.varint(upTo: 0o7777))
    if fields.contains(.ownedByRoot) {
      userName = rootName
      groupName = rootName
      cursor.check(fields.isDisjoint(with: [.userName, .groupName, .groupLikeUser]))
    } else {
      uid = UInt32(cursor.varint(upTo: UInt64(UInt32.max)))
      gid = fields.contains(.groupLikeUser) ? uid : UInt32(cursor.varint(upTo: UInt64(UInt32.max)))
      if fields.contains(.userName) { userName = cursor.string() }
      if fields.contains(.groupLikeUser) {
        cursor.check(fields.contains(.userName) == fields.contains(.groupName))
        groupName = userName
      } else if fields.contains(.groupName) {
        groupName = cursor.string()
      }
    }
    if fields.contains(.linkCount) { linkCount = cursor.varint() }
    switch kind {
    case .characterDevice, .blockDevice:
      deviceNumber.major = UInt32(cursor.varint(upTo: UInt64(UInt32.max)))
      deviceNumber.minor = UInt32(cursor.varint(upTo: UInt64(UInt32.max)))
    case .symbolicLink:
      linkTarget = Array(cursor.counted())
    default:
      break
    }
    if fields.contains(.extendedAttributes) { readAttributes(&cursor) }
    if fields.contains(.changedWhileRead) { flags.insert(.changedWhileRead) }
    if fields.contains(.attributesIncomplete) { flags.insert(.attributesIncomplete) }
  }

  private mutating func readAttributes(_ cursor: inout Cursor) {
    let count = cursor.varint()
    cursor.check(count > 0)
    // Not reserved: the count is not to be trusted before the attributes are seen.
    var left = count
    while left > 0, !cursor.failed {
      let name = Array(cursor.counted())
      let value = Array(cursor.counted())
      cursor.check(!name.isEmpty && !name.contains(0))
      if let last = extendedAttributes.last {
        cursor.check(last.name.lexicographicallyPrecedes(name))
      }
      extendedAttributes.append(ExtendedAttribute(name: name, value: value))
      left -= 1
    }
  }
}

/// The fields up to the inode.
private struct Head {
  let kind: FileKind
  let fields: Fields
  let size: Int64
  let modificationTime: Int64
  let changeTime: Int64
  let inode: UInt64

  init(_ cursor: inout Cursor) {
    let first = cursor.byte()
    kind = FileKind(rawValue: first & 0x0F) ?? .unknown
    cursor.check(first >> 4 == formatVersion && kind != .unknown)
    fields = Fields(rawValue: UInt16(cursor.byte()) | UInt16(cursor.byte()) << 8)
    cursor.check(fields.isDisjoint(with: .unknown))
    size = kind == .regular ? Int64(cursor.varint(upTo: UInt64(Int64.max))) : 0
    var time: Int64
    if fields.contains(.wholeSeconds) {
      let overflows: Bool
      (time, overflows) = unzigzag(cursor.varint()).multipliedReportingOverflow(
        by: nanosecondsPerSecond)
      cursor.check(!overflows)
    } else {
      time = cursor.int64()
    }
    modificationTime = time
    if fields.contains(.changeTime) { time &+= unzigzag(cursor.varint()) }
    changeTime = time
    inode = cursor.varint()
  }
}

/// Reads fields; a failure is remembered and looked at once, at the end, since that is what keeps
/// decoding a million entries cheap.
private struct Cursor {
  private let bytes: UnsafeRawBufferPointer
  private(set) var offset = 0
  private(set) var failed = false

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  @inline(__always)
  mutating func check(_ condition: Bool) {
    if !condition { failed = true }
  }

  @inline(__always)
  mutating func byte() -> UInt8 {
    guard offset < bytes.count else {
      failed = true
      return 0
    }
    defer { offset += 1 }
    return bytes[offset]
  }

  mutating func int64() -> Int64 {
    guard bytes.count - offset >= 8 else {
      failed = true
      return 0
    }
    defer { offset += 8 }
    return Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self))
  }

  mutating func varint() -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = byte()
      let bits = UInt64(byte & 0x7F)
      guard shift < 63 || shift == 63 && bits <= 1 else {
        failed = true
        return 0
      }
      result |= bits << shift
      if byte < 0x80 { return result }
      shift += 7
    }
  }

  /// A number that is at most `limit`, or 0 and a failure.
  mutating func varint(upTo limit: UInt64) -> UInt64 {
    let value = varint()
    if value <= limit { return value }
    failed = true
    return 0
  }

  /// A length and that many bytes.
  mutating func counted() -> UnsafeRawBufferPointer {
    let count = varint()
    guard count <= UInt64(bytes.count - offset) else {
      failed = true
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    defer { offset += Int(count) }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Int(count)])
  }

  mutating func string() -> String {
    let bytes = counted()
    guard let string = String(validating: bytes, as: UTF8.self) else {
      failed = true
      return ""
    }
    return string
  }
}

@inline(__always)
private func zigzag(_ value: Int64) -> UInt64 {
  UInt64(bitPattern: value << 1 ^ value >> 63)
}

@inline(__always)
private func unzigzag(_ value: UInt64) -> Int64 {
  Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
}

extension [UInt8] {
  fileprivate mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    append(UInt8(truncatingIfNeeded: rest))
  }

  fileprivate mutating func append(counted content: some Collection<UInt8>) {
    append(varint: UInt64(content.count))
    append(contentsOf: content)
  }
}
