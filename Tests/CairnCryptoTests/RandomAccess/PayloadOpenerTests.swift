import CairnCore
import CairnCrypto
import Foundation
import Testing

@Suite("Parts of a payload whose bytes come from elsewhere")
struct PayloadOpenerTests {
  private func opener(_ sample: SampleFile) throws -> PayloadOpener {
    try PayloadOpener(
      sample.key,
      PayloadLayout(
        headerByteCount: sample.header.byteCount, fileByteCount: Int64(sample.bytes.count)))
  }

  @Test(arguments: boundaryLengths)
  func anyRange(plainCount: Int) throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed)
    let sample = try SampleFile(plain: LongSample.prefix(plainCount))
    let (file, opener) = (sample.bytes, try opener(sample))
    for _ in 0..<30 {
      let ends = [0, 0].map { _ in Int64.random(in: 0...Int64(plainCount + 10), using: &random) }
      let range = ends.min()!..<ends.max()!
      let sealed = opener.layout.sealedRange(for: range)
      let opened = try opener.open(
        file[Int(sealed.lowerBound)..<Int(sealed.upperBound)].span.bytes, for: range)
      let wanted = range.clamped(to: 0..<Int64(plainCount))
      expectSame(
        opened, Array(sample.plain[Int(wanted.lowerBound)..<Int(wanted.upperBound)]),
        "\(range), seed \(seed)")
    }
    let last = opener.layout.lastSegmentRange
    try opener.checkEnd(file[Int(last.lowerBound)..<Int(last.upperBound)].span.bytes)
  }

  @Test func damageIsFoundInTheSegmentsThatAreOpened() throws {
    let sample = try SampleFile(plain: LongSample.prefix(200_000))
    var segments = sample.segments
    segments[1][500] ^= 1
    let (file, opener) = (sample.file(segments), try opener(sample))
    func open(_ range: Range<Int64>) throws -> [UInt8] {
      let sealed = opener.layout.sealedRange(for: range)
      return try opener.open(
        file[Int(sealed.lowerBound)..<Int(sealed.upperBound)].span.bytes, for: range)
    }
    for range in [Int64(65536)..<65537, 0..<200_000, 131071..<131073, 100_000..<100_001] {
      let error = #expect(throws: CryptoError.self) { try open(range) }
      #expect(error?.code == .payload)
      #expect(error?.segment == 1)
    }
    #expect(try open(0..<65536) == Array(sample.plain[..<65536]))
    #expect(try open(131072..<200_000) == Array(sample.plain[131072...]))
  }

  @Test func aPayloadThatWasCutOffIsFoundAtItsEnd() throws {
    let sample = try SampleFile(plain: LongSample.prefix(4 * Segment.plainSize))
    for count in 1...3 {
      let file = sample.file(Array(sample.segments.prefix(count)))
      let layout = try PayloadLayout(
        headerByteCount: sample.header.byteCount, fileByteCount: Int64(file.count))
      let last = layout.lastSegmentRange
      let error = #expect(throws: CryptoError.self) {
        try PayloadOpener(sample.key, layout).checkEnd(
          file[Int(last.lowerBound)..<Int(last.upperBound)].span.bytes)
      }
      #expect(error?.code == .truncated)
      #expect(error?.segment == UInt64(count - 1))
    }
  }

  @Test func bytesOfAnotherLengthAreMisuse() async {
    await #expect(processExitsWith: .failure) {
      let sample = try SampleFile(plainCount: 100)
      let layout = try PayloadLayout(
        headerByteCount: sample.header.byteCount, fileByteCount: Int64(sample.bytes.count))
      _ = try PayloadOpener(sample.key, layout).open([1, 2, 3].span.bytes, for: 0..<10)
    }
  }

  /// The program in the documentation of ``PayloadOpener``, with a store that counts.
  @Test func theProgramOfTheDocumentation() throws {
    let identity = try X25519Identity.generate()
    let identities = [identity]
    let plain = LongSample.prefix(3_000_000)
    let blob = try Age.seal(plain, to: [identity.recipient])
    let sizeOfBlob = Int64(blob.count)
    let beginning = blob[..<4096]
    var fetchedCount = 0
    func fetch(_ range: Range<Int64>) -> [UInt8] {
      fetchedCount += range.count
      return Array(blob[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    let header = try Header.parse(beginning.span.bytes)!
    let layout = try PayloadLayout(
      headerByteCount: header.byteCount, fileByteCount: sizeOfBlob)
    let nonce = beginning[header.byteCount...].prefix(PayloadKey.nonceSize)
    let key = try PayloadKey(header.unwrap(with: identities), nonce: nonce.span.bytes)
    let opener = PayloadOpener(key, layout)
    try opener.checkEnd(fetch(layout.lastSegmentRange).span.bytes)
    let part = try opener.open(fetch(layout.sealedRange(for: 0..<1000)).span.bytes, for: 0..<1000)

    #expect(part == Array(plain[..<1000]))
    #expect(fetchedCount == layout.lastSegmentRange.count + Segment.sealedSize)
  }

  @Test func theProgramIsTheOneThatIsTested() throws {
    let here = URL(filePath: #filePath)
    let source = here.deletingLastPathComponent().appending(
      path: "../../../Sources/CairnCrypto/RandomAccess/PayloadOpener.swift")
    let indent = "///     "
    let program = try String(contentsOf: source, encoding: .utf8).split(separator: "\n")
      .filter { $0.hasPrefix(indent) }.map { $0.dropFirst(indent.count) }
    let tested = try String(contentsOf: here, encoding: .utf8)
    #expect(program.count >= 8)
    #expect(program.filter { !tested.contains($0) } == [])
  }
}
