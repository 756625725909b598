import CairnCore
import CairnCrypto
import Testing

@Suite(
  "The C2SP age vectors",
  .enabled(if: AgeVector.folder != nil, "CAIRN_AGE_VECTORS does not name their folder"))
struct AgeVectorTests {
  /// Those that are neither armored nor post-quantum.
  static let usable = AgeVector.all.filter { !$0.isArmored && !$0.needsPostQuantum }

  @Test func thereAreAny() { #expect(Self.usable.count > 30) }

  @Test(arguments: usable)
  func vector(vector: AgeVector) throws {
    let identities: [any Identity] =
      try vector.identities.map { try X25519Identity(SecretBytes(utf8: $0)) }
      + vector.passphrases.map { ScryptIdentity(passphrase: SecretBytes(utf8: $0)) }
    var output = MemoryWriter()
    let codes: Set<CryptoError.Code> =
      switch vector.expectation {
      case .success: []
      case .noMatch: [.noIdentityMatched]
      case .hmacFailure: [.headerMAC]
      case .headerFailure: [.header, .workFactor, .limit]
      case .armorFailure: []
      case .payloadFailure: [.payload, .truncated]
      }
    if vector.expectation == .success {
      try Age.open(from: MemoryReader(vector.file), to: &output, identities: identities)
      #expect(try Age.open(vector.file, with: identities) == output.bytes)
    } else {
      for pieceSize in [1000, 1_000_000] {
        output = MemoryWriter()
        let input = PiecemealReader(vector.file, pieceSize: pieceSize)
        let error = #expect(throws: CryptoError.self) {
          try Age.open(from: input, to: &output, identities: identities)
        }
        #expect(error.map { codes.contains($0.code) } == true, "\(String(describing: error))")
      }
      let error = #expect(throws: CryptoError.self) {
        try Age.open(vector.file, with: identities)
      }
      #expect(error.map { codes.contains($0.code) } == true, "\(String(describing: error))")
    }
    if let payload = vector.payload {
      #expect(SHA256.hash(of: output.bytes.span.bytes).description == payload)
    } else {
      #expect(output.bytes == [])
    }
  }

  @Test(arguments: usable.filter { $0.expectation != .headerFailure })
  func headerIsWrittenAsItWasRead(vector: AgeVector) throws {
    let header = try #require(try Header.parse(vector.file.span.bytes))
    let fileKey = try FileKey(SecretBytes(vector.fileKey))
    let again = try Header.seal(fileKey, to: [StubRecipient(header.stanzas)])
    if vector.expectation == .hmacFailure {
      #expect(again.bytes != header.bytes)
    } else {
      #expect(again.bytes == header.bytes)
    }
  }
}
