import CairnCore
import SystemPackage
import Testing

@testable import CairnCrypto

@Suite("Damaged files, on any number of threads")
struct PipelineDamageTests {
  /// What came of opening a file.
  struct Result: Equatable {
    var plain: [UInt8]
    var code: CryptoError.Code?
    var segment: UInt64?

    static func == (a: Result, b: Result) -> Bool {
      a.code == b.code && a.segment == b.segment && isSame(a.plain, b.plain)
    }
  }

  /// Five pieces and some segments, the last of which is short.
  static let sample = Swift.Result {
    try SampleFile(plain: LongSample.prefix(22 * Segment.plainSize + 1000))
  }
  /// The same length, but the last segment is full.
  static let fullSample = Swift.Result {
    try SampleFile(plain: LongSample.prefix(22 * Segment.plainSize))
  }
  static let workerCounts = [1, 2, 8]

  let sample: SampleFile
  let fullSample: SampleFile

  init() throws {
    sample = try Self.sample.get()
    fullSample = try Self.fullSample.get()
  }

  /// What one thread makes of a file that comes as a stream.
  private func openedByOne(_ file: [UInt8], _ sample: SampleFile) -> Result {
    var output = MemoryWriter()
    do throws(CryptoError) {
      try Age.open(from: MemoryReader(file), to: &output, identities: [sample.identity])
      return Result(plain: output.bytes)
    } catch {
      return Result(plain: output.bytes, code: error.code, segment: error.segment)
    }
  }

  private func opened(
    _ file: [UInt8], _ sample: SampleFile, from inputKind: InputEnd.Kind,
    to outputKind: OutputEnd.Kind, workerCount: Int, _ comment: Comment
  ) throws -> Result {
    let folder = try TemporaryFolder()
    let input = try InputEnd(inputKind, holding: file, in: folder)
    let output = try OutputEnd(outputKind, in: folder)
    var result = Result(plain: [])
    do throws(CryptoError) {
      try Age.open(
        from: input.descriptor, to: output.descriptor, identities: [sample.identity],
        limits: Header.Limits(), workerCount: workerCount, progress: NoProgress())
    } catch {
      result.code = error.code
      result.segment = error.segment
    }
    result.plain = try output.finish(comment)
    try input.abandon()
    return result
  }

  /// Asserts that descriptors of some kinds give the same as one thread, and returns that.
  @discardableResult
  private func expectSameOnThreads(
    _ file: [UInt8], _ sample: SampleFile, _ description: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Result {
    let expected = openedByOne(file, sample)
    for workerCount in Self.workerCounts {
      for (input, output) in [
        (InputEnd.Kind.file, OutputEnd.Kind.file), (.file, .pipe), (.pipe, .file), (.pipe, .pipe),
        (.file, .appendedFile),
      ] {
        let comment: Comment = "\(description), \(input) to \(output), \(workerCount) workers"
        let result = try opened(
          file, sample, from: input, to: output, workerCount: workerCount, comment)
        #expect(result.code == expected.code, comment, sourceLocation: sourceLocation)
        #expect(result.segment == expected.segment, comment, sourceLocation: sourceLocation)
        expectSame(result.plain, expected.plain, comment, sourceLocation: sourceLocation)
      }
    }
    return expected
  }

  @Test(arguments: [0, 1, 3, 4, 7, 11, 19, 20, 21, 22])
  func nothingOfADamagedSegmentIsWritten(number: Int) throws {
    var segments = sample.segments
    segments[number][segments[number].count / 2] ^= 1
    let result = try expectSameOnThreads(sample.file(segments), sample, "segment \(number)")
    #expect(result.code == .payload)
    #expect(result.segment == UInt64(number))
    #expect(result.plain.count == number * Segment.plainSize)
  }

  @Test(arguments: [(0, 1), (2, 3), (3, 4), (5, 12), (7, 8), (8, 22), (21, 22)])
  func theFirstDamageIsTheOneThatIsTold(first: Int, second: Int) throws {
    var segments = sample.segments
    segments[first][0] ^= 1
    segments[second][0] ^= 1
    let result = try expectSameOnThreads(sample.file(segments), sample, "\(first), \(second)")
    #expect(result.segment == UInt64(first))
    #expect(result.plain.count == first * Segment.plainSize)
  }

  @Test(arguments: [1, 3, 4, 5, 8, 12, 20, 21])
  func aFileThatEndsAfterASegmentIsTruncated(count: Int) throws {
    let file = sample.file(Array(sample.segments.prefix(count)))
    let result = try expectSameOnThreads(file, sample, "\(count) segments")
    #expect(result.code == .truncated)
    #expect(result.segment == UInt64(count - 1))
    #expect(result.plain.count == count * Segment.plainSize)
  }

  @Test(arguments: [0, 1, 15, 16, 17, 1000, 65551])
  func aFileThatEndsWithinASegment(rest: Int) throws {
    for count in [0, 3, 4, 9] {
      let part = sample.segments[count].prefix(rest)
      let file = sample.file(Array(sample.segments.prefix(count)) + [Array(part)])
      let result = try expectSameOnThreads(file, sample, "\(count) segments and \(rest) bytes")
      #expect(result.plain.count == count * Segment.plainSize)
    }
  }

  @Test(arguments: [1, 16, 17, 65552, 300_000])
  func aFileThatGoesOn(added: Int) throws {
    let more = LongSample.prefix(added)
    let short = try expectSameOnThreads(sample.bytes + more, sample, "after a short segment")
    #expect(short.code == .payload)
    let full = try expectSameOnThreads(
      fullSample.bytes + more, fullSample, "after a full segment")
    #expect(full.code == .payload)
    #expect(full.segment == 21)
    #expect(full.plain.count == 22 * Segment.plainSize)
  }

  @Test(arguments: 0..<20)
  func manyDamagesAtRandom(round: UInt64) throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed)
    var segments = sample.segments
    for _ in 0..<Int.random(in: 1...3, using: &random) {
      let a = Int.random(in: 0..<segments.count, using: &random)
      let b = Int.random(in: 0..<segments.count, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0 where !segments[a].isEmpty:
        segments[a][Int.random(in: 0..<segments[a].count, using: &random)] ^= 1
      case 1: segments.swapAt(a, b)
      case 2 where segments.count > 1: segments.remove(at: a)
      case 3: segments.insert(segments[b], at: a)
      case 4: segments = Array(segments.prefix(max(1, a)))
      default: segments[a].removeLast(Int.random(in: 0...segments[a].count / 2, using: &random))
      }
    }
    try expectSameOnThreads(sample.file(segments), sample, "seed \(seed)")
  }

  /// The end of the stream may be done long before the damage is found; many tries find it.
  @Test func aLastPieceThatIsDoneFirstChangesNothing() throws {
    let sample = try SampleFile(plain: LongSample.prefix(9 * Segment.plainSize))
    var segments = sample.segments
    segments[3][0] ^= 1
    let file = sample.file(segments)
    for round in 0..<150 {
      let result = try opened(
        file, sample, from: .file, to: .file, workerCount: 8, "round \(round)")
      #expect(result.plain.count == 3 * Segment.plainSize, "round \(round)")
    }
  }

  @Test(arguments: workerCounts)
  func anOutputThatWasLongerKeepsItsLength(workerCount: Int) throws {
    let folder = try TemporaryFolder()
    var segments = sample.segments
    segments[6][0] ^= 1
    // One that ends far behind the damage, and one that ends a little behind it.
    for length in [3_000_000, 7 * Segment.plainSize] {
      let input = try folder.file("input", holding: sample.file(segments))
      let output = try folder.file(
        "output", holding: [UInt8](repeating: 0xFF, count: length))
      defer { for file in [input, output] { try? file.close() } }
      expect(.payload) {
        try Age.open(
          from: input, to: output, identities: [sample.identity], limits: Header.Limits(),
          workerCount: workerCount, progress: NoProgress())
      }
      #expect(try output.offset() == 6 * Segment.plainSize)
      let content = try folder.content("output")
      #expect(content.count == length)
      let soundCount = 6 * Segment.plainSize
      expectSame(Array(content.prefix(soundCount)), Array(sample.plain.prefix(soundCount)))
    }
  }

  @Test func anOffsetBehindTheEndOfTheOutputIsNotFilledUp() throws {
    let folder = try TemporaryFolder()
    let sample = try SampleFile(plainCount: 1000)
    var segments = sample.segments
    segments[0][0] ^= 1
    let input = try folder.file("input", holding: sample.file(segments))
    let output = try folder.file("output", holding: [1])
    defer { for file in [input, output] { try? file.close() } }
    try output.seek(offset: 1000, from: .start)
    expect(.payload) { try Age.open(from: input, to: output, identities: [sample.identity]) }
    #expect(try folder.content("output") == [1])
  }

  /// The peer sends the damage and a little more, and closes only when it hears of it.
  @Test(arguments: [false, true], workerCounts)
  func aSilentPeerDoesNotHoldUpTheNews(isNonBlocking: Bool, workerCount: Int) throws {
    var segments = sample.segments
    segments[1][0] ^= 1
    let sentCount = sample.payloadStart + 4 * Segment.sealedSize + 70_000
    let sent = Array(sample.file(segments).prefix(sentCount))
    let (reading, writing) = try FileDescriptor.socketPair()
    if isNonBlocking { try reading.makeNonBlocking() }
    let folder = try TemporaryFolder()
    let output = try folder.file("output", holding: [])
    defer { try? output.close() }
    let identity = sample.identity
    let opener = Peer { () -> CryptoError? in
      do throws(CryptoError) {
        try Age.open(
          from: reading, to: output, identities: [identity], limits: Header.Limits(),
          workerCount: workerCount, progress: NoProgress())
        return nil
      } catch {
        return error
      }
    }
    let feeder = Peer { try sent.withUnsafeBytes { try writing.writeFully($0) } }
    #expect(eventually { opener.hasEnded })
    try writing.close()
    let error = try opener.join()
    try reading.close()
    _ = try? feeder.join()
    #expect(error?.code == .payload)
    #expect(error?.segment == 1)
    #expect(try folder.content("output").count == Segment.plainSize)
  }
}
