import CairnCore
import CairnCrypto
import Foundation
import SystemPackage
import Testing

@Suite("Inspecting")
struct InspectTests {
  let identity: X25519Identity

  init() throws { identity = try X25519Identity.generate() }

  private func stanza(_ type: String) -> Stanza { Stanza(type: type, arguments: ["x"], body: []) }

  private func summary(_ types: String...) throws -> FileSummary {
    FileSummary(try Header.seal(to: [StubRecipient(types.map(stanza))]).header)
  }

  @Test(arguments: boundaryLengths, [false, true])
  func countsBytes(count: Int, armored: Bool) throws {
    let file = try Age.seal(sampleBytes(count), to: [identity.recipient], armored: armored)
    let folder = try TemporaryFolder()
    let descriptor = try folder.file("sealed", holding: [1, 2, 3] + file)
    defer { try? descriptor.close() }
    try descriptor.seek(offset: 3, from: .start)
    let summary = try Age.inspect(PiecemealReader(file, pieceSize: 1000))
    #expect(try Age.inspect(descriptor) == summary)
    #expect(try descriptor.seek(offset: 0, from: .current) == 3, "the offset is as it was")

    let binaryCount = Int64(armored ? try Armor.decode(file).count : file.count)
    #expect(summary.isArmored == armored)
    #expect(summary.plainByteCount == Int64(count))
    #expect(summary.overheadByteCount == binaryCount - Int64(count))
    #expect(summary.payloadByteCount == binaryCount - summary.headerByteCount)
    #expect(summary.armorByteCount == Int64(file.count) - binaryCount)
  }

  @Test func pipes() throws {
    let file = try Age.seal(sampleBytes(1000), to: [identity.recipient])
    let (reading, writing) = try FileDescriptor.pipe()
    defer { try? reading.close() }
    try writing.closeAfter { _ = try writing.writeAll(file) }
    #expect(try Age.inspect(reading).plainByteCount == 1000)
  }

  @Test func aLengthThatNoFileHasIsToldAsUnknown() throws {
    let file = try Age.seal(sampleBytes(1000), to: [identity.recipient])
    let cut = file.count - 1001
    let summary = try Age.inspect(MemoryReader(Array(file.prefix(cut))))
    #expect(summary.plainByteCount == nil)
    #expect(summary.overheadByteCount == nil)
    #expect(summary.payloadByteCount == Int64(cut) - summary.headerByteCount)
    expect(.header) { _ = try Age.inspect(MemoryReader(Array(file.prefix(100)))) }
    expect(.armor) { _ = try Age.inspect(MemoryReader(Armor.encode(file).dropLast(10))) }
  }

  @Test func namesWhoCanOpen() throws {
    let one = try summary("X25519", "unheard-of", "abc-grease")
    #expect(one.stanzas.map(\.type) == ["X25519", "unheard-of", "abc-grease"])
    #expect(one.stanzas.map(\.argumentCount) == [1, 1, 1])
    #expect(one.stanzas[0].name == "an age key (age1…)")
    #expect(one.stanzas[1].name == "a key of an unknown kind")
    #expect(!one.needsPassphrase)
    #expect(one.payloadByteCount == nil)
    let passphrase = try summary("scrypt")
    #expect(passphrase.needsPassphrase)
    #expect(passphrase.stanzas[0].name == "a passphrase")
  }

  @Test func saysWhetherItWithstandsQuantumComputers() throws {
    #expect(try summary("X25519").isPostQuantum == false)
    #expect(try summary("X25519", "unheard-of").isPostQuantum == false)
    #expect(try summary("mlkem768x25519", "ssh-rsa").isPostQuantum == false)
    #expect(try summary("mlkem768x25519", "abc-grease").isPostQuantum == true)
    #expect(try summary("scrypt").isPostQuantum == true)
    #expect(try summary("mlkem768x25519", "unheard-of").isPostQuantum == nil)
    #expect(try summary("unheard-of").isPostQuantum == nil)
    #expect(try summary("abc-grease").isPostQuantum == nil)
  }

  @Test func returnsFromJSON() throws {
    let file = try Age.seal(sampleBytes(1000), to: [identity.recipient], armored: true)
    let summary = try Age.inspect(MemoryReader(file))
    let json = try JSONEncoder().encode(summary)
    #expect(try JSONDecoder().decode(FileSummary.self, from: json) == summary)
  }
}
