import CairnCrypto
import Testing

@Suite("Sealing and opening in memory")
struct MemoryTests {
  let identity: X25519Identity

  init() throws { identity = try X25519Identity.generate() }

  @Test(arguments: boundaryLengths)
  func roundTrip(count: Int) throws {
    let message = sampleBytes(count)
    let file = try Age.seal(message, to: [identity.recipient])
    #expect(try Age.open(file, with: [identity]) == message)
    #expect(
      try Age.openSecret(file, with: [identity]) == SecretBytes(copying: message.span.bytes))
  }

  @Test func anotherIdentityOpensNothing() throws {
    let file = try Age.seal([1, 2, 3], to: [identity.recipient])
    let error = #expect(throws: CryptoError.self) {
      try Age.open(file, with: [X25519Identity.generate()])
    }
    #expect(error?.code == .noIdentityMatched)
  }
}
