import CairnCore
import CairnCrypto
import Foundation
import SystemPackage
import Testing

@testable import CairnChunks

@Suite struct CompactChunkIndexTests {
  private func id(_ random: inout SeededRandom) -> ChunkID {
    ChunkID(Digest(bytes: random.bytes(32).span.bytes))
  }

  private func pack(_ random: inout SeededRandom) -> PackInfo {
    PackInfo(
      digest: id(&random).digest, size: Int64(random.next() % 1_000_000) + 300, payloadOffset: 200)
  }

  /// Compares with a dictionary while packs come and go.
  @Test(arguments: ["/dev/shm", nil] as [FilePath?])
  func isAModelOfRandomPacks(in directory: FilePath?) throws {
    var random = SeededRandom(151)
    try IndexModel.compare(
      CompactChunkIndex(spoolDirectory: directory), packs: 400, chunksPerPack: 200, &random)
  }

  @Test func takesAtMostSixteenBytesPerChunk() throws {
    // A million in release; inserting that many without optimization takes minutes.
    #if DEBUG
      let packCount = 30
    #else
      let packCount = 245
    #endif
    let index = CompactChunkIndex(spoolDirectory: "/dev/shm")
    var random = SeededRandom(154)
    var largest = 0.0
    for _ in 0..<packCount {
      try index.insert(pack(&random), IndexModel.contents(4096, blockOf: 16, &random))
      guard index.count > 50_000 else { continue }
      largest = max(largest, Double(index.memoryBytes) / Double(index.count))
    }
    #expect(index.count == packCount * 4096 && largest < 13.5, "\(largest) bytes per chunk")
  }

  /// However full its parts are, an entry is at most two slots from its place on average.
  @Test func entriesAreWhereTheyBelong() {
    var random = SeededRandom(155)
    var table = FingerprintTable()
    for number in 0..<60_000 {
      table.insert(Fingerprint(id(&random)), UInt32(number))
      guard number % 4000 == 3999 else { continue }
      #expect(table.meanDisplacement < 2.1, "\(number + 1) entries")
    }
  }

  /// `CAIRN_INDEX_CHUNKS=100000000`, in release, takes 6 GB of disk and some minutes.
  @Test func holdsAsManyAsAsked() throws {
    let wanted =
      ProcessInfo.processInfo.environment["CAIRN_INDEX_CHUNKS"].flatMap { Int($0) } ?? 40_000
    let index = CompactChunkIndex(spoolDirectory: "/var/tmp")
    var random = SeededRandom(155)
    var known: [ChunkID] = []
    while index.count < wanted {
      let contents = IndexModel.contents(min(16_384, wanted - index.count), blockOf: 64, &random)
      known.append(contents.table.entries[Int(random.next() % 64)].id)
      try index.insert(pack(&random), contents)
    }
    for id in known where try index.place(of: id) == nil {
      Issue.record("\(id) is lost")
    }
    for _ in 0..<10_000 where try index.place(of: id(&random)) != nil {
      Issue.record("something was found that is not there")
    }
    #expect(Double(index.memoryBytes) / Double(wanted) < 16)
  }

  @Test func aFailingTemporaryFileIsAnError() throws {
    let index = CompactChunkIndex(spoolDirectory: "/nowhere/at/all")
    var random = SeededRandom(156)
    let small = IndexModel.contents(100, blockOf: 10, &random)
    try index.insert(pack(&random), small)
    let error = #expect(throws: ChunkStoreError.self) {
      try index.insert(pack(&random), IndexModel.contents(30_000, blockOf: 10, &random))
    }
    #expect(error?.code == .targetFailed)
    #expect(index.count == 100 && index.packCount == 1)
    for entry in small.table.entries { #expect(try index.place(of: entry.id) != nil) }
  }

  @Test func aPackThatIsThereIsLeftAsItIs() throws {
    var random = SeededRandom(152)
    let index = CompactChunkIndex()
    let info = pack(&random)
    let (first, second) = (id(&random), id(&random))
    for id in [first, second] {
      var table = PackTable()
      table.append(
        storedLength: 10, rawLength: 10, codec: 0,
        entries: [PackTable.Entry(id: id, recordLength: 10, hasLinks: false)])
      try index.insert(info, PackContents(table))
    }
    #expect(index.count == 1 && index.packCount == 1)
    #expect(try index.place(of: first) != nil && index.place(of: second) == nil)
  }

  @Test func idsThatBeginAlikeAreToldApart() throws {
    // All in one chain of slots: equal but for their last byte.
    let index = CompactChunkIndex()
    let ids = (0..<200).map { number in
      ChunkID(Digest(bytes: ([UInt8](repeating: 7, count: 31) + [UInt8(number)]).span.bytes))
    }
    var table = PackTable()
    table.append(
      storedLength: 400, rawLength: 400, codec: 0,
      entries: ids.map { PackTable.Entry(id: $0, recordLength: 2, hasLinks: false) })
    var random = SeededRandom(153)
    try index.insert(pack(&random), PackContents(table))
    #expect(index.count == 200)
    for (number, id) in ids.enumerated() { #expect(try index.place(of: id)?.offset == number * 2) }
  }

  @Test func packsOfManyTasksAreSeenWhole() async throws {
    let index = CompactChunkIndex()
    try await withThrowingTaskGroup { group in
      for task in UInt64(0)..<8 {
        group.addTask {
          var random = SeededRandom(200 + task)
          for _ in 0..<50 {
            let ids = (0..<40).map { _ in self.id(&random) }
            var table = PackTable()
            table.append(
              storedLength: 80, rawLength: 80, codec: 0,
              entries: ids.map { PackTable.Entry(id: $0, recordLength: 2, hasLinks: false) })
            let info = self.pack(&random)
            try index.insert(info, PackContents(table))
            for id in ids {
              let place = try #require(try index.place(of: id))
              #expect(index.pack(place.block.pack) == info)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(index.count == 8 * 50 * 40 && index.packCount == 400)
  }
}
