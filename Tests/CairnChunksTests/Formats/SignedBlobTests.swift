import CairnCrypto
import Testing

@testable import CairnChunks

@Suite struct SignedBlobTests {
  private let repository = FixedSecrets.descriptor.id
  private let blob = BlobName(named: "roots/some")
  private let content = Array("some content".utf8)
  private let authority = try! SigningKey(seed: SecretBytes(copying: Self.seed(1).span.bytes))
  private let writerKey = try! SigningKey(seed: SecretBytes(copying: Self.seed(2).span.bytes))

  private static func seed(_ first: UInt8) -> [UInt8] { (0..<32).map { first + $0 } }

  private func owner() -> Signer { Signer(key: authority, certificate: nil) }

  private func writer(certifiedBy key: SigningKey) throws -> Signer {
    let statement = Statement.certificate(of: writerKey.verifyingKey, in: repository)
    return Signer(key: writerKey, certificate: try key.sign(statement))
  }

  private func encode(_ signer: Signer) throws -> [UInt8] {
    try SignedBlob.encode(
      .root, content, by: signer, authority: authority.verifyingKey, in: repository)
  }

  private func decode(
    _ bytes: [UInt8], _ kind: SignedBlob.Kind = .root, authorities: [VerifyingKey]? = nil,
    in repository: RepositoryID? = nil
  ) throws -> [UInt8] {
    try SignedBlob.decode(
      kind, bytes, of: blob, authorities: authorities ?? [authority.verifyingKey],
      in: repository ?? self.repository
    ).content
  }

  @Test func isWhatItWas() throws {
    for (name, signer) in [
      ("signed-by-owner.bin", owner()),
      ("signed-by-writer.bin", try writer(certifiedBy: authority)),
    ] {
      let bytes = try encode(signer)
      try Golden.check(name, bytes)
      #expect(try decode(Golden.read(name)) == content)
    }
  }

  @Test func everyTruncationAndEveryFlipIsAnError() throws {
    for signer in [owner(), try writer(certifiedBy: authority)] {
      let bytes = try encode(signer)
      for damaged in Damage.truncations(of: bytes) + Damage.flips(of: bytes) + [bytes + [0]] {
        let error = #expect(throws: ChunkStoreError.self) { try decode(damaged) }
        #expect(error?.blob == blob)
      }
    }
  }

  @Test func whoMayNotSignIsRefused() throws {
    let stranger = try SigningKey()
    let signers = [
      Signer(key: stranger, certificate: nil),
      try writer(certifiedBy: stranger),
      // A writer cannot certify another, or itself.
      try writer(certifiedBy: writerKey),
    ]
    for signer in signers {
      let error = #expect(throws: ChunkStoreError.self) { try decode(encode(signer)) }
      #expect(error?.code == .damaged)
    }
    let error = #expect(throws: ChunkStoreError.self) { try decode(content) }
    #expect(error?.code == .damaged)
  }

  @Test func aSignatureIsGoodForOneThing() throws {
    let bytes = try encode(owner())
    #expect(throws: ChunkStoreError.self) { try decode(bytes, .index) }
    #expect(throws: ChunkStoreError.self) {
      try decode(bytes, authorities: [SigningKey().verifyingKey])
    }
    #expect(throws: ChunkStoreError.self) {
      try decode(bytes, in: RepositoryID("ff112233445566778899aabbccddeeff")!)
    }
  }

  @Test func aNewerVersionIsToldFromDamage() throws {
    var bytes = try encode(owner())
    bytes[8] = 2
    let error = #expect(throws: ChunkStoreError.self) { try decode(bytes) }
    #expect(error?.code == .newerFormat)
  }
}
