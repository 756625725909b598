import CairnCore

/// The first 128 bytes of a frozen arena; the module's format page describes them.
struct FrozenHeader: Equatable {
  static let size = 128
  static let magic: [UInt8] = Array("cairnstr".utf8)
  static let version: UInt32 = 1

  var layout: RecordLayout
  var stringCount: Int
  var recordBytes: Int
  var groupCount: Int
  var hash: ByteHash
  var recordChecksum: UInt64 = 0
  var tableChecksum: UInt64 = 0

  private static var numberedFlag: UInt8 { 1 }
  private static var tableFlag: UInt8 { 2 }

  var isSearchable: Bool { groupCount > 0 || stringCount == 0 }
  var recordEnd: Int { Self.size + recordBytes }
  var tableStart: Int {
    groupCount == 0
      ? recordEnd
      : (recordEnd + GroupView.groupSize - 1) / GroupView.groupSize * GroupView.groupSize
  }
  var fileSize: Int { tableStart + groupCount * GroupView.groupSize }

  func encoded() -> [UInt8] {
    var writer = BinaryWriter(reserving: Self.size)
    writer.append(Self.magic)
    writer.append(Self.version)
    writer.append(UInt8(layout.granuleShift))
    var flags: UInt8 = layout.isNumbered ? Self.numberedFlag : 0
    if groupCount > 0 { flags |= Self.tableFlag }
    writer.append(flags)
    writer.append(UInt16(0))
    writer.append(UInt64(stringCount))
    writer.append(UInt64(recordBytes))
    writer.append(UInt64(groupCount))
    writer.append(UInt64(fileSize))
    for key in [hash.key0, hash.key1, hash.key2, hash.key3] { writer.append(key) }
    writer.append(recordChecksum)
    writer.append(tableChecksum)
    writer.append(repeatElement(UInt8(0), count: 24))
    writer.append(writer.bytes.withRawBytes { XXH64.checksum(of: $0) })
    return writer.bytes
  }

  /// Reads the header of a file of `fileSize` bytes, and trusts none of it.
  init(_ bytes: UnsafeRawBufferPointer, fileSize: Int) throws(InternError) {
    let start = bytes.prefix(Self.magic.count)
    guard start.elementsEqual(Self.magic.prefix(start.count)) else { throw .notFrozen() }
    guard bytes.count >= Self.size else {
      throw start.isEmpty ? .notFrozen() : .truncated(have: bytes.count, need: Self.size)
    }
    func number<Value: FixedWidthInteger & BitwiseCopyable>(
      at offset: Int, _ type: Value.Type
    ) -> Value {
      Value(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
    }
    // The version first: what follows may be quite different in another one.
    let version = number(at: 8, UInt32.self)
    guard version == Self.version else { throw .unknownVersion(version) }
    let covered = UnsafeRawBufferPointer(rebasing: bytes[..<(Self.size - 8)])
    guard XXH64.checksum(of: covered) == number(at: Self.size - 8, UInt64.self) else {
      throw .damaged("the header does not have its checksum")
    }
    let shift = Int(bytes[12])
    let flags = bytes[13]
    guard shift <= 3, flags & ~(Self.numberedFlag | Self.tableFlag) == 0,
      bytes[14..<16].allSatisfy({ $0 == 0 }), bytes[96..<120].allSatisfy({ $0 == 0 })
    else { throw .damaged("the header names a layout that does not exist") }
    layout = RecordLayout(granuleShift: shift, isNumbered: flags & Self.numberedFlag != 0)
    hash = ByteHash(
      number(at: 48, UInt64.self), number(at: 56, UInt64.self), number(at: 64, UInt64.self),
      number(at: 72, UInt64.self))
    recordChecksum = number(at: 80, UInt64.self)
    tableChecksum = number(at: 88, UInt64.self)

    let statedSize = number(at: 40, UInt64.self)
    let records = number(at: 24, UInt64.self)
    let groups = number(at: 32, UInt64.self)
    let strings = number(at: 16, UInt64.self)
    let reach = UInt64(Symbol<Never>.largestRawValue) + 1
    // These bounds also keep the sums below from overflowing.
    guard records <= reach << UInt64(shift), groups <= reach, strings <= records,
      (groups > 0) == (flags & Self.tableFlag != 0)
    else { throw .damaged("the header has impossible sizes") }
    stringCount = Int(strings)
    recordBytes = Int(records)
    groupCount = Int(groups)
    guard statedSize == UInt64(self.fileSize) else {
      throw .damaged("the sizes in the header do not add up")
    }
    guard fileSize >= self.fileSize else {
      throw .truncated(have: fileSize, need: self.fileSize)
    }
    guard fileSize == self.fileSize else {
      throw .damaged("something follows its end")
    }
  }

  init(layout: RecordLayout, stringCount: Int, recordBytes: Int, groupCount: Int, hash: ByteHash) {
    self.layout = layout
    self.stringCount = stringCount
    self.recordBytes = recordBytes
    self.groupCount = groupCount
    self.hash = hash
  }
}

extension InternError {
  static var frozenArena: String { "frozen string arena" }

  @inline(never)
  static func notFrozen(_ file: String = frozenArena) -> InternError {
    InternError(.unknownFormat, "this is no \(file): it does not start like one")
  }

  @inline(never)
  static func unknownVersion(_ version: UInt32, _ file: String = frozenArena) -> InternError {
    InternError(
      .unknownVersion,
      "this \(file) has version \(version), which this library does not know: use a newer library")
  }

  @inline(never)
  static func truncated(have: Int, need: Int, _ file: String = frozenArena) -> InternError {
    InternError(
      .truncated,
      "this \(file) ends too early, after \(have) of \(need) bytes: use a whole copy")
  }

  @inline(never)
  static func damaged(_ detail: String, _ file: String = frozenArena) -> InternError {
    InternError(.damaged, "this \(file) is damaged, \(detail): use another copy")
  }

  @inline(never)
  static func io(_ error: IOError) -> InternError {
    InternError(.io, "reading or writing a file of strings failed", cause: error)
  }
}
