import CairnCrypto
import Testing

@Suite("Files that age made")
struct GoldenTests {
  let identity: X25519Identity

  init() throws { identity = try X25519Identity(SecretBytes(utf8: Golden.identityText)) }

  @Test func keysHaveTheSameText() {
    #expect(identity.recipient.description == Golden.recipientText)
    #expect(identity.exportText() == SecretBytes(utf8: Golden.identityText))
  }

  @Test func opensForOneOfTwoRecipients() throws {
    #expect(try Age.open(Golden.forTwo, with: [identity]) == Golden.message)
  }

  @Test func opensAnEmptyMessage() throws {
    #expect(try Age.open(Golden.empty, with: [identity]) == [])
  }

  @Test func opensWithAPassphrase() throws {
    let passphrase = ScryptIdentity(passphrase: SecretBytes(utf8: Golden.passphrase))
    #expect(try Age.open(Golden.forPassphrase, with: [identity, passphrase]) == Golden.message)
  }

  @Test func sealsSegmentsToTheSameBytes() throws {
    let start = Golden.threeSegmentsStart
    let header = try #require(try Header.parse(start.span.bytes))
    let nonce = start.span.bytes.extracting(droppingFirst: header.byteCount)
    let key = try PayloadKey(header.unwrap(with: [identity]), nonce: nonce)
    var cipher = try SegmentCipher(key)
    var hash = SHA256()
    hash.update(start.span.bytes)
    for (index, count) in [Segment.plainSize, Segment.plainSize, 1].enumerated() {
      let sealed = try cipher.seal(
        [UInt8](repeating: 0, count: count), index: UInt64(index), isFinal: index == 2)
      hash.update(sealed.span.bytes)
    }
    #expect(hash.finalize().description == Golden.threeSegmentsDigest)
  }
}
