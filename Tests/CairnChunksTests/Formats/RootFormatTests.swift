import CairnCrypto
import Testing

@testable import CairnChunks

@Suite struct RootFormatTests {
  private let content = RootContent(
    name: "a näme", time: 1_700_000_000_123_456_789, chunk: FixedSecrets.id(7),
    session: SessionID(bytes: (0..<16).map { UInt8($0) }),
    fields: ["host": "a machine", "kind": "test", "": "no name"])
  private let id = Digest(bytes: [UInt8](repeating: 9, count: 32).span.bytes)

  private func decode(_ bytes: [UInt8]) throws -> Root {
    try RootContent.decode(bytes, id: id, FixedSecrets.access)
  }

  @Test func isWhatItWas() throws {
    let bytes = try content.encoded(FixedSecrets.access)
    try Golden.check("root.bin", bytes)
    let root = try decode(Golden.read("root.bin"))
    #expect(
      root
        == Root(
          id: id, name: content.name, time: content.time, chunk: content.chunk,
          session: "000102030405060708090a0b0c0d0e0f", fields: content.fields))
  }

  @Test func everyTruncationAndEveryFlipIsAnError() throws {
    let bytes = try content.encoded(FixedSecrets.access)
    for damaged in Damage.truncations(of: bytes) + Damage.flips(of: bytes) + [bytes + [0]] {
      let error = #expect(throws: ChunkStoreError.self) { try decode(damaged) }
      #expect(error?.blob == .root(id))
    }
  }

  @Test func aNewerVersionIsToldFromDamage() throws {
    var bytes = try content.encoded(FixedSecrets.access)
    bytes[8] = 2
    let error = #expect(throws: ChunkStoreError.self) { try decode(bytes) }
    #expect(error?.code == .newerFormat)
  }

  @Test func whoLacksTheKeyCannotWriteOne() throws {
    let stranger = try Access(
      for: FixedSecrets.descriptor, way: X25519Identity.generate().recipient)
    let bytes = try content.encoded(stranger)
    let error = #expect(throws: ChunkStoreError.self) { try decode(bytes) }
    #expect(error?.code == .damaged)
  }
}
