import CairnCore
import CairnCrypto
import SystemPackage
import Testing

@Suite("Files of which any part is read")
struct SealedFileTests {
  static let sample = Result { try SampleFile(plain: LongSample.prefix(10 * 65536 + 1234)) }

  let sample: SampleFile

  init() throws { sample = try Self.sample.get() }

  private func sealedFile(_ bytes: [UInt8]) throws -> SealedFile<MemoryReader> {
    try SealedFile(MemoryReader(bytes), identities: [sample.identity])
  }

  @Test(arguments: boundaryLengths)
  func anyRange(plainCount: Int) throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed)
    let sample = try SampleFile(plain: LongSample.prefix(plainCount))
    let file = try SealedFile(MemoryReader(sample.bytes), identities: [sample.identity])
    #expect(file.byteCount == plainCount)
    for _ in 0..<60 {
      let offset = Int.random(in: 0...plainCount + 10, using: &random)
      let count = Int.random(in: 1...150_000, using: &random)
      expectSame(
        try file.bytes(at: Int64(offset), upTo: count),
        Array(sample.plain.dropFirst(offset).prefix(count)), "\(offset), \(count), seed \(seed)")
    }
  }

  @Test func readsPastTheEndGiveNothing() throws {
    let file = try sealedFile(sample.bytes)
    for offset in [file.byteCount, file.byteCount + 1, file.byteCount + 70_000, .max] {
      #expect(try file.bytes(at: offset, upTo: 10) == [])
    }
    #expect(try file.bytes(at: file.byteCount - 3, upTo: 10) == Array(sample.plain.suffix(3)))
    #expect(try file.bytes(at: 0, upTo: 0) == [])
  }

  @Test func whatIsInTheBufferStaysThere() throws {
    let file = try sealedFile(sample.bytes)
    let bytes = try [UInt8](capacity: 10) { (out) throws(CryptoError) in
      out.append(1)
      out.append(2)
      try out.withUnsafeMutableBufferPointer { (buffer, initialized) throws(CryptoError) in
        var span = OutputRawSpan(
          buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: initialized)
        #expect(try file.read(at: 5, into: &span) == 8)
        initialized = span.byteCount
      }
    }
    #expect(bytes == [1, 2] + sample.plain[5..<13])
  }

  @Test func severalThreadsAtOnce() throws {
    let sample = sample
    let file = try sealedFile(sample.bytes)
    let seed = UInt64.random(in: .min ... .max)
    let readers = (UInt64(0)..<6).map { number in
      Peer {
        var random = SeededRandom(seed &+ number)
        for _ in 0..<100 {
          let offset = Int.random(in: 0..<sample.plain.count, using: &random)
          let count = Int.random(in: 1...100_000, using: &random)
          let expected = Array(sample.plain.dropFirst(offset).prefix(count))
          guard isSame(try file.bytes(at: Int64(offset), upTo: count), expected) else {
            return false
          }
        }
        return true
      }
    }
    for reader in readers { #expect(try reader.join(), "seed \(seed)") }
  }

  @Test func fromAFile() throws {
    let folder = try TemporaryFolder()
    let file = try folder.file("file", holding: [1, 2, 3] + sample.bytes + [4, 5])
    defer { try? file.close() }
    let window = FileWindow(file, offset: 3, byteCount: Int64(sample.bytes.count))
    let sealed = try SealedFile(window, identities: [sample.identity])
    #expect(try sealed.bytes(at: 100_000, upTo: 5) == Array(sample.plain[100_000..<100_005]))
    #expect(try file.offset() == 0)
  }

  @Test func aPayloadWithoutItsHeader() throws {
    let payload = Array(sample.bytes.dropFirst(sample.header.byteCount))
    let file = try SealedFile(payload: MemoryReader(payload), fileKey: sample.identity.fileKey)
    #expect(file.byteCount == sample.plain.count)
    #expect(try file.bytes(at: 65530, upTo: 10) == Array(sample.plain[65530..<65540]))
    for count in [0, 15, 16, 31] {
      expect(.header, .truncated) {
        _ = try SealedFile(
          payload: MemoryReader(Array(payload.prefix(count))), fileKey: sample.identity.fileKey)
      }
    }
  }

  /// It takes more than the first read.
  @Test func aLongHeader() throws {
    let identity = try X25519Identity.generate()
    let recipients = [X25519Recipient](repeating: identity.recipient, count: 300)
    let bytes = try Age.seal([1, 2, 3], to: recipients)
    let file = try SealedFile(MemoryReader(bytes), identities: [identity])
    #expect(file.layout.headerByteCount > 20_000)
    #expect(try file.bytes(at: 0, upTo: 9) == [1, 2, 3])
    for count in [0, 1, 100, 4096, 20_000] {
      let limits = Header.Limits(byteCount: count)
      expect(.limit, .header) {
        _ = try SealedFile(MemoryReader(bytes), identities: [identity], limits: limits)
      }
    }
  }

  @Test func whatWasCutOffIsFoundAtOnce() throws {
    for count in 1...10 {
      let error = #expect(throws: CryptoError.self) {
        _ = try sealedFile(sample.file(Array(sample.segments.prefix(count))))
      }
      #expect(error?.code == .truncated)
      #expect(error?.segment == UInt64(count - 1))
    }
    for count in [0, 10, sample.header.byteCount, sample.payloadStart, sample.payloadStart + 15] {
      expect(.header, .truncated) { _ = try sealedFile(Array(sample.bytes.prefix(count))) }
    }
    for count in [1, 2, 1000, 1233, 1234, 1235, 1249, 1250, 70_000] {
      expect(.truncated, .payload) { _ = try sealedFile(Array(sample.bytes.dropLast(count))) }
    }
    for count in [1, 16, 17, 64318, 64319, 70_000] {
      expect(.truncated, .payload) {
        _ = try sealedFile(sample.bytes + [UInt8](repeating: 0, count: count))
      }
    }
  }

  @Test func damageInTheMiddleIsFoundWhereItIsRead() throws {
    var segments = sample.segments
    segments[4][0] ^= 1
    let file = try sealedFile(sample.file(segments))
    for _ in 0..<2 {
      let error = #expect(throws: CryptoError.self) {
        _ = try file.bytes(at: 4 * 65536 + 5, upTo: 1)
      }
      #expect(error?.code == .payload)
      #expect(error?.segment == 4)
      #expect(try file.bytes(at: 3 * 65536, upTo: 65536) == Array(sample.plain[196608..<262144]))
      #expect(try file.bytes(at: 5 * 65536, upTo: 9) == Array(sample.plain[327680..<327689]))
    }
    // What is sound before it has been appended.
    var bytes = [UInt8](repeating: 0, count: 100_000)
    let count = bytes.withUnsafeMutableBytes { bytes in
      var span = OutputRawSpan(buffer: bytes, initializedCount: 0)
      expect(.payload) { _ = try file.read(at: 4 * 65536 - 10, into: &span) }
      return span.byteCount
    }
    #expect(Array(bytes.prefix(count)) == Array(sample.plain[262134..<262144]))
  }

  @Test func aSourceThatFails() throws {
    for faults in 0..<4 {
      let source = FaultySource(sample.bytes, soundReads: faults)
      let error = #expect(throws: CryptoError.self) {
        let file = try SealedFile(source, identities: [sample.identity])
        _ = try file.bytes(at: 70_000, upTo: 1)
      }
      #expect(error?.code == .io, "after \(faults) reads")
    }
  }

  /// It gives fewer bytes than it says it has.
  @Test func aSourceThatGivesTooLittle() throws {
    for count in [0, 100, sample.header.byteCount, sample.payloadStart, 70_000, 500_000] {
      let source = FaultySource(
        Array(sample.bytes.prefix(count)), byteCount: Int64(sample.bytes.count))
      expect(.io, .header, .truncated) { _ = try SealedFile(source, identities: [sample.identity]) }
    }
  }

  /// It is shorter after it was opened.
  @Test func aSourceThatShrinks() throws {
    let folder = try TemporaryFolder()
    let file = try folder.file("file", holding: sample.bytes)
    defer { try? file.close() }
    let window = FileWindow(file, byteCount: Int64(sample.bytes.count))
    let sealed = try SealedFile(window, identities: [sample.identity])
    try file.resize(to: 200_000)
    #expect(try sealed.bytes(at: 10, upTo: 10) == Array(sample.plain[10..<20]))
    let error = #expect(throws: CryptoError.self) { _ = try sealed.bytes(at: 300_000, upTo: 1) }
    #expect(error?.code == .truncated)
    #expect(error?.segment == 4)
  }

  @Test func aSourceThatSaysAnything() throws {
    for byteCount in [Int64.min, -1, 0, 1, .max - 1, .max] {
      let source = FaultySource(sample.bytes, byteCount: byteCount)
      expect(.io, .header, .truncated) { _ = try SealedFile(source, identities: [sample.identity]) }
    }
  }
}

extension SealedFile {
  fileprivate func bytes(at offset: Int64, upTo count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = try bytes.withUnsafeMutableBytes { bytes in
      var span = OutputRawSpan(buffer: bytes, initializedCount: 0)
      return try read(at: offset, into: &span)
    }
    return Array(bytes.prefix(got))
  }
}

/// Fails after some reads, or says that it has another length.
private final class FaultySource: RandomAccessReader {
  let byteCount: Int64
  private let bytes: MemoryReader
  private let soundReads: Monitor<Int>

  init(_ bytes: [UInt8], byteCount: Int64? = nil, soundReads: Int = .max) {
    self.bytes = MemoryReader(bytes)
    self.byteCount = byteCount ?? Int64(bytes.count)
    self.soundReads = Monitor(soundReads)
  }

  func read(at offset: Int64, into buffer: inout OutputRawSpan) throws(IOError) -> Int {
    let isSound = soundReads.withLock { soundReads in
      soundReads -= 1
      return soundReads >= 0
    }
    guard isSound else { throw .systemCall("read", "the faulty source", .ioError) }
    return bytes.read(at: offset, into: &buffer)
  }
}
