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
    return IndexBlob(packs: [
      (
        PackInfo(digest: FixedSecrets.id(4).digest, size: 123_456, payloadOffset: 234), table
      ),
      (
        PackInfo(digest: FixedSecrets.id(5).digest, size: 300, payloadOffset: 200), PackTable()
      ),
    ])
  }

  private func decode(_ bytes: [UInt8]) throws -> IndexBlob {
    var found = IndexBlob()
    try IndexBlob.decode(bytes, of: blob) { found.packs.append(($0, $1)) }
    return found
  }

  @Test func isWhatItWas() throws {
    try Golden.check("index.bin", content.encoded())
    let found = try decode(Golden.read("index.bin"))
    #expect(found.encoded() == content.encoded())
    #expect(found.packs.map(\.info) == content.packs.map(\.info))
    #expect(found.packs.map(\.table.encoded) == content.packs.map(\.table.encoded))
    #expect(found.packs[0].table.blocks.map(\.offset) == [8, 8 + 16 + 300])
  }

  @Test func everyTruncationIsAnError() throws {
    for damaged in Damage.truncations(of: content.encoded()) + [content.encoded() + [0]] {
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
    bytes[8] = 2
    let error = #expect(throws: ChunkStoreError.self) { try decode(bytes) }
    #expect(error?.code == .newerFormat && error?.blob == blob)
  }
}
