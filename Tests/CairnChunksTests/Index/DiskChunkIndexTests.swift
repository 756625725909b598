import CairnCore
import CairnCrypto
import Foundation
import SystemPackage
import Testing

@testable import CairnChunks

@Suite struct DiskChunkIndexTests {
  private let repository = RepositoryID("00112233445566778899aabbccddeeff")!

  @Test func isAModelThatSurvivesReopening() async throws {
    try await withTemporaryDirectory { directory in
      var random = SeededRandom(401)
      var index: DiskChunkIndex? = DiskChunkIndex(directory)
      _ = try index!.open(for: repository)
      try IndexModel.compare(index!, packs: 200, chunksPerPack: 60, &random) {
        try index!.save(IndexBlobSet(), undescribed: [])
        // The file is open once for writing; the model lets go of the index that it had.
        index!.close()
        index = DiskChunkIndex(directory)
        _ = try index!.open(for: repository)
        return index!
      }
    }
  }

  /// Runs of all sizes, merged in any order: the same answers, and never many runs.
  @Test func runsAreMerged() async throws {
    try await withTemporaryDirectory { directory in
      for seed in UInt64(0)..<2 {
        var random = SeededRandom(420 + seed)
        let index = DiskChunkIndex(directory)
        _ = try index.open(for: repository)
        var runCounts: Set<Int> = []
        var saves = 0
        try IndexModel.compare(index, packs: 240, chunksPerPack: 6, &random) {
          saves += 1
          try index.save(IndexBlobSet(), undescribed: [])
          runCounts.insert(index.runCount)
          return index
        }
        try index.save(IndexBlobSet(), undescribed: [])
        #expect(saves > 8 && runCounts.allSatisfy { (1...8).contains($0) }, "seed \(420 + seed)")
        index.close()
        let again = DiskChunkIndex(directory)
        _ = try again.open(for: repository)
        #expect(again.runCount <= 8 && again.count >= 240 * 6)
        try again.removeAll()
        #expect(again.runCount == 0 && again.count == 0)
        again.close()
      }
    }
  }

  /// A large index is read for the first time in a fixed amount of memory.
  @Test func whatIsReadIsSavedOnTheWay() async throws {
    try await withTemporaryDirectory { directory in
      var random = SeededRandom(430)
      let target = MemoryTarget()
      let repository = try await Repository.createSmall(on: target)
      var ids: [ChunkID] = []
      for _ in 0..<4 {
        var file = try IndexBlobFile(
          in: repository.makeSpool(or: "/dev/shm"), repository.keyring, replacing: [])
        for _ in 0..<10 {
          let contents = IndexModel.contents(100, blockOf: 10, &random)
          ids += contents.table.entries.map(\.id)
          try file.append(IndexModel.pack(&random), table: contents.table.encoded)
        }
        let (name, source) = try file.finish()
        try target.store(name, source)
      }
      let index = DiskChunkIndex(directory, cacheBytes: 4 << 20, gathering: 900)
      let opened = try await Repository.open(on: target, options: .init(index: index))
      try await opened.refresh()
      #expect(index.count == 4000 && index.runCount == 5)
      for id in ids { #expect(try index.place(of: id) != nil) }
      index.close()
      // Nothing is read twice.
      let counting = FaultyTarget(target)
      let again = DiskChunkIndex(directory, cacheBytes: 4 << 20, gathering: 900)
      try await Repository.open(on: counting, options: .init(index: again)).refresh()
      #expect(again.count == 4000 && counting.counts.gotBytes < 10_000)
      again.close()
    }
  }

  @Test func packsThatNobodyDescribedAreNotThereAgain() async throws {
    try await withTemporaryDirectory { directory in
      var random = SeededRandom(402)
      let packs = (0..<2).map { _ in IndexModel.pack(&random) }
      let contents = (0..<2).map { _ in IndexModel.contents(50, blockOf: 10, &random) }
      var blobs = IndexBlobSet()
      let blob = IndexModel.id(&random).digest
      let old = IndexModel.id(&random).digest
      blobs.insert(blob, size: 77, replacing: [old])
      do {
        let index = DiskChunkIndex(directory)
        #expect(try index.open(for: repository)?.isSame(as: IndexBlobSet()) == true)
        #expect(try index.open(for: repository) == nil)
        for (pack, contents) in zip(packs, contents) { try index.insert(pack, contents) }
        try index.save(blobs, undescribed: [packs[1].digest])
        #expect(index.contains(packs[1].digest))
        index.close()
      }
      let index = DiskChunkIndex(directory)
      #expect(try index.open(for: repository)?.isSame(as: blobs) == true)
      #expect(index.contains(packs[0].digest) && !index.contains(packs[1].digest))
      for entry in contents[0].table.entries { #expect(try index.place(of: entry.id) != nil) }
      for entry in contents[1].table.entries { #expect(try index.place(of: entry.id) == nil) }
      try index.insert(packs[1], contents[1])
      for entry in contents[1].table.entries { #expect(try index.place(of: entry.id) != nil) }
    }
  }

  private func path(_ directory: FilePath) -> String {
    directory.appending("index-\(repository).trees").string
  }

  @Test func aDamagedFileIsMadeAnew() async throws {
    try await withTemporaryDirectory { directory in
      var random = SeededRandom(403)
      for damage in 0..<3 {
        do {
          let index = DiskChunkIndex(directory)
          _ = try index.open(for: repository)
          try index.insert(
            IndexModel.pack(&random), IndexModel.contents(2000, blockOf: 10, &random))
          try index.save(IndexBlobSet(), undescribed: [])
          #expect(index.count == 2000)
          index.close()
        }
        let file = URL(fileURLWithPath: path(directory))
        var bytes = Array(try Data(contentsOf: file))
        switch damage {
        case 0: bytes = Array(bytes[..<100])
        case 1: bytes = Array("something else".utf8)
        default: for place in stride(from: 100, to: 30_000, by: 512) { bytes[place] ^= 255 }
        }
        try Data(bytes).write(to: file)
        let again = DiskChunkIndex(directory)
        _ = try again.open(for: repository)
        #expect(again.count == 0 && again.packCount == 0)
        again.close()
        try FileManager.default.removeItem(at: file)
      }
    }
  }

  @Test func aSecondOneReadsWhatTheFirstHasSaved() async throws {
    try await withTemporaryDirectory { directory in
      var random = SeededRandom(404)
      let first = DiskChunkIndex(directory)
      _ = try first.open(for: repository)
      let contents = IndexModel.contents(100, blockOf: 10, &random)
      try first.insert(IndexModel.pack(&random), contents)
      try first.save(IndexBlobSet(), undescribed: [])

      let second = DiskChunkIndex(directory)
      _ = try second.open(for: repository)
      let more = IndexModel.contents(100, blockOf: 10, &random)
      try second.insert(IndexModel.pack(&random), more)
      try second.save(IndexBlobSet(), undescribed: [])
      for entry in contents.table.entries + more.table.entries {
        #expect(try second.place(of: entry.id) != nil)
      }
      for entry in more.table.entries { #expect(try first.place(of: entry.id) == nil) }
    }
  }

  /// A repository through the index, over several runs, with another writer beside it.
  @Test func aRepositoryFindsWhatItStored() async throws {
    try await withTemporaryDirectory { directory in
      let base = MemoryTarget()
      _ = try await Repository.createSmall(on: base)
      var ids: [ChunkID] = []
      for run in UInt64(0)..<6 {
        let counting = FaultyTarget(base)
        let disk = DiskChunkIndex(directory)
        let repository = try await Repository.open(on: counting, options: .init(index: disk))
        let session = try await repository.startSession(.test)
        for id in ids { #expect(try await repository.contains(id)) }
        for seed in 0..<20 {
          let bytes = SeededRandom.bytes(200, seed: 410 + run * 100 + UInt64(seed))
          ids.append(try await session.store(Chunk(data: bytes)))
        }
        try await session.publish(name: "run", chunk: ids[ids.count - 1])
        // What this run wrote, the next one need not read.
        disk.close()

        let other = try await Repository.open(on: base)
        let beside = try await other.startSession(.test)
        ids.append(
          try await beside.store(Chunk(data: SeededRandom.bytes(200, seed: 4000 + run))))
        try await beside.publish(name: "beside", chunk: ids[ids.count - 1])
      }
      let disk = DiskChunkIndex(directory)
      let repository = try await Repository.open(on: base, options: .init(index: disk))
      for id in ids { #expect(try await repository.chunk(id).data.count == 200) }
      #expect(try await repository.verify(VerifyOptions(.data)).isSound)
      disk.close()

      // All blobs of the index go, and are written anew: what was saved of them is not trusted.
      for name in try await base.names("index/") { base.remove(BlobName(named: name)) }
      let pack = try #require(try await base.names("packs/").first)
      base.remove(BlobName(named: pack))
      let fresh = DiskChunkIndex(directory)
      let healed = try await Repository.open(on: base, options: .init(index: fresh))
      let session = try await healed.startSession(.test)
      try await session.flush()
      #expect(fresh.packCount == (try await base.names("packs/").count))
    }
  }
}
