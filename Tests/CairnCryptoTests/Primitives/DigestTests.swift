import CairnCrypto
import Foundation
import Testing

@Suite("Digest")
struct DigestTests {
  let bytes = Array(UInt8(0)..<32)

  @Test func keepsItsBytes() {
    let digest = Digest(bytes: bytes.span.bytes)
    #expect(digest.withBytes { $0.withUnsafeBytes { Array($0) } } == bytes)
  }

  @Test func readsUnalignedBytes() {
    let padded = [0xff] + bytes
    #expect(
      Digest(bytes: padded.span.bytes.extracting(1..<33)) == Digest(bytes: bytes.span.bytes))
  }

  @Test func textIsHexadecimal() throws {
    let digest = Digest(bytes: bytes.span.bytes)
    #expect(
      digest.description == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
    #expect(Digest(digest.description) == digest)
    #expect(Digest(digest.description.uppercased()) == digest)
    #expect(
      String(decoding: try JSONEncoder().encode([digest]), as: UTF8.self) == "[\"\(digest)\"]")
    #expect(
      try JSONDecoder().decode([Digest].self, from: JSONEncoder().encode([digest])) == [digest])
  }

  @Test(arguments: ["", "00", String(repeating: "g", count: 64), String(repeating: "0", count: 65)])
  func refusesOtherText(text: String) {
    #expect(Digest(text) == nil)
    #expect(throws: DecodingError.self) {
      try JSONDecoder().decode([Digest].self, from: JSONEncoder().encode([text]))
    }
  }

  @Test func everyByteCountsInEqualityAndOrder() {
    let digest = Digest(bytes: bytes.span.bytes)
    for i in 0..<32 {
      var larger = bytes
      larger[i] |= 0x80
      let other = Digest(bytes: larger.span.bytes)
      #expect(other != digest)
      #expect(digest < other)
      #expect(!(other < digest))
    }
    #expect(!(digest < digest))
  }

  @Test func orderIsThatOfTheBytes() {
    let digests = (0..<200).map { Digest(bytes: sampleBytes(32, seed: $0).span.bytes) }
    let byBytes = digests.sorted { a, b in
      a.withBytes { a in
        b.withBytes { b in
          a.withUnsafeBytes { a in b.withUnsafeBytes { b in a.lexicographicallyPrecedes(b) } }
        }
      }
    }
    #expect(digests.sorted() == byBytes)
  }
}
