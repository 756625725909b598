import Testing

@testable import CairnCrypto

@Suite("Bech32")
struct Bech32Tests {
  private func decode(_ text: String) -> Bech32.Decoded? {
    decode(Array(text.utf8))
  }

  private func decode(_ text: [UInt8]) -> Bech32.Decoded? { Bech32.decode(text.span.bytes) }

  /// BIP 173, "Test vectors": those whose data is whole bytes, and one longer than its limit.
  @Test(arguments: ["A12UEL5L", "a12uel5l", "?1ezyfcl"])
  func emptyVectors(text: String) throws {
    let decoded = try #require(decode(text))
    #expect(decoded.data.count == 0)
    #expect(decoded.prefix == String(text.lowercased().prefix(1)))
    #expect(decoded.isUppercase == (text == "A12UEL5L"))
  }

  @Test(arguments: [0, 1, 2, 3, 4, 5, 31, 32, 33, 1216])
  func roundTrip(count: Int) throws {
    let data = SecretBytes(sampleBytes(count))
    let text = Bech32.encode(prefix: "test", data)
    let decoded = try #require(text.withBytes { Bech32.decode($0) })
    #expect(decoded.prefix == "test")
    #expect(decoded.data == data)
  }

  /// BIP 173: bad characters, no separator, empty prefix, too short or wrong checksum, mixed case.
  @Test(arguments: [
    "", "1", "\u{20}1nwldj5", "\u{7f}1axkwrx", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v",
    "li1dgmt3", "de1lg7wt\u{ff}", "A1G7SGD8", "10a06t8", "1qzzfhee", "A12uEL5L",
  ])
  func refuses(text: String) {
    #expect(decode(text) == nil)
  }

  @Test func findsEveryWrongCharacter() throws {
    let text = Bech32.encode(prefix: "age", SecretBytes(sampleBytes(32))).revealed
    for i in text.indices {
      for replacement in "qpzry9x8gf2tvdw0s3jn54khce6mua7lb1".utf8 where replacement != text[i] {
        var changed = text
        changed[i] = replacement
        #expect(decode(changed) == nil)
      }
    }
  }

  @Test func refusesPaddingThatIsNotZero() {
    // "ab" with 16 bits in four groups of five: the last group has four bits of padding.
    #expect(decode(checksummed("ab", [1, 2, 3, 16])) != nil)
    #expect(decode(checksummed("ab", [1, 2, 3, 1])) == nil)
    // Three groups are a byte and seven bits: the last group is one too many.
    #expect(decode(checksummed("ab", [0, 0, 0])) == nil)
  }

  /// A text of any five-bit groups with the right checksum, by BIP 173's reference code.
  private func checksummed(_ prefix: String, _ groups: [UInt8]) -> [UInt8] {
    func polymod(_ values: [UInt8]) -> UInt32 {
      let generators: [UInt32] = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
      return values.reduce(1) { checksum, value in
        let top = checksum >> 25
        let next = (checksum & 0x1ff_ffff) << 5 ^ UInt32(value)
        return (0..<5).reduce(next) { (top >> UInt32($1)) & 1 == 1 ? $0 ^ generators[$1] : $0 }
      }
    }
    let expanded = prefix.utf8.map { $0 >> 5 } + [0] + prefix.utf8.map { $0 & 31 }
    let sum = polymod(expanded + groups + [0, 0, 0, 0, 0, 0]) ^ 1
    let checksum = (0..<6).map { UInt8(sum >> UInt32(5 * (5 - $0)) & 31) }
    let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    return Array(prefix.utf8) + [UInt8(ascii: "1")] + (groups + checksum).map { alphabet[Int($0)] }
  }
}
