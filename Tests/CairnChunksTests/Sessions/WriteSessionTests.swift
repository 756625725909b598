import CairnCore
import Synchronization
import Testing

@testable import CairnChunks

@Suite struct WriteSessionTests {
  private func chunk(_ number: Int, of seed: UInt64 = 61) -> Chunk {
    Chunk(data: SeededRandom.bytes(500 + number % 700, seed: seed &* 1_000_003 &+ UInt64(number)))
  }

  @Test func equalChunksAreStoredOnce() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let id = try await session.store(chunk(1))
    #expect(try await session.store(chunk(1)) == id)
    #expect(try await session.store(chunk(2)) != id)
    #expect(try await session.store(Chunk(links: [id], data: chunk(1).data)) != id)
    _ = try await session.publish(name: "a", chunk: id)
    #expect(session.statistics.newChunks == 3)
    #expect(session.statistics.knownChunks == 1)
    #expect(try await repository.storedChunks().values.allSatisfy { $0 == 1 })

    for next in [repository, try await repository.reopened()] {
      let session = try await next.startSession(.test)
      #expect(try await session.store(chunk(1)) == id)
      #expect(session.statistics.newChunks == 0)
      #expect(session.statistics.knownBytes == Int64(chunk(1).data.count))
    }
  }

  @Test func chunksComeBackWithTheirLinks() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let leaves = [Chunk(data: []), Chunk(data: [0]), chunk(3)]
    var ids: [ChunkID] = []
    for leaf in leaves { ids.append(try await session.store(leaf)) }
    let parent = Chunk(links: ids + ids.reversed(), data: Array("an album".utf8))
    let top = try await session.store(parent)
    _ = try await session.publish(name: "a", chunk: top)

    let reader = try await repository.reopened()
    #expect(try await reader.chunk(top) == parent)
    for (id, leaf) in zip(ids, leaves) { #expect(try await reader.chunk(id) == leaf) }
  }

  @Test func theLargestChunkIsStoredAndALargerOneRefused() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    // Its record has two counts of 1 and 4 bytes besides.
    let largest = Chunk(data: [UInt8](repeating: 7, count: Chunk.maximumSize - 5))
    let id = try await session.store(largest)
    let tooLarge = Chunk(data: [UInt8](repeating: 7, count: Chunk.maximumSize - 4))
    let error = try await storeError { _ = try await session.store(tooLarge) }
    #expect(error.code == .invalid)
    // What was refused has harmed nothing.
    _ = try await session.publish(name: "a", chunk: id)
    #expect(try await repository.reopened().chunk(id) == largest)
  }

  @Test func manyTasksStoreEachChunkOnce() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let ids = try await withThrowingTaskGroup { group in
      for task in 0..<16 {
        group.addTask {
          var ids: [Int: ChunkID] = [:]
          for number in (0..<200).shuffled() where number % 16 != task {
            ids[number] = try await session.store(self.chunk(number))
          }
          return ids
        }
      }
      var all: [Int: Set<ChunkID>] = [:]
      for try await some in group {
        for (number, id) in some { all[number, default: []].insert(id) }
      }
      return all
    }
    #expect(ids.count == 200 && ids.values.allSatisfy { $0.count == 1 })
    #expect(session.statistics.newChunks == 200)
    #expect(session.statistics.knownChunks == 16 * 200 - 200 - 200)
    try await session.flush()
    let stored = try await repository.storedChunks()
    #expect(stored.count == 200 && stored.values.allSatisfy { $0 == 1 })
  }

  @Test func nothingIsVisibleBeforeItIsPublished() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    do {
      let session = try await repository.startSession(.test)
      _ = try await session.store(SeededRandom.bytes(300_000, seed: 62))
      try await session.flush()
      #expect(try await repository.roots().isEmpty)
    }
    let reader = try await Repository.open(on: target)
    #expect(try await reader.roots().isEmpty)
    #expect(try await storeError { _ = try await reader.root("latest") }.code == .notFound)
  }

  @Test func aRootMustLeadSomewhere() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let unknown = ChunkID(String(repeating: "ab", count: 32))!
    let error = try await storeError {
      _ = try await session.publish(name: "a", chunk: unknown)
    }
    #expect(error.code == .invalid)
    #expect(try await repository.roots().isEmpty)
  }

  @Test func linksMustLeadSomewhere() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let unknown = ChunkID(String(repeating: "ab", count: 32))!
    for attempt in [
      { _ = try await session.store(Chunk(links: [unknown], data: [])) },
      { _ = try await session.store(sortedEntries: [Entry("a", "", links: [unknown])]) },
    ] as [() async throws -> Void] {
      let error = try await storeError(attempt)
      #expect(error.code == .invalid && "\(error)".contains("\(unknown)"))
    }
    // In hand, on the target, and known from another session.
    let id = try await session.store(chunk(1))
    _ = try await session.store(Chunk(links: [id], data: []))
    try await session.flush()
    _ = try await session.store(sortedEntries: [Entry("a", "", links: [id])])
    let next = try await repository.reopened().startSession(.test)
    _ = try await next.store(Chunk(links: [id], data: [1]))
  }

  @Test func whatOneSessionStoredAnotherMayPublish() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let bytes = SeededRandom.bytes(200_000, seed: 63)
    let first = try await repository.startSession(.test)
    _ = try await first.store(bytes)
    // The first has put packs on the target and described none of them, and goes on.
    let second = try await repository.startSession(.test)
    let content = try await second.store(bytes)
    _ = try await second.publish(name: "second", chunk: content.root)
    #expect(second.statistics.knownChunks > 0)
    #expect(try await Repository.open(on: target).readAll(content) == bytes)
  }

  @Test func publishingWaitsForWhatOthersAreStoring() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let session = try await repository.startSession(.test)
    let streams = (0..<4).map { SeededRandom.bytes(40_000, seed: 64 + $0) }
    // All tasks store the same streams in another order and publish at once: each relies on chunks
    // that another has in hand.
    let published = try await withThrowingTaskGroup { group in
      for task in 0..<12 {
        group.addTask {
          var last: Content?
          for number in 0..<4 {
            last = try await session.store(streams[(task + number) % 4])
          }
          let root = try await session.publish(name: "\(task)", chunk: last!.root)
          let reader = try await Repository.open(on: target)
          #expect(try await reader.readAll(last!) == streams[(task + 3) % 4], "\(root.name)")
          return root
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(published.count == 12)
    let stored = try await repository.storedChunks()
    #expect(stored.values.allSatisfy { $0 == 1 })
  }

  @Test func packsWithoutAnIndexAreAdopted() async throws {
    let target = MemoryTarget()
    let bytes = SeededRandom.bytes(200_000, seed: 68)
    let first = try await Repository.createSmall(on: target)
    let session = try await first.startSession(.test)
    let content = try await session.store(bytes)
    _ = try await session.publish(name: "a", chunk: content.root)
    for blob in try await target.list(BlobFolder.index, after: nil, limit: 100) {
      try await target.delete(blob.name)
    }

    let reader = try await Repository.open(on: target)
    #expect(try await storeError { _ = try await reader.readAll(content) }.code == .missing)
    let next = try await Repository.open(on: target)
    let second = try await next.startSession(.test)
    #expect(try await second.store(bytes) == content)
    #expect(second.statistics.newChunks == 0)
    #expect(try await next.readAll(content) == bytes)
    _ = try await second.publish(name: "b", chunk: content.root)
    #expect(try await Repository.open(on: target).readAll(content) == bytes)
  }

  @Test func aDamagedPackWithoutAnIndexIsPassedOver() async throws {
    let target = MemoryTarget()
    let first = try await Repository.createSmall(on: target)
    let session = try await first.startSession(.test)
    let content = try await session.store(SeededRandom.bytes(20_000, seed: 69))
    try await session.flush()
    for folder in [BlobFolder.index, BlobFolder.packs] {
      for blob in try await target.list(folder, after: nil, limit: 100) {
        let bytes = try await target.get(blob.name)
        try await target.delete(blob.name)
        if folder == BlobFolder.packs {
          try await target.put(blob.name, BlobSource(Array(bytes.dropLast())))
        }
      }
    }
    let second = try await Repository.open(on: target).startSession(.test)
    #expect(try await second.store(SeededRandom.bytes(20_000, seed: 69)) == content)
    #expect(second.statistics.knownChunks == 0)
  }

  @Test func manyPacksAreDescribedBeforeTheEnd() async throws {
    let target = MemoryTarget()
    let repository = try await Repository.createSmall(on: target)
    let session = try await repository.startSession(.test)
    // A hundred packs of 64 KiB, of chunks that do not compress.
    for number in UInt64(0)..<100 {
      _ = try await session.store(
        Chunk(data: SeededRandom.bytes(66_000, seed: 1000 + number)))
    }
    #expect(try await target.names(BlobFolder.index).count == 1)
    try await session.flush()
    #expect(try await target.names(BlobFolder.index).count == 2)
    #expect(try await target.names(BlobFolder.packs).count == 100)
    try await session.flush()
    #expect(try await target.names(BlobFolder.index).count == 2)
    let reader = try await Repository.open(on: target)
    let report = try await reader.verify(VerifyOptions(.data))
    #expect(report.isSound && report.packsOutsideIndex == 0 && report.checkedPacks == 100)
  }

  private struct FailingReader: ByteReader, Sendable {
    var left: Int
    var random = SeededRandom(70)

    mutating func read(into buffer: inout OutputRawSpan) throws(IOError) -> Int {
      guard left > 0 else {
        throw IOError(.unexpectedEnd, operation: "read", subject: "the tape")
      }
      let count = min(left, buffer.freeCapacity)
      for byte in random.bytes(count) { buffer.append(byte) }
      left -= count
      return count
    }
  }

  @Test func aStreamThatFailsLeavesTheSessionUsable() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    let error = try await storeError {
      _ = try await session.store(contentsOf: FailingReader(left: 3_000_000))
    }
    #expect(error.code == .host)
    #expect(error.cause?.subject == "the tape")
    // The beginning of the same stream: what was stored of it may be relied on.
    let bytes = SeededRandom.bytes(2_000_000, seed: 70)
    let content = try await session.store(bytes)
    _ = try await session.publish(name: "a", chunk: content.root)
    #expect(try await repository.reopened().readAll(content) == bytes)
  }

  @Test func entriesOutOfOrderAreRefusedAndTheSessionGoesOn() async throws {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession(.test)
    for keys in [["b", "a"], ["a", "a"], ["a", "b", "ab"]] {
      let error = try await storeError {
        _ = try await session.store(sortedEntries: keys.map { Entry($0, "") })
      }
      #expect(error.code == .invalid)
    }
    let tree = try await session.store(sortedEntries: [Entry("a", "1"), Entry("b", "2")])
    _ = try await session.publish(name: "a", chunk: tree.root)
    #expect(try await repository.reopened().entries(of: tree).count == 2)
  }
}
