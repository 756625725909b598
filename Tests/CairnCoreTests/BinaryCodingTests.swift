import CairnCore
import Testing

/// A value of each kind that the coding knows.
private enum Item: Equatable {
  case byte(UInt8)
  case word(UInt32)
  case long(Int64)
  case varint(UInt64)
  case counted([UInt8])

  static func random(using random: inout SeededRandom) -> Item {
    switch random.next() % 5 {
    case 0: .byte(UInt8(truncatingIfNeeded: random.next()))
    case 1: .word(UInt32(truncatingIfNeeded: random.next()))
    case 2: .long(Int64(bitPattern: random.next()))
    case 3: .varint(random.next() >> (random.next() % 64))
    default: .counted(random.bytes(Int(random.next() % 40)))
    }
  }

  func write(to writer: inout BinaryWriter) {
    switch self {
    case .byte(let value): writer.append(value)
    case .word(let value): writer.append(value)
    case .long(let value): writer.append(value)
    case .varint(let value): writer.append(varint: value)
    case .counted(let value): writer.append(counted: value)
    }
  }

  /// Reads a value of this one's kind.
  func read(from reader: inout BinaryReader) throws(IOError) -> Item {
    switch self {
    case .byte: .byte(try reader.readUInt8())
    case .word: .word(try reader.read(UInt32.self))
    case .long: .long(try reader.read(Int64.self))
    case .varint: .varint(try reader.readVarint())
    case .counted: .counted(Array(try reader.readCounted()))
    }
  }
}

@Suite struct BinaryCodingTests {
  @Test(arguments: UInt64(0)..<20)
  func whatWasWrittenIsReadAndNoTruncationIs(seed: UInt64) throws {
    var random = SeededRandom(seed)
    let items = (0..<30).map { _ in Item.random(using: &random) }
    var writer = BinaryWriter()
    for item in items { item.write(to: &writer) }
    let bytes = writer.bytes

    var reader = BinaryReader(bytes.span.bytes)
    for item in items {
      let found = try item.read(from: &reader)
      #expect(found == item)
    }
    let isAtEnd = reader.isAtEnd
    #expect(isAtEnd)

    for length in 0..<bytes.count {
      #expect(throws: IOError.self) {
        var reader = BinaryReader(bytes.span.bytes.extracting(0..<length))
        for item in items { _ = try item.read(from: &reader) }
      }
    }
  }

  @Test func integersAreLittleEndian() {
    var writer = BinaryWriter()
    writer.append(UInt32(0x0403_0201))
    writer.append(Int64(-2))
    #expect(writer.bytes == [1, 2, 3, 4, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
  }

  @Test(
    arguments: [
      (UInt64(0), [0]), (127, [0x7F]), (128, [0x80, 1]), (300, [0xAC, 2]),
      (.max, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
    ] as [(UInt64, [UInt8])])
  func varintsHaveSevenBitsAByte(value: UInt64, bytes: [UInt8]) throws {
    var writer = BinaryWriter()
    writer.append(varint: value)
    #expect(writer.bytes == bytes)
    var reader = BinaryReader(bytes.span.bytes)
    let found = try reader.readVarint()
    #expect(found == value)
  }

  @Test(
    arguments: [
      // 65 bits; eleven bytes; no end at all.
      [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2],
      [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0],
      [UInt8](repeating: 0xFF, count: 100),
    ] as [[UInt8]])
  func varintsBeyond64BitsAreRefused(bytes: [UInt8]) {
    let error = #expect(throws: IOError.self) {
      var reader = BinaryReader(bytes.span.bytes)
      _ = try reader.readVarint()
    }
    #expect(error?.code == .malformed)
  }

  @Test func countsAreCheckedAgainstWhatIsLeft() throws {
    var writer = BinaryWriter()
    writer.append(varint: 3)
    writer.append([1, 2, 3, 4, 5, 6])
    let bytes = writer.bytes
    #expect(try readCount(bytes, ofSize: 1) == 3)
    #expect(try readCount(bytes, ofSize: 2) == 3)
    #expect(throws: IOError.self) { try readCount(bytes, ofSize: 3) }
    #expect(throws: IOError.self) {
      try readCount([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], ofSize: 1)
    }
  }

  private func readCount(_ bytes: [UInt8], ofSize size: Int) throws(IOError) -> Int {
    var reader = BinaryReader(bytes.span.bytes)
    return try reader.readCount(ofSize: size)
  }

  @Test func limitsHold() throws {
    let bytes: [UInt8] = [100]
    var reader = BinaryReader(bytes.span.bytes)
    let found = try reader.readVarint(upTo: 100)
    #expect(found == 100)
    #expect(throws: IOError.self) {
      var reader = BinaryReader(bytes.span.bytes)
      _ = try reader.readVarint(upTo: 99)
    }
  }

  @Test func negativeLengthsAreRefused() {
    let bytes: [UInt8] = [1, 2, 3]
    #expect(throws: IOError.self) {
      var reader = BinaryReader(bytes.span.bytes)
      _ = try reader.readBytes(-1)
    }
  }

  @Test func textThatIsNotUTF8IsRepaired() throws {
    let bytes: [UInt8] = [3, UInt8(ascii: "a"), 0xFF, UInt8(ascii: "b")]
    var reader = BinaryReader(bytes.span.bytes)
    let text = try reader.readString()
    #expect(text == "a\u{FFFD}b")
  }
}
