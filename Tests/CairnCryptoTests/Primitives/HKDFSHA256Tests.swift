import CairnCrypto
import Testing

@Suite("HKDF-SHA256")
struct HKDFSHA256Tests {
  struct Vector: Sendable {
    var input: [UInt8]
    var salt: [UInt8]
    var info: [UInt8]
    var key: [UInt8]
  }

  /// RFC 5869, appendix A.1 to A.3.
  static let vectors = [
    Vector(
      input: [UInt8](repeating: 0x0b, count: 22), salt: Array(0...0x0c), info: Array(0xf0...0xf9),
      key: hex(
        """
        3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865
        """)),
    Vector(
      input: Array(0...0x4f), salt: Array(0x60...0xaf), info: Array(0xb0...0xff),
      key: hex(
        """
        b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6
        5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87
        """)),
    Vector(
      input: [UInt8](repeating: 0x0b, count: 22), salt: [], info: [],
      key: hex(
        """
        8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8
        """)),
  ]

  @Test(arguments: vectors)
  func vector(vector: Vector) throws {
    let key = try HKDFSHA256.deriveKey(
      from: SecretBytes(vector.input), salt: vector.salt.span.bytes, info: vector.info.span.bytes,
      count: vector.key.count)
    #expect(key.revealed == vector.key)
  }
}
