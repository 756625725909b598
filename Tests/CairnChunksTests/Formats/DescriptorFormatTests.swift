import CairnCrypto
import Testing

@testable import CairnChunks

@Suite struct DescriptorFormatTests {
  private let text = FixedSecrets.descriptor.text

  @Test func isWhatItWas() throws {
    try Golden.check("descriptor.txt", Array(text.utf8))
    #expect(try Descriptor(Golden.read("descriptor.txt")) == FixedSecrets.descriptor)
  }

  private func error(_ bytes: [UInt8]) throws -> ChunkStoreError? {
    #expect(throws: ChunkStoreError.self) { try Descriptor(bytes) }
  }

  @Test func everyTruncationAndEveryFlipIsAnError() throws {
    let bytes = Array(text.utf8)
    for damaged in Damage.truncations(of: bytes) + Damage.flips(of: bytes) + [bytes + [10]] {
      let error = try error(damaged)
      #expect(error?.code == .damaged && error?.blob == .descriptor)
    }
  }

  /// The text with another line, and the checksum that belongs to it.
  private func changed(_ line: String, to other: String) -> [UInt8] {
    let lines = text.replacing(line, with: other).split(separator: "sha256 ")[0]
    let digest = SHA256.hash(of: Array(lines.utf8).span.bytes)
    return Array("\(lines)sha256 \(digest)\n".utf8)
  }

  @Test func aNewerVersionIsToldFromDamage() throws {
    for version in ["version 2", "version 17\nfuture field", "version \(Int.max)"] {
      let bytes = changed("version 1", to: version)
      #expect(try error(bytes)?.code == .newerFormat)
      #expect(try error(Array(bytes.dropLast(3)))?.code == .damaged)
    }
    for version in ["version 0", "version -1", "version", "version one", "version 1\nfuture field"]
    {
      #expect(try error(changed("version 1", to: version))?.code == .damaged)
    }
  }

  @Test(arguments: [
    ("pack 16777216", "pack 1"), ("pack 16777216", "pack 99999999999999999999"),
    ("block 262144", "block -1"), ("node 8192", "node"), ("fastcdc", "rabin"),
    ("262144", "1"), ("8192 65536 1048576", "8192 65536"), ("1048576", "-1"),
    ("id 00", "id 0"), ("id 00", "id 0g"),
  ])
  func fieldsThatMakeNoSenseAreRefused(line: String, other: String) throws {
    #expect(try error(changed(line, to: other))?.code == .damaged)
  }

  @Test func theChecksumIsThatOfTheLinesBefore() throws {
    #expect(try Descriptor(changed("x", to: "y")) == FixedSecrets.descriptor)
  }

  @Test func anythingElseIsNoDescriptor() throws {
    for bytes in [[], Array("cairn repository\n".utf8), SeededRandom.bytes(4096, seed: 111)] {
      #expect(try error(bytes)?.code == .damaged)
    }
  }
}
