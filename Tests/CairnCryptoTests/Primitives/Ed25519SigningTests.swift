import Testing

@testable import CairnCrypto

/// The vectors of RFC 8032, section 7.1, and what is no signature.
@Suite struct Ed25519SigningTests {
  private struct Vector {
    let seed: String
    let publicKey: String
    let message: String
    let signature: String
  }

  private static let vectors = [
    Vector(
      seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", message: "",
      signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
        + "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    Vector(
      seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      message: "72",
      signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
        + "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
  ]

  private static func bytes(_ hex: String) -> [UInt8] {
    stride(from: 0, to: hex.count, by: 2).map { position in
      let start = hex.index(hex.startIndex, offsetBy: position)
      return UInt8(hex[start..<hex.index(start, offsetBy: 2)], radix: 16)!
    }
  }

  @Test func signsAsTheRFCDoes() throws {
    for vector in Self.vectors {
      let key = try SigningKey(
        seed: SecretBytes(copying: Self.bytes(vector.seed).span.bytes))
      let message = Self.bytes(vector.message)
      #expect(key.verifyingKey.bytes == Self.bytes(vector.publicKey))
      #expect(try key.sign(message) == Self.bytes(vector.signature))
      #expect(key.verifyingKey.isValid(Self.bytes(vector.signature), of: message))
    }
  }

  @Test func whatIsNotSignedIsTold() throws {
    let key = try SigningKey()
    let message = Array("a message".utf8)
    let signature = try key.sign(message)
    #expect(key.verifyingKey.isValid(signature, of: message))
    for bit in 0..<signature.count * 8 {
      var damaged = signature
      damaged[bit / 8] ^= 1 << (bit % 8)
      #expect(!key.verifyingKey.isValid(damaged, of: message), "bit \(bit)")
    }
    #expect(!key.verifyingKey.isValid(signature, of: message + [0]))
    #expect(!key.verifyingKey.isValid([], of: message))
    #expect(!key.verifyingKey.isValid(signature + [0], of: message))
    #expect(try !SigningKey().verifyingKey.isValid(signature, of: message))
    #expect(VerifyingKey([1, 2, 3]) == nil)
    for byte in [0, 1, 0xFF] as [UInt8] {
      let odd = try #require(VerifyingKey([UInt8](repeating: byte, count: 32)))
      #expect(!odd.isValid(signature, of: message))
    }
  }
}
