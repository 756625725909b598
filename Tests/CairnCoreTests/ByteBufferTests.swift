import Testing

@testable import CairnCore

@Suite struct ByteBufferTests {
  @Test func removingFromTheFrontKeepsTheRest() {
    let buffer = ByteBuffer(capacity: 16)
    for byte in UInt8(0)..<10 { buffer.append(byte) }
    buffer.removeFirst(4)
    #expect(Array(buffer.bytes) == [4, 5, 6, 7, 8, 9])
    buffer.removeFirst(6)
    #expect(buffer.isEmpty)
    #expect(buffer.free.count == 16)
  }

  @Test func varintsAreThoseOfTheWriter() {
    let buffer = ByteBuffer(capacity: 64)
    var writer = BinaryWriter()
    for value in [0, 127, 128, 1 << 40, UInt64.max] {
      buffer.append(varint: value)
      writer.append(varint: value)
    }
    #expect(Array(buffer.bytes) == writer.bytes)
  }
}
