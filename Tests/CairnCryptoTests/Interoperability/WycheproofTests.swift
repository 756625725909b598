import Foundation
import Testing

@testable import CairnCrypto

@Suite(
  "The Wycheproof vectors",
  .enabled(if: AgeVector.folder != nil, "CAIRN_AGE_VECTORS does not name their folder"))
struct WycheproofTests {
  private struct File<Vector: Decodable>: Decodable {
    struct Group: Decodable {
      let tests: [Vector]
      let keySize: Int?
      let tagSize: Int?
      let ivSize: Int?
    }
    let testGroups: [Group]
  }

  private func groups<Vector>(_ name: String) throws -> [File<Vector>.Group] {
    let folder = try #require(AgeVector.folder).appending(path: "wycheproof")
    let data = try Data(contentsOf: folder.appending(path: "\(name)_test.json"))
    return try JSONDecoder().decode(File<Vector>.self, from: data).testGroups
  }

  @Test func chaCha20Poly1305() throws {
    struct Vector: Decodable {
      let tcId: Int
      let key, iv, aad, msg, ct, tag, result: String
    }
    var count = 0
    for group: File<Vector>.Group in try groups("chacha20_poly1305") where group.ivSize == 96 {
      for vector in group.tests where vector.aad.isEmpty {
        count += 1
        var cipher = try ChaChaPoly(key: SecretBytes(hex(vector.key)))
        let nonce = hex(vector.iv).withUnsafeBytes { bytes in
          ChaChaPoly.Nonce(
            words: bytes.loadUnaligned(as: (UInt32, UInt32, UInt32).self))
        }
        let sealed = hex(vector.ct + vector.tag)
        var plain = [UInt8](repeating: 0, count: sealed.count - ChaChaPoly.tagSize)
        let isRight = try sealed.withUnsafeBytes { sealed in
          try plain.withUnsafeMutableBytes { try cipher.open(sealed, nonce: nonce, into: $0) }
        }
        #expect(isRight == (vector.result == "valid"), "\(vector.tcId)")
        if isRight { #expect(plain == hex(vector.msg), "\(vector.tcId)") }
      }
    }
    #expect(count > 20)
  }

  @Test func x25519() throws {
    struct Vector: Decodable {
      let tcId: Int
      let `public`, `private`, shared, result: String
    }
    for group: File<Vector>.Group in try groups("x25519") {
      for vector in group.tests {
        let key = try X25519.PrivateKey(bytes: SecretBytes(hex(vector.private)))
        let shared = try key.sharedSecret(with: hex(vector.public))
        let expected = hex(vector.shared)
        if expected.allSatisfy({ $0 == 0 }) {
          #expect(shared == nil, "\(vector.tcId)")
        } else {
          #expect(shared?.revealed == expected, "\(vector.tcId)")
        }
      }
    }
  }

  @Test func hkdf() throws {
    struct Vector: Decodable {
      let tcId: Int
      let ikm, salt, info, okm, result: String
      let size: Int
    }
    for group: File<Vector>.Group in try groups("hkdf_sha256") {
      for vector in group.tests {
        let salt = hex(vector.salt)
        let info = hex(vector.info)
        let key = try? HKDFSHA256.deriveKey(
          from: SecretBytes(hex(vector.ikm)), salt: salt.span.bytes, info: info.span.bytes,
          count: vector.size)
        let expected = vector.result == "valid" ? hex(vector.okm) : nil
        #expect(key?.revealed == expected, "\(vector.tcId)")
      }
    }
  }

  @Test func hmac() throws {
    struct Vector: Decodable {
      let tcId: Int
      let key, msg, tag, result: String
    }
    for group: File<Vector>.Group in try groups("hmac_sha256") {
      for vector in group.tests {
        let message = hex(vector.msg)
        let code = HMACSHA256.authenticate(message.span.bytes, key: SecretBytes(hex(vector.key)))
        let isRight = code.description.hasPrefix(hexText(hex(vector.tag)))
        #expect(isRight == (vector.result == "valid"), "\(vector.tcId)")
      }
    }
  }
}
