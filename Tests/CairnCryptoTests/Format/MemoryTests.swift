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
    #expect(try Age.openSecret(file, with: [identity]) == SecretBytes(message))
  }

  @Test func noTwoFilesAreAlike() throws {
    let message = sampleBytes(100)
    let a = try Age.seal(message, to: [identity.recipient])
    let b = try Age.seal(message, to: [identity.recipient])
    #expect(a.suffix(132) != b.suffix(132))
  }

  @Test func anotherIdentityOpensNothing() throws {
    let file = try Age.seal([1, 2, 3], to: [identity.recipient])
    expect(.noIdentityMatched) { _ = try Age.open(file, with: [X25519Identity.generate()]) }
    expect(.noIdentityMatched) { _ = try Age.open(file, with: []) }
  }

  @Test func eachOfSeveralRecipientsOpens() throws {
    let others = try (0..<20).map { _ in try X25519Identity.generate() }
    let file = try Age.seal([1, 2, 3], to: others.map(\.recipient) + [identity.recipient])
    for other in others + [identity] {
      #expect(try Age.open(file, with: [other]) == [1, 2, 3])
    }
  }

  @Test func headerLimitsApply() throws {
    let file = try Age.seal([1], to: [identity.recipient, identity.recipient])
    let limits = Header.Limits(stanzaCount: 1)
    expect(.limit) { _ = try Age.open(file, with: [identity], limits: limits) }
  }
}
