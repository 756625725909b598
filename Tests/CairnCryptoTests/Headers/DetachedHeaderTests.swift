import CairnCore
import CairnCrypto
import SystemPackage
import Testing

@Suite("Detached headers")
struct DetachedHeaderTests {
  let identity: X25519Identity

  init() throws { identity = try X25519Identity.generate() }

  @Test(arguments: boundaryLengths, [false, true])
  func opensElsewhere(count: Int, armored: Bool) throws {
    let message = sampleBytes(count)
    let file = try Age.seal(message, to: [identity.recipient], armored: armored)
    var payload = MemoryWriter()
    let header = try Age.detachHeader(
      from: PiecemealReader(file, pieceSize: 1000), payloadTo: &payload)
    let binary = armored ? try Armor.decode(file) : file
    #expect(header.bytes + payload.bytes == binary)

    // The file key travels, the private key does not.
    let fileKey = try header.unwrap(with: [identity])
    let exported = fileKey.withBytes { SecretBytes(copying: $0) }
    let imported = InjectedFileKey(try FileKey(exported))
    var output = MemoryWriter()
    try Age.open(
      payload: MemoryReader(payload.bytes), header: header, to: &output, identities: [imported])
    #expect(output.bytes == message)
    #expect(try Age.open(file, with: [imported]) == message)
  }

  @Test func descriptors() throws {
    let folder = try TemporaryFolder()
    let message = sampleBytes(200_000)
    let sealed = try folder.file(
      "sealed", holding: Age.seal(message, to: [identity.recipient], armored: true))
    let payload = try folder.file("payload", holding: [])
    let opened = try folder.file("opened", holding: [])
    defer { for file in [sealed, payload, opened] { try? file.close() } }
    let header = try Age.detachHeader(from: sealed, payloadTo: payload)
    try payload.seek(offset: 0, from: .start)
    try Age.open(payload: payload, header: header, to: opened, identities: [identity])
    #expect(try folder.content("opened") == message)
  }

  @Test func aFileKeyOfAnotherFileIsFound() throws {
    let file = try Age.seal([1], to: [identity.recipient])
    expect(.headerMAC) { _ = try Age.open(file, with: [InjectedFileKey(FileKey())]) }
  }

  @Test func aPayloadOfAnotherFileIsFound() throws {
    let (a, b) = (try SampleFile(plainCount: 100), try SampleFile(plainCount: 100))
    let payload = Array(b.bytes[b.header.byteCount...])
    var output = MemoryWriter()
    expect(.payload) {
      try Age.open(
        payload: MemoryReader(payload), header: a.header, to: &output, identities: [a.identity])
    }
    #expect(output.bytes == [])
  }

  @Test func aPayloadThatEndsInItsNonceIsFound() throws {
    let sample = try SampleFile(plainCount: 100)
    for count in [0, 15] {
      let payload = Array(sample.nonce.prefix(count))
      expect(.header) {
        _ = try OpeningReader(
          payload: MemoryReader(payload), header: sample.header, identities: [sample.identity])
      }
    }
  }

  @Test func aLengthThatNoFileHasIsFound() throws {
    let sample = try SampleFile(plainCount: 0)
    for count in [sample.header.byteCount, sample.payloadStart - 1] {
      expect(.header) { try detach(Array(sample.bytes.prefix(count))) }
    }
    for count in [sample.payloadStart, sample.bytes.count - 1] {
      expect(.truncated) { try detach(Array(sample.bytes.prefix(count))) }
    }
    let full = try SampleFile(plainCount: Segment.plainSize)
    expect(.truncated) { try detach(full.bytes + [UInt8](repeating: 0, count: 16)) }
  }

  private func detach(_ file: [UInt8]) throws {
    var payload = MemoryWriter()
    _ = try Age.detachHeader(from: MemoryReader(file), payloadTo: &payload)
  }

  @Test func failuresOfTheOutputAreTold() throws {
    let sample = try SampleFile(plainCount: 100)
    var output = FullWriter(room: 50)
    expect(.io) {
      _ = try Age.detachHeader(from: MemoryReader(sample.bytes), payloadTo: &output)
    }
  }
}
