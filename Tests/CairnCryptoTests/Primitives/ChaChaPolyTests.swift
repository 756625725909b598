import Testing

@testable import CairnCrypto

@Suite("ChaCha20-Poly1305")
struct ChaChaPolyTests {
  /// RFC 8439, section 2.8.2. Its tag covers associated data, which age has none of: the tag here
  /// is that of the same message without.
  let key = SecretBytes(Array(0x80...0x9f))
  let nonce = ChaChaPoly.Nonce(
    words: (
      UInt32(0x0700_0000).bigEndian, UInt32(0x4041_4243).bigEndian, UInt32(0x4445_4647).bigEndian
    ))
  let plain = Array(
    """
    Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
    sunscreen would be it.
    """.utf8)
  let ciphertext = hex(
    """
    d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92
    728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b
    4831d7bc3ff4def08e4b7a9de576d26586cec64b6116
    """)
  let tag = hex("6a23a4681fd59456aea1d29f82477216")

  private func seal(_ plain: [UInt8], _ cipher: inout ChaChaPoly) throws -> [UInt8] {
    var out = [UInt8](repeating: 0, count: plain.count + ChaChaPoly.tagSize)
    try plain.withUnsafeBytes { plain in
      try out.withUnsafeMutableBytes { try cipher.seal(plain, nonce: nonce, into: $0) }
    }
    return out
  }

  private func open(_ sealed: [UInt8], _ cipher: inout ChaChaPoly) throws -> [UInt8]? {
    var out = [UInt8](repeating: 0xee, count: sealed.count - ChaChaPoly.tagSize)
    let isRight = try sealed.withUnsafeBytes { sealed in
      try out.withUnsafeMutableBytes { try cipher.open(sealed, nonce: nonce, into: $0) }
    }
    if !isRight { #expect(out.allSatisfy { $0 == 0 }, "unauthenticated bytes were left behind") }
    return isRight ? out : nil
  }

  @Test func vector() throws {
    var cipher = try ChaChaPoly(key: key)
    #expect(try seal(plain, &cipher) == ciphertext + tag)
    #expect(try open(ciphertext + tag, &cipher) == plain)
  }

  @Test func opensNothingThatWasChanged() throws {
    var cipher = try ChaChaPoly(key: key)
    let sealed = ciphertext + tag
    for i in sealed.indices {
      var changed = sealed
      changed[i] ^= 1
      #expect(try open(changed, &cipher) == nil)
    }
    #expect(try open(sealed, &cipher) == plain, "a failure spoils nothing")
  }

  @Test func keyCanBeChangedAndChangedBack() throws {
    var cipher = try ChaChaPoly(key: SecretBytes([UInt8](repeating: 1, count: 32)))
    let other = try seal(plain, &cipher)
    try cipher.setKey(key)
    #expect(try open(other, &cipher) == nil)
    #expect(try seal(plain, &cipher) == ciphertext + tag)
  }

  @Test func emptyMessageHasATag() throws {
    var cipher = try ChaChaPoly(key: key)
    let sealed = try seal([], &cipher)
    #expect(sealed.count == ChaChaPoly.tagSize)
    #expect(try open(sealed, &cipher) == [])
    #expect(try open(Array(sealed.reversed()), &cipher) == nil)
  }
}
