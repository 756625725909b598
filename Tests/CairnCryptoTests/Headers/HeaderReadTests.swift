import CairnCore
import CairnCrypto
import SystemPackage
import Testing

@Suite("Reading a header alone")
struct HeaderReadTests {
  static let stanzas = [
    Stanza(type: "a", arguments: [], body: []),
    Stanza(type: "test", arguments: ["x", "---"], body: sampleBytes(48)),
    Stanza(type: "test", arguments: [], body: sampleBytes(1000)),
  ]

  private func header(_ stanzas: [Stanza]) throws -> Header {
    try Header.seal(to: [StubRecipient(stanzas)]).header
  }

  @Test(arguments: [1, 2, 3], [1, 7, 1000])
  func readsNothingBeyondIt(stanzaCount: Int, pieceSize: Int) throws {
    let header = try header(Array(Self.stanzas.prefix(stanzaCount)))
    let rest = sampleBytes(100)
    var input = PiecemealReader(header.bytes + rest, pieceSize: pieceSize)
    #expect(try Header.read(from: &input).bytes == header.bytes)
    var left = MemoryWriter()
    while let piece = input.next() { left.write(piece.span.bytes) }
    #expect(left.bytes == rest)
  }

  @Test func leavesADescriptorAtThePayload() throws {
    let sample = try SampleFile(plainCount: 100)
    let folder = try TemporaryFolder()
    let file = try folder.file("sealed", holding: [1, 2, 3] + sample.bytes)
    defer { try? file.close() }
    try file.seek(offset: 3, from: .start)
    #expect(try Header.read(from: file).bytes == sample.header.bytes)
    #expect(try file.seek(offset: 0, from: .current) == Int64(3 + sample.header.byteCount))
  }

  @Test func leavesAPipeAtThePayload() throws {
    let sample = try SampleFile(plainCount: 100)
    let (reading, writing) = try FileDescriptor.pipe()
    defer { try? reading.close() }
    // Far less than a pipe holds.
    try writing.closeAfter { _ = try writing.writeAll(sample.bytes) }
    let header = try Header.read(from: reading)
    var output = MemoryWriter()
    try Age.open(
      payload: FileReader(reading), header: header, to: &output, identities: [sample.identity])
    #expect(output.bytes == sample.plain)
  }

  @Test(arguments: [1, 7, 1000])
  func armored(pieceSize: Int) throws {
    let header = try header(Self.stanzas)
    var input = PiecemealReader(
      Array("\n".utf8) + Armor.encode(header.bytes + sampleBytes(5000)), pieceSize: pieceSize)
    #expect(try Header.read(from: &input).bytes == header.bytes)
  }

  @Test func refusesWhatIsNone() throws {
    let header = try header(Self.stanzas)
    for count in 0..<header.byteCount {
      expect(.header) {
        var input = MemoryReader(Array(header.bytes.prefix(count)))
        _ = try Header.read(from: &input)
      }
    }
    expect(.header) {
      var input = MemoryReader(sampleBytes(10_000))
      _ = try Header.read(from: &input)
    }
    expect(.armor) {
      var input = MemoryReader(Armor.encode(Array(header.bytes.dropLast())).dropLast(50))
      _ = try Header.read(from: &input)
    }
    expect(.header) {
      var input = MemoryReader(Armor.encode(Array(header.bytes.dropLast())))
      _ = try Header.read(from: &input)
    }
    expect(.io) {
      var input = FailingReader(Array(header.bytes.dropLast()))
      _ = try Header.read(from: &input)
    }
  }

  @Test(arguments: [false, true])
  func boundsItsLength(armored: Bool) throws {
    let header = try header(Self.stanzas)
    let file = armored ? Armor.encode(header.bytes) : header.bytes
    for (byteCount, isEnough) in [(header.byteCount, true), (header.byteCount - 1, false)] {
      let limits = Header.Limits(byteCount: byteCount)
      var input = MemoryReader(file)
      if isEnough {
        #expect(try Header.read(from: &input, limits: limits).bytes == header.bytes)
      } else {
        expect(.limit) { _ = try Header.read(from: &input, limits: limits) }
      }
    }
    expect(.limit) {
      var input = EndlessReader(
        start: "age-encryption.org/v1\n-> test\n",
        repeating: String(repeating: "A", count: 64) + "\n")
      _ = try Header.read(from: &input)
    }
  }
}

extension PiecemealReader {
  fileprivate mutating func next() -> [UInt8]? {
    let bytes = [UInt8](capacity: 1000) { out in
      out.withUnsafeMutableBufferPointer { buffer, initialized in
        let memory = UnsafeMutableRawBufferPointer(buffer)
        var span = OutputRawSpan(buffer: memory, initializedCount: 0)
        initialized = read(into: &span)
      }
    }
    return bytes.isEmpty ? nil : bytes
  }
}

/// Never ends.
private struct EndlessReader: ByteReader {
  private var next: [UInt8]
  private let period: [UInt8]

  init(start: String, repeating period: String) {
    next = Array(start.utf8)
    self.period = Array(period.utf8)
  }

  mutating func read(into buffer: inout OutputRawSpan) -> Int {
    if next.isEmpty { next = period }
    let piece = next.prefix(buffer.freeCapacity)
    for byte in piece { buffer.append(byte) }
    next.removeFirst(piece.count)
    return piece.count
  }
}
