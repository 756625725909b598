import Testing

@testable import CairnCrypto

@Suite("Ed25519 keys as X25519 keys")
struct Ed25519Tests {
  /// RFC 8032, section 7.1: test 1.
  static let seed = hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
  static let publicKey = hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

  @Test func publicKeyOfASeed() throws {
    #expect(try Ed25519.publicKey(ofSeed: SecretBytes(Self.seed)) == Self.publicKey)
  }

  /// The two ways from a seed to an X25519 public key meet.
  @Test func halvesStayAPair() throws {
    for _ in 0..<50 {
      let seed = try SecretBytes(random: 32)
      let publicKey = try Ed25519.publicKey(ofSeed: seed)
      let converted = Ed25519.x25519Key(ofPublicKey: publicKey)
      #expect(try converted == Ed25519.x25519Key(ofSeed: seed).publicKey, "\(seed.revealed)")
    }
  }

  @Test func basePointsCorrespond() {
    let ed25519 = [UInt8](repeating: 0x66, count: 32)
    let y = [0x58] + ed25519.dropFirst()
    #expect(Ed25519.x25519Key(ofPublicKey: y) == [9] + [UInt8](repeating: 0, count: 31))
  }

  @Test func refusesWhatIsNoPoint() {
    // The neutral element, y = 1, which X25519 cannot write.
    let one = [1] + [UInt8](repeating: 0, count: 31)
    #expect(Ed25519.x25519Key(ofPublicKey: one) == nil)
    // Half of all y have no x; 2 is such a one.
    let two = [2] + [UInt8](repeating: 0, count: 31)
    #expect(Ed25519.x25519Key(ofPublicKey: two) == nil)
  }
}
