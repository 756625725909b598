import CairnCrypto
import Testing

@Suite("SHA-256")
struct SHA256Tests {
  /// FIPS 180-4 examples, and the empty message.
  static let vectors: [(message: String, digest: String)] = [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (
      String(repeating: "a", count: 1_000_000),
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    ),
  ]

  @Test(arguments: vectors)
  func vector(message: String, digest: String) {
    let bytes = Array(message.utf8)
    #expect(SHA256.hash(of: bytes.span.bytes).description == digest)
    var hash = SHA256()
    let middle = bytes.count / 3
    hash.update(bytes.span.bytes.extracting(0..<middle))
    hash.update(bytes.span.bytes.extracting(middle..<bytes.count))
    #expect(hash.finalize().description == digest)
  }

  @Test func beginsAnewAfterAMessage() {
    let empty = SHA256.hash(of: RawSpan())
    var hash = SHA256()
    hash.update([1, 2, 3].span.bytes)
    #expect(hash.finalize() == SHA256.hash(of: [1, 2, 3].span.bytes))
    #expect(hash.finalize() == empty)
    hash.update([1, 2, 3].span.bytes)
    hash.reset()
    #expect(hash.finalize() == empty)
  }
}
