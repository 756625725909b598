import CairnCore
import CairnCrypto
import Testing

/// What opening in memory and as a stream make of files that are not as they were sealed.
@Suite("Damaged payloads")
struct DamageTests {
  /// All lengths and places near a boundary are tried, and one in so many of the others; all of
  /// them if the fuzzers are told to take their time.
  static let stride = Fuzzing.isThorough ? 1 : 127

  /// A file of three segments, and where the parts of it meet.
  private func threeSegments() throws -> (sample: SampleFile, boundaries: [Int]) {
    let sample = try SampleFile(plainCount: 3 * Segment.plainSize - 100)
    let ends = (1...3).map { sample.payloadStart + $0 * Segment.sealedSize }
    return (
      sample,
      [sample.header.byteCount, sample.payloadStart, sample.bytes.count]
        + ends.prefix(2).flatMap { [$0 - Segment.tagSize, $0] }
    )
  }

  private func isTried(_ place: Int, _ boundaries: [Int]) -> Bool {
    place.isMultiple(of: Self.stride) || boundaries.contains { abs($0 - place) <= 17 }
  }

  /// Opens as a stream; gives what was released before the failure.
  private func released(_ file: [UInt8], _ identity: some Identity) throws -> [UInt8] {
    var output = MemoryWriter()
    expect(.payload, .truncated) {
      try Age.open(from: MemoryReader(file), to: &output, identities: [identity])
    }
    return output.bytes
  }

  @Test func everyTruncationIsFound() throws {
    let (sample, boundaries) = try threeSegments()
    let file = sample.bytes
    for count in 0..<file.count where isTried(count, boundaries) {
      let error = #expect(throws: CryptoError.self, "\(count) bytes") {
        try Age.open(file.span.bytes.extracting(first: count), with: [sample.identity])
      }
      let expected: Set<CryptoError.Code> =
        count < sample.payloadStart ? [.header] : [.truncated, .payload]
      #expect(error.map { expected.contains($0.code) } == true, "\(count) bytes")
      var output = MemoryWriter()
      let streamed = #expect(throws: CryptoError.self, "\(count) bytes") {
        let input = MemoryReader(Array(file.prefix(count)))
        try Age.open(from: input, to: &output, identities: [sample.identity])
      }
      #expect(streamed.map { expected.contains($0.code) } == true, "\(count) bytes")
      let whole = max(0, count - sample.payloadStart) / Segment.sealedSize
      #expect(output.bytes.count == whole * Segment.plainSize, "\(count) bytes")
      #expect(output.bytes.isBeginning(of: sample.plain), "\(count) bytes")
    }
    #expect(try Age.open(file, with: [sample.identity]) == sample.plain)
  }

  @Test func aCutAfterASegmentIsCalledOne() throws {
    let sample = try SampleFile(plainCount: 3 * Segment.plainSize)
    for count in 1...2 {
      let file = sample.file(Array(sample.segments.prefix(count)))
      expect(.truncated) { _ = try Age.open(file, with: [sample.identity]) }
      let plain = try released(file, sample.identity)
      #expect(plain == Array(sample.plain.prefix(count * Segment.plainSize)))
    }
    expect(.truncated) { _ = try Age.open(sample.file([]), with: [sample.identity]) }
  }

  @Test func everyFlippedBitOfASmallPayloadIsFound() throws {
    let sample = try SampleFile(plainCount: 50)
    for bit in (8 * sample.header.byteCount)..<(8 * sample.bytes.count) {
      var file = sample.bytes
      file[bit / 8] ^= 1 << (bit % 8)
      expect(.payload) { _ = try Age.open(file, with: [sample.identity]) }
      #expect(try released(file, sample.identity) == [])
    }
  }

  @Test func aFlippedBitInALaterSegmentIsFound() throws {
    let sample = try SampleFile(plainCount: 2 * Segment.plainSize + 100)
    for segment in 0...2 {
      for offset in [0, 50, sample.segments[segment].count - 1] {
        var segments = sample.segments
        segments[segment][offset] ^= 0x10
        let file = sample.file(segments)
        let error = #expect(throws: CryptoError.self) {
          try Age.open(file, with: [sample.identity])
        }
        #expect(error?.code == .payload)
        #expect(error?.segment == UInt64(segment))
        let plain = try released(file, sample.identity)
        #expect(plain == Array(sample.plain.prefix(segment * Segment.plainSize)))
      }
    }
  }

  @Test func aFlippedBitIsFoundAnywhereInAPayload() throws {
    let (sample, boundaries) = try threeSegments()
    var file = sample.bytes
    for place in sample.header.byteCount..<file.count where isTried(place, boundaries) {
      let bit: UInt8 = 1 << UInt8(place % 8)
      file[place] ^= bit
      let plain = try released(file, sample.identity)
      file[place] ^= bit
      let sound = max(0, place - sample.payloadStart) / Segment.sealedSize
      #expect(plain.count == sound * Segment.plainSize, "byte \(place)")
      #expect(plain.isBeginning(of: sample.plain), "byte \(place)")
    }
  }

  /// All sequences of up to four of the segments of a file of three.
  @Test func segmentsInAnyOtherOrder() throws {
    let (sample, _) = try threeSegments()
    var orders: [[Int]] = [[]]
    for order in orders { try openInOrder(order, sample) }
    for _ in 1...4 {
      orders = orders.flatMap { order in (0...2).map { order + [$0] } }
      for order in orders where order != [0, 1, 2] { try openInOrder(order, sample) }
    }
  }

  private func openInOrder(_ order: [Int], _ sample: SampleFile) throws {
    let file = sample.file(order.map { sample.segments[$0] })
    let plain = try released(file, sample.identity)
    let inPlace = zip(order, 0...).prefix { $0 == $1 }.count
    // The last segment is short: only where the file ends can it be told from what follows.
    #expect(plain.count == min(inPlace, 2) * Segment.plainSize, "\(order)")
    #expect(plain.isBeginning(of: sample.plain), "\(order)")
    expect(.payload, .truncated) { _ = try Age.open(file, with: [sample.identity]) }
  }

  /// Segments of a file of four in another order, and how many of them are where they belong.
  @Test(arguments: [
    ([1, 0, 2, 3], 0), ([0, 2, 1, 3], 1), ([0, 1, 3, 2], 2), ([0, 0, 1, 2, 3], 1),
    ([0, 1, 1, 2, 3], 2), ([0, 2, 3], 1), ([1, 2, 3], 0), ([0, 1, 3], 2), ([3], 0),
    ([0, 1, 2, 3, 3], 4), ([0, 1, 2, 2], 3),
  ])
  func segmentsInAnotherOrder(order: [Int], sound: Int) throws {
    let sample = try SampleFile(plainCount: 4 * Segment.plainSize)
    let file = sample.file(order.map { sample.segments[$0] })
    expect(.payload, .truncated) { _ = try Age.open(file, with: [sample.identity]) }
    let plain = try released(file, sample.identity)
    #expect(plain == Array(sample.plain.prefix(sound * Segment.plainSize)))
  }

  @Test func anythingAppendedIsFound() throws {
    for plainCount in [0, 100, Segment.plainSize] {
      let sample = try SampleFile(plainCount: plainCount)
      for tail in [[0], sampleBytes(16), sampleBytes(Segment.sealedSize), sample.segments[0]] {
        let file = sample.bytes + tail
        expect(.payload, .truncated) { _ = try Age.open(file, with: [sample.identity]) }
        let plain = try released(file, sample.identity)
        // Only a full segment can be told from what follows it.
        #expect(plain == (plainCount == Segment.plainSize ? sample.plain : []))
      }
    }
  }

  @Test func anEmptyLastSegmentIsForEmptyPayloadsOnly() throws {
    let sample = try SampleFile(plainCount: Segment.plainSize)
    var cipher = try SegmentCipher(sample.key)
    let file = sample.file([
      try cipher.seal(sample.plain, index: 0, isFinal: false),
      try cipher.seal([], index: 1, isFinal: true),
    ])
    expect(.payload) { _ = try Age.open(file, with: [sample.identity]) }
    #expect(try released(file, sample.identity) == sample.plain)
  }

  @Test func segmentsOfAnotherFileAreFound() throws {
    let (a, b) = (try SampleFile(plainCount: 70_000), try SampleFile(plainCount: 70_000))
    let file = a.file([a.segments[0], b.segments[1]])
    expect(.payload) { _ = try Age.open(file, with: [a.identity]) }
    #expect(try released(file, a.identity) == Array(a.plain.prefix(Segment.plainSize)))
  }
}
