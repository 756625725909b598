import CairnCore
import CairnFiles
import Testing

@Suite struct FileMetadataCodingTests {
  /// Metadata that uses all that the format has.
  static func random(_ random: inout Seeded) -> FileMetadata {
    func number() -> UInt64 {
      // All magnitudes, not only large ones.
      UInt64.random(in: .min ... .max, using: &random) >> UInt64.random(in: 0...63, using: &random)
    }
    let kind = FileKind(rawValue: UInt8.random(in: 1...7, using: &random))!
    var metadata = FileMetadata(kind: kind, permissions: .random(in: 0...0o7777, using: &random))
    metadata.uid = UInt32(truncatingIfNeeded: number())
    metadata.gid =
      Bool.random(using: &random) ? metadata.uid : UInt32(truncatingIfNeeded: number())
    metadata.userName = [nil, "", "root", "alice", "jürgen.von.und.zu"].randomElement(
      using: &random)!
    metadata.groupName = [nil, metadata.userName, "root", "staff"].randomElement(using: &random)!
    metadata.modificationTime = Int64(bitPattern: number())
    if Bool.random(using: &random) {
      metadata.modificationTime -= metadata.modificationTime % 1_000_000_000
    }
    metadata.changeTime =
      Bool.random(using: &random) ? metadata.modificationTime : Int64(bitPattern: number())
    metadata.device = number()
    metadata.inode = number()
    metadata.linkCount = Bool.random(using: &random) ? 1 : number()
    if kind == .regular { metadata.size = Int64(number() >> 1) }
    if kind == .characterDevice || kind == .blockDevice {
      metadata.deviceNumber = DeviceNumber(
        major: .random(in: .min ... .max, using: &random),
        minor: .random(in: .min ... .max, using: &random))
    }
    if kind == .symbolicLink { metadata.linkTarget = random.bytes(0...300) }
    if Bool.random(using: &random) {
      let names = Set((0..<4).map { _ in random.bytes(1...20).map { max($0, 1) } })
      metadata.extendedAttributes = names.sorted { $0.lexicographicallyPrecedes($1) }.map {
        ExtendedAttribute(name: $0, value: random.bytes(0...200))
      }
    }
    metadata.flags = FileMetadata.Flags(rawValue: .random(in: 0...3, using: &random))
    return metadata
  }

  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func roundTrips(seed: UInt64) throws {
    var random = Seeded(seed)
    for _ in 0..<2000 {
      let metadata = Self.random(&random)
      var bytes: [UInt8] = [1, 2, 3]
      metadata.encode(into: &bytes)
      let length = bytes.count - 3
      // Something follows, as in a snapshot.
      bytes += random.bytes(0...10)
      let decoded = try Array(bytes[3...]).asSpan { try FileMetadata.decode($0) }
      #expect(decoded.metadata == metadata)
      #expect(decoded.byteCount == length)

      var reader = BinaryReader(bytes.span.bytes)
      _ = try reader.readBytes(3)
      #expect(try FileMetadata(from: &reader) == metadata)
      #expect(reader.offset == 3 + length)
    }
  }

  @Test(arguments: [1, 2] as [UInt64])
  func refusesEveryTruncation(seed: UInt64) throws {
    var random = Seeded(seed)
    for _ in 0..<100 {
      var bytes: [UInt8] = []
      Self.random(&random).encode(into: &bytes)
      for length in 0..<bytes.count {
        let error = #expect(throws: IOError.self) {
          try Array(bytes[..<length]).asSpan { _ = try FileMetadata.decode($0) }
        }
        #expect(error?.code == .malformed)
      }
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func survivesHostileBytes(seed: UInt64) throws {
    var random = Seeded(seed)
    var accepted = 0
    for round in 0..<20_000 {
      var bytes: [UInt8]
      if round % 2 == 0 {
        bytes = random.bytes(0...60)
        if !bytes.isEmpty { bytes[0] = 0x10 | bytes[0] & 7 }
        if bytes.count > 2 { bytes[2] &= 3 }
      } else {
        bytes = []
        Self.random(&random).encode(into: &bytes)
        for _ in 0..<3 {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
            1 << UInt8.random(in: 0...7, using: &random)
        }
      }
      // An error or some metadata; what it is is not the point, that it comes back is.
      if let decoded = try? bytes.asSpan({ try FileMetadata.decode($0) }) {
        accepted += 1
        #expect(decoded.byteCount <= bytes.count)
        var again: [UInt8] = []
        decoded.metadata.encode(into: &again)
        #expect(try again.asSpan { try FileMetadata.decode($0).metadata } == decoded.metadata)
      }
    }
    #expect(accepted > 100)
  }

  @Test func refusesWhatTheFormatDoesNotHave() throws {
    var bytes: [UInt8] = []
    FileMetadata(kind: .regular, permissions: 0o644).encode(into: &bytes)
    func refuses(_ bytes: [UInt8], _ comment: Comment) {
      let error = #expect(throws: IOError.self, comment) {
        try bytes.asSpan { _ = try FileMetadata.decode($0) }
      }
      #expect(error?.code == .malformed, comment)
    }
    var other = bytes
    other[0] = 0x21
    refuses(other, "a newer version")
    let error = #expect(throws: IOError.self) { try other.asSpan { try FileMetadata.decode($0) } }
    #expect(error?.description.contains("newer") == true)
    for kind: UInt8 in [0, 8, 15] {
      other[0] = 0x10 | kind
      refuses(other, "kind \(kind)")
    }
    for bit: UInt8 in 2...7 {
      other = bytes
      other[2] |= 1 << bit
      refuses(other, "unknown flag \(bit)")
    }
    // Extended attributes: flag, and then what is said about them.
    let head = [bytes[0], bytes[1] | 1 << 6, bytes[2]] + bytes[3...]
    refuses(head + [0], "none after all")
    refuses(head + [1, 0, 0], "an empty name")
    refuses(head + [1, 1, 0, 0], "a zero in a name")
    refuses(head + [2, 1, 98, 0, 1, 97, 0], "unsorted names")
    refuses(head + [2, 1, 97, 0, 1, 97, 0], "a name twice")
    refuses(head + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], "a huge count")
    refuses(head + [1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], "a huge length")
    #expect(try (head + [1, 1, 97, 0]).asSpan { try FileMetadata.decode($0).byteCount } > 0)
  }

  // MARK: Pinned bytes: today's files must be read for ever

  @Test func keepsItsFormat() throws {
    var metadata = FileMetadata(kind: .regular, permissions: 0o644)
    metadata.userName = "root"
    metadata.groupName = "root"
    metadata.modificationTime = 1_700_000_000_123_456_789
    metadata.changeTime = metadata.modificationTime + 300
    metadata.size = 200
    metadata.inode = 129
    metadata.device = 64
    try pinned(
      metadata,
      [
        0x11, 0x06, 0x00, 0xC8, 0x01, 0x15, 0xCD, 0x85, 0x3D, 0xFE, 0x9C, 0x97, 0x17, 0xD8, 0x04,
        0x81, 0x01, 0x40, 0xA4, 0x03,
      ])

    metadata = FileMetadata(kind: .symbolicLink, permissions: 0o777)
    metadata.uid = 1000
    metadata.gid = 1000
    metadata.userName = "al"
    metadata.groupName = "al"
    metadata.modificationTime = -1_000_000_000
    metadata.changeTime = -1_000_000_000
    metadata.inode = 5
    metadata.linkTarget = Array("to".utf8)
    metadata.extendedAttributes = [
      ExtendedAttribute(name: Array("user.a".utf8), value: [7, 8])
    ]
    metadata.flags = .changedWhileRead
    try pinned(
      metadata,
      [
        0x13, 0x79, 0x01, 0x01, 0x05, 0x00, 0xFF, 0x03, 0xE8, 0x07, 0x02, 0x61, 0x6C, 0x02, 0x74,
        0x6F, 0x01, 0x06, 0x75, 0x73, 0x65, 0x72, 0x2E, 0x61, 0x02, 0x07, 0x08,
      ])

    metadata = FileMetadata(kind: .blockDevice, permissions: 0o660)
    metadata.gid = 6
    metadata.userName = "root"
    metadata.groupName = "disk"
    metadata.linkCount = 2
    metadata.deviceNumber = DeviceNumber(major: 8, minor: 300)
    metadata.flags = .attributesIncomplete
    try pinned(
      metadata,
      [
        0x16, 0x99, 0x02, 0x00, 0x00, 0x00, 0xB0, 0x03, 0x00, 0x06, 0x04, 0x72, 0x6F, 0x6F, 0x74,
        0x04, 0x64, 0x69, 0x73, 0x6B, 0x02, 0x08, 0xAC, 0x02,
      ])
  }

  func pinned(_ metadata: FileMetadata, _ expected: [UInt8]) throws {
    var bytes: [UInt8] = []
    metadata.encode(into: &bytes)
    #expect(bytes == expected)
    #expect(try expected.asSpan { try FileMetadata.decode($0).metadata } == metadata)
  }

  @Test func takesFewBytesForAPlainFile() throws {
    var metadata = FileMetadata(kind: .regular, permissions: 0o644)
    metadata.userName = "root"
    metadata.groupName = "root"
    metadata.modificationTime = 1_700_000_000_123_456_789
    // Unpacked a year after it was made, on a large file system.
    metadata.changeTime = metadata.modificationTime + 31_557_600_000_000_000
    metadata.size = 20_000
    metadata.inode = 40_000_000
    metadata.device = 0xFE01
    var bytes: [UInt8] = []
    metadata.encode(into: &bytes)
    #expect(bytes.count <= 31)
  }
}
