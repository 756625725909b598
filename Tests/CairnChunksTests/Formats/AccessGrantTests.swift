import CairnCrypto
import Testing

@testable import CairnChunks

/// What owners, writers and readers are given, as text.
@Suite struct AccessGrantTests {
  private let blob = BlobName(named: "access/some")
  private let way = try! X25519Identity.generate().recipient

  private func ownerAccess() throws -> (access: Access, owner: Access.Owner) {
    let access = try Access(for: FixedSecrets.descriptor, way: way)
    guard case .owner(let owner) = access.grant else { throw NotAnOwner() }
    return (access, owner)
  }

  private struct NotAnOwner: Error {}

  private func text(_ capability: Capability) throws -> [UInt8] {
    let (access, owner) = try ownerAccess()
    let granted = try #require(try access.granted(capability, by: owner, to: way))
    return try granted.text(signedBy: owner.authority).exposed
  }

  private func decode(_ text: [UInt8]) throws -> Access? {
    try Access(SecretBytes(copying: text.span.bytes), for: FixedSecrets.descriptor, in: blob)
  }

  @Test(arguments: Capability.allCases)
  func comesBack(capability: Capability) throws {
    let text = try text(capability)
    let access = try #require(try decode(text))
    #expect(access.capability == capability)
    #expect(access.epoch == 1 && access.way == way)
    #expect(Array(text.prefix(access.unsignedText.count)) == access.unsignedText.exposed)
  }

  @Test(arguments: Capability.allCases)
  func everyTruncationAndEveryFlipIsAnError(capability: Capability) throws {
    let text = try text(capability)
    let flips = stride(from: 0, to: text.count * 8, by: 3).map { Damage.flip($0, of: text) }
    for damaged in Damage.truncations(of: text) + flips + [text + [10], text + text] {
      #expect(throws: ChunkStoreError.self) {
        // Of another repository is as good as refused.
        if try decode(damaged) == nil { throw ChunkStoreError(.damaged, "of another repository") }
      }
    }
  }

  @Test func aWriterHoldsNothingThatOpensPacks() throws {
    let (access, owner) = try ownerAccess()
    let granted = try #require(try access.granted(.writer, by: owner, to: way))
    let sealed = try Age.seal([1, 2, 3], to: [granted.packRecipient])
    #expect(try Age.open(sealed, with: [owner.packIdentity]) == [1, 2, 3])
    #expect(granted.packIdentity == nil && granted.accessIdentity == nil)
    // Whatever is an identity in its text, and whatever could be made one of.
    let text = granted.unsignedText
    let identities = try IdentityFile(parsing: text).identities
    #expect(identities.count == 2)
    #expect(throws: CryptoError.self) { try Age.open(sealed, with: identities) }
    let plain = String(decoding: text.exposed, as: UTF8.self)
    for secret in [owner.packIdentity, try #require(owner.accessIdentity)] {
      #expect(!plain.contains(String(decoding: secret.exportText().exposed, as: UTF8.self)))
    }
    let seed = try #require(owner.authority).seed
    #expect(!plain.contains(hex(seed.exposed)))
  }

  @Test func aReaderHoldsNothingThatSigns() throws {
    let (access, owner) = try ownerAccess()
    let granted = try #require(try access.granted(.reader, by: owner, to: way))
    #expect(granted.signer == nil && granted.accessIdentity == nil && granted.chunkerKey == nil)
    let plain = String(decoding: granted.unsignedText.exposed, as: UTF8.self)
    #expect(!plain.contains(hex(try #require(owner.authority).seed.exposed)))
    let keyring = try Keyring([granted], in: blob)
    let error = #expect(throws: ChunkStoreError.self) { try keyring.seal(.root, [1]) }
    #expect(error?.code == .notPermitted)
  }

  @Test func onlyAnOwnersSignatureCounts() throws {
    let (access, owner) = try ownerAccess()
    let granted = try #require(try access.granted(.writer, by: owner, to: way))
    guard case .writer(let writer) = granted.grant else { throw NotAnOwner() }
    for key in [writer.signingKey, try SigningKey()] {
      let forged = try granted.text(signedBy: key).exposed
      let error = #expect(throws: ChunkStoreError.self) { try decode(forged) }
      #expect(error?.code == .damaged)
    }
  }

  @Test func anEpochChangesAllThatCanChange() throws {
    let (access, owner) = try ownerAccess()
    let next = try access.nextEpoch(owner, way: way)
    #expect(next.epoch == 2 && next.idKey == access.idKey && next.chunkerKey == access.chunkerKey)
    #expect(next.packRecipient != access.packRecipient)
    #expect(next.indexIdentity.recipient != access.indexIdentity.recipient)
    #expect(next.authority != access.authority)
    #expect(next.accessIdentity?.recipient != access.accessIdentity?.recipient)
  }
}
