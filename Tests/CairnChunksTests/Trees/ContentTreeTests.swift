import CairnCore
import SystemPackage
import Testing

@testable import CairnChunks

@Suite struct ContentTreeTests {
  /// Cuts of 10 bytes, so that lengths around chunks and nodes are easy to name.
  private static let chunkSize = 10
  private static let options: SessionOptions = {
    var options = SessionOptions.test
    options.chunker = FixedSizeChunker(size: chunkSize)
    return options
  }()

  private func store(
    _ bytes: [UInt8], _ options: SessionOptions = options
  ) async throws -> (Repository, Content) {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(options)
    let content = try await session.store(bytes)
    _ = try await session.publish(name: "a", chunk: content.root)
    return (try await repository.reopened(), content)
  }

  @Test(arguments: [
    0, 1, 9, 10, 11, 20, 21,
    // A node ends by its last child's id behind 32, and at 512 children at the latest.
    319, 320, 321, 330, 5119, 5120, 5121, 5130, 60_000,
  ])
  func everyLengthComesBack(count: Int) async throws {
    let bytes = SeededRandom.bytes(count, seed: UInt64(count))
    let (repository, content) = try await store(bytes)
    #expect(content.byteCount == UInt64(count))
    #expect((content.height == 0) == (count <= 10) && content.height < 5)
    #expect(try await repository.readAll(content) == bytes)
  }

  @Test func aShortStreamIsOneChunk() async throws {
    let (repository, content) = try await store([1, 2, 3])
    #expect(content.height == 0)
    #expect(try await repository.chunk(content.root) == Chunk(data: [1, 2, 3]))
  }

  @Test(arguments: UInt64(0)..<4)
  func everyRangeIsThatOfTheBytes(seed: UInt64) async throws {
    var random = SeededRandom(seed)
    let bytes = random.bytes(30_000)
    let (repository, content) = try await store(bytes)
    #expect(content.height >= 2)
    for _ in 0..<200 {
      let start = Int.random(in: 0...bytes.count + 5, using: &random)
      let count = [0, 1, 10, 100, 5000].randomElement(using: &random)!
      let found = try await repository.read(content, in: UInt64(start)..<UInt64(start + count))
      let expected = bytes.dropFirst(start).prefix(count)
      try #require(found == Array(expected), "\(start)..<\(start + count)")
    }
    #expect(try await repository.read(content, in: 0..<UInt64.max) == bytes)
  }

  @Test func writingToAWriterGivesTheSameBytes() async throws {
    let bytes = SeededRandom.bytes(30_000, seed: 71)
    let (repository, content) = try await store(bytes)
    for range in [nil, 0..<30_000, 5..<6, 123..<29_877, 40_000..<50_000] as [Range<UInt64>?] {
      let collector = CollectingWriter()
      try await repository.read(content, in: range, to: collector)
      let part = (range ?? 0..<30_000).clamped(to: 0..<30_000)
      #expect(collector.bytes == Array(bytes[Int(part.lowerBound)..<Int(part.upperBound)]))
    }
  }

  @Test func aWriterThatFailsIsTheHosts() async throws {
    struct FullDisk: ByteWriter, Sendable {
      mutating func write(_ bytes: RawSpan) throws(IOError) {
        throw .systemCall("write to", "the disk", .noSpace)
      }
    }
    let (repository, content) = try await store(SeededRandom.bytes(100, seed: 72))
    let error = try await storeError { try await repository.read(content, to: FullDisk()) }
    #expect(error.code == .host)
    #expect(error.cause?.errno == .noSpace)
  }

  @Test func equalRunsAreShared() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let bytes = SeededRandom.bytes(300_000, seed: 73)
    let first = try await session.store(bytes)
    let afterFirst = session.statistics
    var changed = bytes
    changed[150_000] ^= 1
    changed.insert(contentsOf: [1, 2, 3], at: 20_000)
    let second = try await session.store(changed)
    #expect(first != second)
    // Two places changed: some chunks and, on each level, some nodes around each.
    let fresh = session.statistics.newChunks - afterFirst.newChunks
    #expect(fresh < 40, "\(fresh) of \(afterFirst.newChunks)")
    #expect(try await session.store(bytes) == first)
  }

  @Test func aPipeIsStoredToItsEnd() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let bytes = SeededRandom.bytes(1_500_000, seed: 74)
    let (readEnd, writeEnd) = try FileDescriptor.pipe()
    async let written: Void = ThreadPool.engines.run { () throws(IOError) in
      defer { try? writeEnd.close() }
      var writer = FileWriter(writeEnd)
      try writer.write(bytes.span.bytes)
    }
    let content = try await session.store(contentsOf: readEnd)
    try await written
    try readEnd.close()
    #expect(try await session.store(bytes) == content)
    _ = try await session.publish(name: "a", chunk: content.root)
    #expect(try await repository.readAll(content) == bytes)
  }
}
