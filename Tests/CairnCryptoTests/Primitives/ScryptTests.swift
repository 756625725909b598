import Testing

@testable import CairnCrypto

@Suite("scrypt")
struct ScryptTests {
  struct Vector: Sendable {
    var passphrase: String
    var salt: String
    var n: UInt64
    var r: UInt32
    var p: UInt32
    var key: [UInt8]
  }

  /// RFC 7914, section 12, without the one that takes a gigabyte.
  static let vectors = [
    Vector(
      passphrase: "", salt: "", n: 16, r: 1, p: 1,
      key: hex(
        """
        77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442
        fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906
        """)),
    Vector(
      passphrase: "password", salt: "NaCl", n: 1024, r: 8, p: 16,
      key: hex(
        """
        fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162
        2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640
        """)),
    Vector(
      passphrase: "pleaseletmein", salt: "SodiumChloride", n: 16384, r: 8, p: 1,
      key: hex(
        """
        7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2
        d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887
        """)),
  ]

  @Test(arguments: vectors)
  func vector(vector: Vector) throws {
    let key = try Scrypt.deriveKey(
      SecretBytes(utf8: vector.passphrase), salt: Array(vector.salt.utf8).span.bytes, n: vector.n,
      r: vector.r, p: vector.p, count: vector.key.count)
    #expect(key.revealed == vector.key)
  }

  @Test func wantsMoreThanTheLibraryAllowsByItself() throws {
    // 128 MiB; libcrypto stops at 32 unless it is told otherwise.
    let key = try Scrypt.deriveKey(
      SecretBytes(utf8: "x"), salt: [1].span.bytes, n: 1 << 17, r: 8, p: 1, count: 16)
    #expect(key.count == 16)
  }
}
