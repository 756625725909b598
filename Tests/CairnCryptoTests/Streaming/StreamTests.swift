import CairnCore
import CairnCrypto
import SystemPackage
import Testing

@Suite("Sealing and opening streams")
struct StreamTests {
  let identity: X25519Identity

  init() throws { identity = try X25519Identity.generate() }

  private func sealed(_ message: [UInt8], pieceSize: Int) throws -> [UInt8] {
    let input = PiecemealReader(message, pieceSize: pieceSize)
    return try Age.seal(from: input, to: MemoryWriter(), recipients: [identity.recipient]).bytes
  }

  private func opened(_ file: [UInt8], pieceSize: Int) throws -> [UInt8] {
    var output = MemoryWriter()
    let input = PiecemealReader(file, pieceSize: pieceSize)
    try Age.open(from: input, to: &output, identities: [identity])
    return output.bytes
  }

  @Test(arguments: boundaryLengths, [1000, 65536, 1_000_000])
  func roundTrip(count: Int, pieceSize: Int) throws {
    let message = sampleBytes(count)
    let file = try sealed(message, pieceSize: pieceSize)
    #expect(try Age.open(file, with: [identity]) == message, "sealed as a stream")
    #expect(try opened(file, pieceSize: pieceSize) == message, "opened as a stream")
  }

  @Test func oneByteAtATime() throws {
    let message = sampleBytes(70_000)
    let file = try sealed(message, pieceSize: 1)
    #expect(try opened(file, pieceSize: 1) == message)
  }

  @Test func readsIntoBuffersOfAnySize() throws {
    let message = sampleBytes(200_000)
    let file = try Age.seal(message, to: [identity.recipient])
    for size in [1000, 65535, 65536, 65537, 300_000] {
      var reader = try OpeningReader(MemoryReader(file), identities: [identity])
      var plain: [UInt8] = []
      while true {
        let piece = try reader.read(upTo: size)
        if piece.isEmpty { break }
        plain += piece
      }
      #expect(plain == message)
    }
  }

  @Test func whatIsNoAgeFileIsRefused() throws {
    for bytes in [[], Array("not an age file".utf8), sampleBytes(100_000)] {
      var output = MemoryWriter()
      let input = PiecemealReader(bytes, pieceSize: 100)
      expect(.header, .limit) {
        try Age.open(from: input, to: &output, identities: [identity])
      }
      #expect(output.bytes == [])
    }
  }

  @Test func anUnfinishedFileIsTruncated() throws {
    var output = CountingWriter()
    output = try unfinished(output)
    #expect(output.log.bytes.count > Segment.sealedSize)
    expect(.truncated, .payload) { _ = try Age.open(output.log.bytes, with: [identity]) }
  }

  /// Writes two pieces' worth, and never finishes.
  private func unfinished(_ output: CountingWriter) throws -> CountingWriter {
    var writer = try SealingWriter(output, recipients: [identity.recipient])
    try writer.write(sampleBytes(10 * Segment.plainSize).span.bytes)
    return output
  }

  @Test func writingFailuresStay() throws {
    var writer = try SealingWriter(FullWriter(room: 500), recipients: [identity.recipient])
    let message = sampleBytes(1_000_000)
    for _ in 0..<2 {
      let error = #expect(throws: CryptoError.self) { try writer.write(message.span.bytes) }
      #expect(error?.code == .io)
      #expect((error?.cause as? IOError)?.errno == .noSpace)
    }
    do {
      _ = try writer.finish()
      Issue.record("a file was finished that was not written")
    } catch {
      #expect(error.code == .io)
    }
  }

  @Test func theLastWriteCanFail() throws {
    let writer = try SealingWriter(FullWriter(room: 190), recipients: [identity.recipient])
    do {
      _ = try writer.finish()
      Issue.record("a file was finished that was not written")
    } catch {
      #expect(error.code == .io)
    }
  }

  @Test func readingFailuresArePassedOn() throws {
    let message = sampleBytes(100_000)
    let failing = FailingReader(message)
    expect(.io) {
      _ = try Age.seal(from: failing, to: MemoryWriter(), recipients: [identity.recipient])
    }
    let file = try Age.seal(message, to: [identity.recipient])
    for count in [0, 50, 190, 70_000, file.count] {
      var output = MemoryWriter()
      let input = FailingReader(Array(file.prefix(count)))
      expect(.io) { try Age.open(from: input, to: &output, identities: [identity]) }
      #expect(output.bytes == Array(message.prefix(count < 70_000 ? 0 : Segment.plainSize)))
    }
  }

  @Test func failuresOfTheOutputAreTold() throws {
    let file = try Age.seal(sampleBytes(100_000), to: [identity.recipient])
    var output = FullWriter(room: 50_000)
    expect(.io) { try Age.open(from: MemoryReader(file), to: &output, identities: [identity]) }
  }

  @Test func aFailedReadIsNotTriedAgain() throws {
    let file = try Age.seal([1, 2, 3], to: [identity.recipient])
    var reader = try OpeningReader(FailingReader(file), identities: [identity])
    for _ in 0..<2 {
      do {
        _ = try reader.read(upTo: 10)
        Issue.record("an input that failed was read on")
      } catch {
        #expect(error.code == .io)
      }
    }
  }

  @Test func aDamagedSegmentStaysDamaged() throws {
    let sample = try SampleFile(plainCount: 2 * Segment.plainSize)
    var segments = sample.segments
    segments[1][0] ^= 1
    var reader = try OpeningReader(
      MemoryReader(sample.file(segments)), identities: [sample.identity])
    let first = try reader.read(upTo: Segment.plainSize)
    #expect(first == Array(sample.plain.prefix(Segment.plainSize)))
    for size in [Segment.plainSize, 1] {
      do {
        _ = try reader.read(upTo: size)
        Issue.record("a damaged segment was read")
      } catch {
        #expect(error.code == .payload)
        #expect(error.segment == 1)
      }
    }
  }
}

extension OpeningReader {
  fileprivate mutating func read(upTo count: Int) throws(CryptoError) -> [UInt8] {
    try [UInt8](capacity: count) { (out) throws(CryptoError) in
      try out.withUnsafeMutableBufferPointer { (buffer, initialized) throws(CryptoError) in
        let memory = UnsafeMutableRawBufferPointer(buffer)
        var span = OutputRawSpan(buffer: memory, initializedCount: 0)
        initialized = try read(into: &span)
      }
    }
  }
}
