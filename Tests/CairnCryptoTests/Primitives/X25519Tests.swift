import Testing

@testable import CairnCrypto

@Suite("X25519")
struct X25519Tests {
  struct Vector: Sendable {
    var privateKey: [UInt8]
    var publicKey: [UInt8]
    var shared: [UInt8]
  }

  /// RFC 7748, section 5.2 and section 6.1.
  static let vectors = [
    Vector(
      privateKey: hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
      publicKey: hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c"),
      shared: hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")),
    Vector(
      privateKey: hex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
      publicKey: hex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493"),
      shared: hex("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957")),
    Vector(
      privateKey: hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
      publicKey: hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
      shared: hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742")),
  ]

  @Test(arguments: vectors)
  func vector(vector: Vector) throws {
    let key = try X25519.PrivateKey(bytes: SecretBytes(vector.privateKey))
    #expect(try key.sharedSecret(with: vector.publicKey)?.revealed == vector.shared)
  }

  @Test func publicKeyIsTheOneOfTheRFC() throws {
    let key = try X25519.PrivateKey(
      bytes: SecretBytes(hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")))
    #expect(
      key.publicKey == hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"))
  }

  /// Points of low order, with which every key shares the same secret.
  @Test(arguments: [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  ])
  func refusesLowOrder(point: String) throws {
    #expect(try X25519.PrivateKey().sharedSecret(with: hex(point)) == nil)
    expect(.invalidKey) { _ = try X25519Recipient(publicKey: hex(point)).wrap(FileKey()) }
  }

  @Test func twoKeysAgree() throws {
    let a = try X25519.PrivateKey()
    let b = try X25519.PrivateKey()
    let shared = try #require(try a.sharedSecret(with: b.publicKey))
    #expect(try b.sharedSecret(with: a.publicKey) == shared)
    #expect(a.publicKey != b.publicKey)
  }
}
