import CairnCrypto
import Testing

@Suite("Segments")
struct SegmentTests {
  @Test(arguments: boundaryLengths)
  func geometryAgreesWithItself(count: Int) {
    let plain = Int64(count)
    let sealed = Segment.sealedCount(forPlain: plain)
    #expect(sealed == plain + 16 * max(1, (plain + 65535) / 65536))
    #expect(Segment.plainCount(forSealed: sealed) == plain)
    #expect(Segment.count(forPlain: plain) == max(1, (plain + 65535) / 65536))
  }

  @Test(arguments: [0, 1, 15, 65553, 65568, 2 * 65552 + 16])
  func lengthsThatNoPayloadHas(sealed: Int64) {
    #expect(Segment.plainCount(forSealed: sealed) == nil)
  }

  @Test func geometryHoldsAtTheLargestLengths() {
    #expect(Segment.count(forPlain: .max) == 1 << 47)
    #expect(Segment.plainCount(forSealed: .max) != nil)
  }

  @Test func aSegmentOpensAtItsPlaceOnly() throws {
    var cipher = try SegmentCipher(SampleFile(plainCount: 0).key)
    let plain = sampleBytes(Segment.plainSize)
    for index: UInt64 in [0, 1, 255, 256, 1 << 24, 1 << 40, 1 << 56, .max] {
      let sealed = try cipher.seal(plain, index: index, isFinal: false)
      #expect(try cipher.open(sealed, index: index, isFinal: false) == plain)
      for (other, isFinal) in [
        (index ^ 1, false), (index ^ 1 << 32, false), (index ^ 1 << 63, false), (index, true),
      ] {
        let error = #expect(throws: CryptoError.self) {
          try cipher.open(sealed, index: other, isFinal: isFinal)
        }
        #expect(error?.code == .payload)
        #expect(error?.segment == other)
      }
    }
  }

  @Test func rekeyingTurnsToAnotherPayload() throws {
    let (a, b) = (try SampleFile(plainCount: 10), try SampleFile(plainCount: 20))
    var cipher = try SegmentCipher(a.key)
    #expect(try cipher.open(a.segments[0], index: 0, isFinal: true) == a.plain)
    try cipher.rekey(b.key)
    #expect(try cipher.open(b.segments[0], index: 0, isFinal: true) == b.plain)
    expect(.payload) { _ = try cipher.open(a.segments[0], index: 0, isFinal: true) }
  }

  @Test func sealsAndOpensInPlace() throws {
    var cipher = try SegmentCipher(SampleFile(plainCount: 0).key)
    let plain = sampleBytes(1000)
    var bytes = plain + [UInt8](repeating: 0, count: Segment.tagSize)
    try bytes.withUnsafeMutableBytes { bytes in
      let front = UnsafeRawBufferPointer(rebasing: bytes[..<plain.count])
      try cipher.seal(front, index: 0, isFinal: true, into: bytes)
    }
    #expect(try cipher.open(bytes, index: 0, isFinal: true) == plain)
    try bytes.withUnsafeMutableBytes { bytes in
      try cipher.open(UnsafeRawBufferPointer(bytes), index: 0, isFinal: true, into: bytes)
    }
    #expect(bytes.prefix(plain.count) == plain[...])
  }

  @Test func refusesLengthsThatNoSegmentHas() throws {
    var cipher = try SegmentCipher(SampleFile(plainCount: 0).key)
    expect(.truncated) { _ = try cipher.open([], index: 0, isFinal: true) }
    expect(.truncated) { _ = try cipher.open(sampleBytes(15), index: 3, isFinal: true) }
    expect(.truncated) { _ = try cipher.open(sampleBytes(65551), index: 0, isFinal: false) }
    expect(.payload) { _ = try cipher.open(sampleBytes(65553), index: 0, isFinal: true) }
    let empty = try cipher.seal([], index: 1, isFinal: true)
    expect(.payload) { _ = try cipher.open(empty, index: 1, isFinal: true) }
  }
}
