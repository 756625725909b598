import CairnCore
import Testing

@testable import CairnChunks

/// Streams with holes, compared with the bytes that they stand for.
@Suite struct SparseContentTests {
  private enum Run: Sendable {
    case data(Int)
    case hole(Int)

    var count: Int {
      switch self {
      case .data(let count), .hole(let count): count
      }
    }
  }

  private func store(
    _ runs: [Run], in repository: Repository
  ) async throws -> (content: Content, bytes: [UInt8]) {
    let session = try await repository.startSession(.test)
    var bytes: [UInt8] = []
    for (number, run) in runs.enumerated() {
      switch run {
      case .data(let count): bytes += SeededRandom.bytes(count, seed: UInt64(number))
      case .hole(let count): bytes += [UInt8](repeating: 0, count: count)
      }
    }
    let all = bytes
    let core = session.core
    let content = try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Content in
      var writer = ContentWriter(core, chunker: core.chunker)
      var position = 0
      for run in runs {
        switch run {
        case .data(let count):
          var reader = MemoryReader(Array(all[position..<position + count]))
          try writer.write(from: &reader)
        case .hole(let count):
          try writer.writeHole(UInt64(count))
        }
        position += run.count
      }
      return try writer.finish()
    }
    _ = try await session.publish(name: "a", chunk: content.root)
    return (content, bytes)
  }

  @Test(
    arguments: [
      [.hole(5000), .data(1000)], [.data(1000), .hole(5000), .data(700)], [.data(1000), .hole(1)],
      [.hole(1)], [.hole(1_000_000)], [.hole(10), .hole(20)], [.data(0), .hole(7), .data(0)],
      [.data(1), .hole(1), .data(1), .hole(1), .data(1)], [.hole(0)],
      [.data(3), .hole(0), .data(4)],
    ] as [[Run]])
  private func holesReadAsZeros(runs: [Run]) async throws {
    let repository = try await Repository.createSmall()
    let (content, bytes) = try await store(runs, in: repository)
    #expect(content.byteCount == UInt64(bytes.count))
    let reader = try await repository.reopened()
    #expect(try await reader.readAll(content) == bytes)
    var random = SeededRandom(81)
    for _ in 0..<50 {
      let start = Int.random(in: 0...bytes.count, using: &random)
      let end = Int.random(in: start...bytes.count, using: &random)
      let found = try await reader.read(content, in: UInt64(start)..<UInt64(end))
      try #require(found == Array(bytes[start..<end]), "\(start)..<\(end)")
    }
    let collector = CollectingWriter()
    try await reader.read(content, to: collector)
    #expect(collector.bytes == bytes)
  }

  @Test func aHoleTakesNoChunk() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let core = session.core
    let content = try await ThreadPool.engines.run { () throws(ChunkStoreError) -> Content in
      var writer = ContentWriter(core, chunker: core.chunker)
      try writer.writeHole(1 << 50)
      return try writer.finish()
    }
    #expect(content.byteCount == 1 << 50)
    #expect(session.statistics.newChunks == 1)
    _ = try await session.publish(name: "a", chunk: content.root)
    #expect(try await repository.read(content, in: 1 << 49..<1 << 49 + 3) == [0, 0, 0])
  }

  @Test func leavesTellWhereTheDataIs() async throws {
    let repository = try await Repository.createSmall()
    let (content, _) = try await store([.data(100), .hole(5000), .data(200)], in: repository)
    try await repository.loadIndexOnce()
    let leaves = try repository.withReader { (reader) throws(ChunkStoreError) in
      var leaves: [ContentReader.Leaf] = []
      try ContentReader(reader).forEachLeaf(of: content, in: 0..<5300) { leaves.append($0) }
      return leaves
    }
    #expect(leaves.filter { $0.chunk == nil }.map(\.range) == [100..<5100])
    #expect(leaves.first?.range.lowerBound == 0 && leaves.last?.range.upperBound == 5300)
  }
}
