import CairnCore
import Testing

@testable import CairnTree

@Suite struct DamageTests {
  private func sample() throws -> [UInt8] {
    let storage = MemoryStorage()
    let store = try TreeStore(on: storage, TreeStoreOptions(pageSize: 4096))
    let writing = try store.beginWriting()
    let fixed = try writing.tree("fixed", creating: TreeOptions(for: UInt32.self, UInt32.self))
      .typed(UInt32.self, UInt32.self)
    let free = try writing.tree("free", creating: TreeOptions(isWeighted: true))
    for number in 0..<UInt32(600) { try fixed.put(number, number) }
    for number in 0..<60 {
      let value = [UInt8](repeating: UInt8(number), count: number == 30 ? 5000 : number)
      try free.put(Array("key \(number)".utf8).span.bytes, value.span.bytes, weight: 2)
    }
    try writing.commit(.checkpoint)
    return storage.bytes
  }

  /// Reads everything there is.
  private func readAll(_ bytes: [UInt8]) throws -> [TreeEntry] {
    let store = try TreeStore(on: MemoryStorage(bytes), TreeStoreOptions(cacheBytes: 0))
    let reader = try store.beginReading()
    var entries: [TreeEntry] = []
    for name in try reader.treeNames {
      entries += try reader.tree(name).entries(in: 0..<1_000_000)
    }
    let report = try store.verify()
    if let problem = report.problems.first {
      throw TreeError(.damaged, problem.message)
    }
    return entries
  }

  /// Every bit in long tests. Else one of each 311 bytes, and one of each byte of the first
  /// checkpoint and of one leaf's header.
  @Test func everyFlippedBitIsFoundOrWithoutEffect() throws {
    let whole = try sample()
    let entries = try readAll(whole)
    #expect(entries.count == 660)
    var random = SeededRandom(31)
    var bits: [Int] = []
    if runsLongTests {
      bits = Array(0..<8 * whole.count)
    } else {
      let positions = (0..<whole.count / 311).map { $0 * 311 + Int(random.next() % 311) }
      let headers = (0..<104).map { 4096 + $0 } + (0..<48).map { 4 * 4096 + $0 }
      bits = (positions + headers).map { 8 * $0 + Int(random.next() % 8) }
    }
    var found = 0
    var bytes = whole
    for bit in bits where bit < 8 * whole.count {
      let position = bit / 8
      bytes[position] ^= 1 << UInt8(bit % 8)
      defer { bytes[position] ^= 1 << UInt8(bit % 8) }
      do {
        let left = try readAll(bytes)
        // A damaged newest checkpoint falls back to the empty one before it.
        if left != entries && !(left.isEmpty && (4096..<8192).contains(position)) {
          Issue.record("bit \(bit) changes what is read")
        }
        // Not used: the older checkpoint, and the publication.
        if left == entries, !(0..<4096).contains(position), !(8192..<12288).contains(position) {
          Issue.record("bit \(bit), of a page in use, is not found")
        }
      } catch is TreeError {
        found += 1
      }
    }
    #expect(found > bits.count / 2)
  }

  @Test func theChecksumTellsEverySingleBit() {
    var page = SeededRandom.bytes(4096, seed: 32)
    func checksum() -> UInt64 { page.withUnsafeBytes { BlockChecksum.of($0.baseAddress!, 4096) } }
    let whole = checksum()
    for bit in 64..<4096 * 8 {
      page[bit / 8] ^= 1 << UInt8(bit % 8)
      if checksum() == whole { Issue.record("bit \(bit) makes no difference") }
      page[bit / 8] ^= 1 << UInt8(bit % 8)
    }
  }

  @Test func truncatedFilesAreErrors() throws {
    let whole = try sample()
    // At each page and around it, at each sector of the first pages, and here and there.
    var counts = Set(stride(from: 1, to: whole.count - 1, by: 3997))
    for page in 0..<whole.count / 4096 {
      for byte in -1...1 { counts.insert(page * 4096 + byte) }
    }
    for sector in 0..<25 { counts.insert(sector * 512) }
    for count in counts.sorted() where (1..<whole.count).contains(count) {
      let error = #expect(throws: TreeError.self, "\(count) bytes") {
        let entries = try readAll(Array(whole[..<count]))
        // Cut in the first pages, the empty checkpoint is what is left.
        if entries.isEmpty, count < 8192 { throw TreeError(.damaged, "empty") }
      }
      #expect(error?.code == .damaged || count < 8192 && error?.code == .notATree, "\(count) bytes")
    }
  }

  @Test func randomBytesAndOtherFilesAreErrors() throws {
    for seed in UInt64(0)..<20 {
      let bytes = SeededRandom.bytes(Int(seed) * 3000 + 1, seed: seed)
      let error = #expect(throws: TreeError.self) { try TreeStore(on: MemoryStorage(bytes)) }
      #expect(error?.code == .notATree)
    }
  }

  @Test func aNewerFormatIsToldSo() throws {
    var bytes = try sample()
    for offset in [0, 4096] {
      bytes[offset + 16] = 2
      let checksum = bytes[offset..<offset + 4096].withUnsafeBytes {
        BlockChecksum.of($0.baseAddress!, 4096)
      }
      withUnsafeBytes(of: checksum.littleEndian) {
        bytes.replaceSubrange(offset..<offset + 8, with: $0)
      }
    }
    let error = #expect(throws: TreeError.self) { try TreeStore(on: MemoryStorage(bytes)) }
    #expect(error?.code == .newerFormat)
  }

  /// Pages with right checksums and wrong content: no trap, no hang.
  @Test func forgedPagesAreErrorsOrAnswers() throws {
    let whole = try sample()
    var random = SeededRandom(33)
    for _ in 0..<150 {
      var bytes = whole
      let page = Int(random.next() % UInt64(whole.count / 4096))
      let start = page * 4096
      for _ in 0..<Int(random.next() % 4) + 1 {
        // Mostly in the header and at the ends, where the structure is.
        let offset = random.next() % 2 == 0 ? 8 + random.next() % 100 : 8 + random.next() % 4088
        bytes[start + Int(offset)] = UInt8(truncatingIfNeeded: random.next())
      }
      let checksum = bytes[start..<start + 4096].withUnsafeBytes {
        BlockChecksum.of($0.baseAddress!, 4096)
      }
      withUnsafeBytes(of: checksum.littleEndian) {
        bytes.replaceSubrange(start..<start + 8, with: $0)
      }
      _ = try? readAll(bytes)
      if let store = try? TreeStore(on: MemoryStorage(bytes), TreeStoreOptions(cacheBytes: 0)),
        let writing = try? store.beginWriting()
      {
        let fixed = try? writing.tree("fixed")
        for number in stride(from: UInt32(0), to: 700, by: 11) {
          _ = try? fixed?.typed(UInt32.self, UInt32.self).put(number, 0)
          _ = try? fixed?.typed(UInt32.self, UInt32.self).remove(number + 1)
        }
        _ = try? writing.tree("free").remove(ranks: 5..<50)
        try? writing.commit(.checkpoint)
      }
    }
  }
}
