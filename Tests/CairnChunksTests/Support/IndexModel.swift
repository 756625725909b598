import CairnCrypto
import Testing

@testable import CairnChunks

/// What an index is to say, kept in dictionaries.
enum IndexModel {
  static func id(_ random: inout SeededRandom) -> ChunkID {
    ChunkID(Digest(bytes: random.bytes(32).span.bytes))
  }

  static func pack(_ random: inout SeededRandom) -> PackInfo {
    PackInfo(
      digest: id(&random).digest, size: Int64(random.next() % 1_000_000) + 300,
      payloadOffset: 200)
  }

  /// A pack of chunks with random ids.
  static func contents(
    _ count: Int, blockOf blockCount: Int, _ random: inout SeededRandom
  ) -> PackContents {
    PackContents(table((0..<count).map { _ in id(&random) }, blockOf: blockCount, &random))
  }

  static func table(
    _ ids: [ChunkID], blockOf blockCount: Int, _ random: inout SeededRandom
  ) -> PackTable {
    var table = PackTable()
    for start in stride(from: 0, to: ids.count, by: blockCount) {
      let entries = ids[start..<min(start + blockCount, ids.count)].map {
        PackTable.Entry(
          id: $0, recordLength: UInt32(random.next() % 1000 + 2), hasLinks: random.next() % 2 == 0)
      }
      table.append(
        storedLength: Int(random.next() % 5000),
        rawLength: entries.reduce(0) { $0 + Int($1.recordLength) }, codec: UInt8(random.next() % 2),
        entries: entries)
    }
    return table
  }

  /// Inserts and withdraws packs, of whose chunks some are in others already, and asks for all.
  ///
  /// - Parameter reopen: gives the index as it is after it was closed, now and then.
  static func compare(
    _ index: any ChunkIndex, packs packCount: Int, chunksPerPack: Int,
    _ random: inout SeededRandom, reopen: (() throws -> any ChunkIndex)? = nil
  ) throws {
    var index = index
    var packs: [PackInfo] = []
    var tables: [PackTable] = []
    var isWithdrawn: [Bool] = []
    var known: [ChunkID] = []

    func check() throws {
      var model: [ChunkID: (pack: PackInfo, place: BlockPlace, offset: Int, hasLinks: Bool)] = [:]
      for (number, table) in tables.enumerated() where !isWithdrawn[number] {
        PackContents(table).forEachChunk(inPack: number) { (id, place, offset, hasLinks) in
          if model[id] == nil { model[id] = (packs[number], place, offset, hasLinks) }
        }
      }
      var ordinals: Set<Int> = []
      for id in Set(known) {
        let found = try index.place(of: id)
        let expected = model[id]
        guard let found, let expected else {
          #expect(found == nil && expected == nil, "\(id)")
          continue
        }
        #expect(try index.pack(found.block.pack) == expected.pack)
        #expect(
          found.block.offset == expected.place.offset
            && found.block.storedLength == expected.place.storedLength
            && found.block.rawLength == expected.place.rawLength
            && found.block.codec == expected.place.codec && found.offset == expected.offset
            && found.hasLinks == expected.hasLinks)
        #expect(found.ordinal < index.count && ordinals.insert(found.ordinal).inserted)
      }
      for (number, pack) in packs.enumerated() {
        #expect(try index.contains(pack.digest) == !isWithdrawn[number])
      }
      for _ in 0..<1000 where try index.place(of: id(&random)) != nil {
        Issue.record("something was found that is not there")
      }
    }

    for number in 0..<packCount {
      let ids = (0..<chunksPerPack).map { _ in
        // One in twenty is known from before.
        random.next() % 20 == 0 && !known.isEmpty
          ? known[Int(random.next() % UInt64(known.count))] : id(&random)
      }
      packs.append(pack(&random))
      tables.append(table(ids, blockOf: 10, &random))
      isWithdrawn.append(false)
      known += ids
      try index.insert(packs[number], PackContents(tables[number]))
      if random.next() % 8 == 0 {
        let gone = Int(random.next() % UInt64(packs.count))
        try index.withdraw(packs[gone].digest)
        isWithdrawn[gone] = true
      }
      if let reopen, random.next() % 16 == 0 { index = try reopen() }
      if number % (packCount / 4) == packCount / 8 { try check() }
    }
    try check()
  }
}
