import CairnCrypto
import Testing

@testable import CairnChunks

@Suite struct IndexFormatTests {
  private let blob = BlobName(named: "index/fixed")

  /// Two packs, of two blocks and of none.
  private var content: IndexBlob {
    var table = PackTable()
    table.append(
      storedLength: 300, rawLength: 700, codec: 1,
      entries: [
        PackTable.Entry(id: FixedSecrets.id(1), recordLength: 500, hasLinks: false),
        PackTable.Entry(id: FixedSecrets.id(2), recordLength: 200, hasLinks: true),
      ])
    table.append(
      storedLength: 16, rawLength: 16, codec: 0,
      entries: [PackTable.Entry(id: FixedSecrets.id(3), recordLength: 16, hasLinks: false)])
    return IndexBlob(
      replaced: [FixedSecrets.id(6).digest],
      packs: [
        (
          PackInfo(digest: FixedSecrets.id(4).digest, size: 123_456, payloadOffset: 234), table
        ),
        (
          PackInfo(digest: FixedSecrets.id(5).digest, size: 300, payloadOffset: 200), PackTable()
        ),
      ])
  }

  /// - Parameter piece: how many bytes come at a time.
  private func decode(_ bytes: [UInt8], piece: Int = 1000) throws -> IndexBlob {
    var found = IndexBlob()
    var parser = IndexBlobParser(blob, byteCount: Int64(bytes.count))
    for start in stride(from: 0, to: bytes.count, by: piece) {
      parser.append(bytes[start..<min(start + piece, bytes.count)])
      while let element = try parser.next() {
        switch element {
        case .replaced(let digest): found.replaced.append(digest)
        case .pack(let pack, let table):
          found.packs.append((pack, try PackTable(table, in: blob)))
        }
      }
    }
    try parser.finish()
    return found
  }

  private func expectContent(_ found: IndexBlob, replaced: [Digest]) {
    #expect(found.replaced == replaced)
    #expect(found.packs.map(\.info) == content.packs.map(\.info))
    #expect(found.packs.map(\.table.encoded) == content.packs.map(\.table.encoded))
    #expect(found.packs[0].table.blocks.map(\.offset) == [8, 8 + 16 + 300])
  }

  @Test func isWhatItWas() throws {
    try Golden.check("index-2.bin", content.encoded())
    let found = try decode(Golden.read("index-2.bin"))
    #expect(found.encoded() == content.encoded())
    expectContent(found, replaced: [FixedSecrets.id(6).digest])
  }

  @Test func theFirstVersionIsRead() throws {
    expectContent(try decode(Golden.read("index.bin")), replaced: [])
  }

  @Test(arguments: ["index.bin", "index-2.bin"])
  func itMayComeInAnyPieces(file: String) throws {
    let bytes = try Golden.read(file)
    let whole = try decode(bytes).encoded()
    for piece in 1...bytes.count {
      #expect(try decode(bytes, piece: piece).encoded() == whole, "pieces of \(piece)")
    }
  }

  @Test func everyTruncationIsAnError() throws {
    // But for one behind a pack: the sealed file around it tells of that.
    let ends = [0, 1].map { count in
      IndexBlob(replaced: content.replaced, packs: Array(content.packs[..<count])).encoded().count
    }
    for damaged in Damage.truncations(of: content.encoded()) + [content.encoded() + [0]]
    where !ends.contains(damaged.count) {
      let error = #expect(throws: ChunkStoreError.self) { try decode(damaged) }
      #expect(error?.code == .damaged && error?.blob == blob)
    }
  }

  @Test func everyFlipIsAnErrorOrAnotherIndex() throws {
    let bytes = content.encoded()
    for (bit, damaged) in Damage.flips(of: bytes).enumerated() {
      guard let found = try? decode(damaged) else { continue }
      #expect(found.encoded() != bytes, "bit \(bit)")
    }
  }

  @Test func aNewerVersionIsToldFromDamage() throws {
    var bytes = content.encoded()
    bytes[8] = 3
    let error = #expect(throws: ChunkStoreError.self) { try decode(bytes) }
    #expect(error?.code == .newerFormat && error?.blob == blob)
  }
}
