import CairnCrypto
import Testing

@Suite("SecretBytes")
struct SecretBytesTests {
  struct Refusal: Error {}

  @Test func holdsWhatWasAppended() {
    let secret = SecretBytes(capacity: 8) { out in
      out.append(1)
      out.append(2)
    }
    #expect(secret.count == 2)
    #expect(secret.revealed == [1, 2])
    #expect(secret.withBytes { $0.byteCount } == 2)
  }

  @Test func passesOnWhatItsInitialiserThrows() {
    #expect(throws: Refusal.self) {
      _ = try SecretBytes(capacity: 4) { out in
        out.append(1)
        throw Refusal()
      }
    }
  }

  @Test func isNeverPrinted() {
    let secret = SecretBytes(utf8: "hunter2")
    var dumped = ""
    dump(secret, to: &dumped)
    for text in ["\(secret)", String(reflecting: secret), dumped] {
      #expect(text.contains("SecretBytes(7 bytes)"))
      #expect(!text.contains("hunter2"))
    }
  }

  @Test func comparesByContent() {
    #expect(SecretBytes(utf8: "abc") == SecretBytes([97, 98, 99]))
    #expect(SecretBytes(utf8: "abc") != SecretBytes(utf8: "abd"))
    #expect(SecretBytes(utf8: "abc") != SecretBytes(utf8: "abcd"))
    #expect(SecretBytes([]) == SecretBytes(utf8: ""))
  }

  @Test func randomOnesDiffer() throws {
    #expect(try SecretBytes(random: 32) != SecretBytes(random: 32))
    #expect(try SecretBytes(random: 0).count == 0)
    #expect(try SecureRandom.bytes(32) != SecureRandom.bytes(32))
    #expect(try SecureRandom.bytes(0) == [])
  }
}
