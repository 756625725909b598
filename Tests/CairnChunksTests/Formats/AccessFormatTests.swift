import CairnCrypto
import Testing

@testable import CairnChunks

@Suite struct AccessFormatTests {
  private let blob = BlobName(named: "keys/fixed")

  private func decode(_ text: String) throws -> Access? {
    try decode(Array(text.utf8))
  }

  private func decode(_ text: [UInt8]) throws -> Access? {
    try Access(SecretBytes(copying: text.span.bytes), for: FixedSecrets.descriptor, in: blob)
  }

  private func error(_ text: String) throws -> ChunkStoreError? {
    #expect(throws: ChunkStoreError.self) { try decode(text) }
  }

  @Test func isWhatItWas() throws {
    let text = FixedSecrets.access.unsignedText.exposed
    #expect(String(decoding: text, as: UTF8.self) == FixedSecrets.accessText)
    try Golden.check("access.txt", text)
    let access = try #require(try decode(Golden.read("access.txt")))
    #expect(access.idKey.exposed == (0..<32).map { UInt8($0) })
    #expect(access.chunkerKey?.exposed.first == 0xFF && access.chunkerKey?.exposed.last == 0xFF)
    #expect(
      access.packRecipient.description
        == "age1rz4jnerwp27l5umyv85gtjftw6jsatsw5esn3fxp39gp2hugusfsvugm3a")
    #expect(
      access.indexIdentity.recipient.description
        == "age1d94rgcyd6ngghk2phha7e2mzd2vmgy3z2jyqple4xjmj9s75myxqr520p5")
  }

  @Test func everyTruncationIsAnError() throws {
    // Without the last line's end it is whole.
    let bytes = Array(FixedSecrets.accessText.utf8)
    for damaged in Damage.truncations(of: bytes).dropLast() {
      #expect(throws: ChunkStoreError.self) { try decode(damaged) }
    }
  }

  @Test func everyFlipIsAnErrorOrAnotherAccess() throws {
    let bytes = Array(FixedSecrets.accessText.utf8)
    let comments = ["opens packs and roots", "opens index blobs"].map {
      FixedSecrets.accessText.utf8Offsets(of: $0)
    }
    for bit in 0..<bytes.count * 8 where !comments.contains(where: { $0.contains(bit / 8) }) {
      let damaged = Damage.flip(bit, of: bytes)
      // Hexadecimal digits of either case are the same digits.
      let isSameText =
        String(decoding: damaged, as: UTF8.self).lowercased()
        == FixedSecrets.accessText.lowercased()
      guard !isSameText, let access = try? decode(damaged) else { continue }
      #expect(access.unsignedText != FixedSecrets.access.unsignedText, "bit \(bit)")
    }
  }

  @Test func aNewerKindIsToldFromDamage() throws {
    for (line, other) in [("access 1", "access 3"), ("access owner", "access writer")] {
      #expect(try error(FixedSecrets.accessText.replacing(line, with: other))?.code == .newerFormat)
    }
  }

  @Test func whatBelongsElsewhereIsSaid() throws {
    let text = FixedSecrets.accessText
    #expect(try decode(text.replacing("00112233", with: "10112233")) == nil)
    let swapped = try error(
      text.replacing("# descriptor ", with: "# descriptor f").dropLast(0).description)
    #expect(swapped?.code == .damaged)
    let other = Descriptor(id: FixedSecrets.descriptor.id, layout: .small)
    let error = #expect(throws: ChunkStoreError.self) {
      try Access(SecretBytes(utf8: text), for: other, in: blob)
    }
    #expect(error?.code == .damaged && error?.blob == .descriptor)
  }
}

extension String {
  /// Where a text lies in this one, in bytes.
  fileprivate func utf8Offsets(of part: String) -> Range<Int> {
    let range = firstRange(of: part)!
    let start = utf8.distance(from: startIndex, to: range.lowerBound)
    return start..<start + part.utf8.count
  }
}
