import CairnCore
import CairnCrypto
import Testing

@testable import CairnChunks

@Suite struct MemoryChunkIndexTests {
  private func id(_ random: inout SeededRandom) -> ChunkID {
    ChunkID(Digest(bytes: random.bytes(32).span.bytes))
  }

  private func pack(_ random: inout SeededRandom) -> PackInfo {
    PackInfo(
      digest: id(&random).digest, size: Int64(random.next() % 1_000_000) + 300, payloadOffset: 200)
  }

  @Test func isAModelOfRandomPacks() throws {
    var random = SeededRandom(151)
    let index = MemoryChunkIndex()
    var model: [ChunkID: ChunkPlace] = [:]
    var packs: [PackInfo] = []
    var order: [ChunkID] = []
    for number in 0..<500 {
      var table = PackTable()
      for _ in 0..<20 {
        let entries = (0..<10).map { _ in
          PackTable.Entry(
            // One in twenty is known from before.
            id: random.next() % 20 == 0 && !order.isEmpty
              ? order[Int(random.next() % UInt64(order.count))] : id(&random),
            recordLength: UInt32(random.next() % 1000 + 2), hasLinks: random.next() % 2 == 0)
        }
        table.append(
          storedLength: Int(random.next() % 5000),
          rawLength: entries.reduce(0) { $0 + Int($1.recordLength) },
          codec: UInt8(random.next() % 2), entries: entries)
      }
      let info = pack(&random)
      try index.insert(info, PackContents(table))
      packs.append(info)
      for block in table.blocks {
        var offset = 0
        for entry in table.entries[block.entries] {
          if model[entry.id] == nil {
            model[entry.id] = ChunkPlace(
              ordinal: order.count,
              block: BlockPlace(
                pack: number, offset: Int(block.offset), storedLength: Int(block.storedLength),
                rawLength: Int(block.rawLength), codec: block.codec),
              offset: offset, hasLinks: entry.hasLinks)
            order.append(entry.id)
          }
          offset += Int(entry.recordLength)
        }
      }
    }
    #expect(index.count == model.count && model.count > 90_000)
    #expect(index.packCount == packs.count)
    for (number, info) in packs.enumerated() {
      #expect(try index.pack(number) == info)
      #expect(index.contains(info.digest))
    }
    for (id, place) in model where index.place(of: id) != place {
      Issue.record("\(id) is not where it was put")
    }
    for _ in 0..<100_000 where index.place(of: id(&random)) != nil {
      Issue.record("something was found that is not there")
    }
    #expect(!index.contains(id(&random).digest))
  }

  @Test func aPackThatIsThereIsLeftAsItIs() throws {
    var random = SeededRandom(152)
    let index = MemoryChunkIndex()
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
    #expect(index.place(of: first) != nil && index.place(of: second) == nil)
  }

  @Test func idsThatBeginAlikeAreToldApart() throws {
    // All in one chain of slots: equal but for their last byte.
    let index = MemoryChunkIndex()
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
    for (number, id) in ids.enumerated() { #expect(index.place(of: id)?.offset == number * 2) }
  }

  @Test func packsOfManyTasksAreSeenWhole() async throws {
    let index = MemoryChunkIndex()
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
              let place = try #require(index.place(of: id))
              #expect(try index.pack(place.block.pack) == info)
            }
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(index.count == 8 * 50 * 40 && index.packCount == 400)
  }
}
