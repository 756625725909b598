import Testing

@testable import CairnCrypto

@Suite("bcrypt_pbkdf")
struct BcryptPBKDFTests {
  struct Vector: Sendable {
    var rounds: Int
    var passphrase: String
    var salt: String
    var key: [UInt8]
  }

  /// Results of OpenBSD's implementation, as other implementations check themselves against.
  static let vectors = [
    Vector(
      rounds: 4, passphrase: "password", salt: "salt",
      key: hex("5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9")),
    Vector(
      rounds: 4, passphrase: "password", salt: "\0", key: hex("c12b566235eee04c212598970a579a67")),
    Vector(
      rounds: 4, passphrase: "\0", salt: "salt", key: hex("6051be18c2f4f82cbf0efee5471b4bb9")),
    Vector(
      rounds: 4, passphrase: "password\0", salt: "salt\0",
      key: hex("7410e44cf4fa07bfaac8a928b1727fac001375e7bf7384370f48efd121743050")),
    Vector(
      rounds: 4, passphrase: "pass\0wor", salt: "sa\0l",
      key: hex("c2bffd9db38f6569efef4372f4de83c0")),
    Vector(
      rounds: 3, passphrase: "passwordy\0PASSWORD\0", salt: "salty\0SALT\0",
      key: hex("7f310bd3e78c3280c59ce4595211a2928e8d4ec744c1ed2efc9f764e3388e0ad")),
    // More than one block of key.
    Vector(
      rounds: 8, passphrase: "password", salt: "salt",
      key: hex(
        """
        e1367ec5151a33faac4cc1c144cd23fa15d5548493ecc99b9b5d9c0d3b27bec7
        6227ea66088b849b20ab7aa478010246e74bba51723fefa9f9474d6508845e8d
        """)),
  ]

  @Test(arguments: vectors)
  func vector(vector: Vector) throws {
    let key = try BcryptPBKDF.deriveKey(
      SecretBytes(utf8: vector.passphrase), salt: Array(vector.salt.utf8), rounds: vector.rounds,
      count: vector.key.count)
    #expect(hexText(key.revealed) == hexText(vector.key))
  }

  @Test func piIsWhereBlowfishBegins() throws {
    let words = try Pi.fraction(words: Blowfish.stateWords)
    // The first words of the P-array and the last of the S-boxes, as Blowfish's author lists them.
    #expect(words.prefix(4) == [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344])
    #expect(words.suffix(4) == [0xb74e_6132, 0xce77_e25b, 0x578f_dfe3, 0x3ac3_72e6])
    #expect(words.count == 1042)
  }
}
