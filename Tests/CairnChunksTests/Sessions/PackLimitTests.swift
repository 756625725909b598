import CairnCrypto
import Testing

@testable import CairnChunks

/// What ends a pack beside its size.
@Suite struct PackLimitTests {
  @Test func aPackOfTheSmallestChunksEndsByTheirNumber() async throws {
    let target = MemoryTarget()
    let layout = RepositoryLayout(
      chunker: .standard, blockSize: 4 << 10, packSize: 16 << 20, nodeSize: 8 << 10)!
    let repository = try await Repository.create(on: target, for: [owner.recipient], layout: layout)
    let session = try await repository.startSession(.test)
    try await session.withBlockingSession { session in
      for number in 0..<20_000 { _ = try session.store(Chunk(data: Array("\(number)".utf8))) }
      try session.flush()
    }
    let counts = try await repository.chunksOfPacks()
    #expect(counts.reduce(0, +) == 20_000)
    // A block more than the limit, at most.
    #expect(counts.count == 2 && counts.allSatisfy { $0 < 16_384 + 4096 / 3 }, "\(counts)")
  }
}

extension Repository {
  /// The number of chunks in each pack.
  fileprivate func chunksOfPacks() async throws(ChunkStoreError) -> [Int] {
    var counts: [Int] = []
    let tail = PackTail(target: target, keys: packKeys)
    try await target.forEachBlob(BlobFolder.packs) { (blob) throws(ChunkStoreError) in
      counts.append(try tail.read(blob).1.entries.count)
    }
    return counts
  }
}
