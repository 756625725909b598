import CairnCore
import CairnCrypto
import SystemPackage
import Testing

/// Armored files wherever a file can be sealed or opened.
@Suite("Armored files")
struct ArmoredFileTests {
  let identity: X25519Identity

  init() throws { identity = try X25519Identity.generate() }

  private func opened(_ file: [UInt8], pieceSize: Int) throws -> [UInt8] {
    var output = MemoryWriter()
    let input = PiecemealReader(file, pieceSize: pieceSize)
    try Age.open(from: input, to: &output, identities: [identity])
    return output.bytes
  }

  @Test(arguments: boundaryLengths)
  func roundTrip(count: Int) throws {
    let message = sampleBytes(count)
    let inMemory = try Age.seal(message, to: [identity.recipient], armored: true)
    let streamed = try Age.seal(
      from: MemoryReader(message), to: MemoryWriter(), recipients: [identity.recipient],
      armored: true
    ).bytes
    for file in [inMemory, streamed] {
      #expect(file.starts(with: "-----BEGIN AGE ENCRYPTED FILE-----\n".utf8))
      let binary = try Armor.decode(file)
      #expect(Armor.encode(binary) == file)
      #expect(try Age.open(file, with: [identity]) == message)
      #expect(try Age.openSecret(file, with: [identity]) == SecretBytes(message))
      for pieceSize in [1000, 1_000_000] {
        #expect(try opened(file, pieceSize: pieceSize) == message)
      }
    }
  }

  @Test func oneByteAtATime() throws {
    let message = sampleBytes(70_000)
    let file = try Age.seal(message, to: [identity.recipient], armored: true)
    #expect(try opened(Array(" \r\n\t\n".utf8) + file, pieceSize: 1) == message)
  }

  @Test func descriptors() throws {
    let folder = try TemporaryFolder()
    let message = sampleBytes(200_000)
    let plain = try folder.file("plain", holding: message)
    let sealed = try folder.file("sealed", holding: [])
    let opened = try folder.file("opened", holding: [])
    defer { for file in [plain, sealed, opened] { try? file.close() } }
    try Age.seal(from: plain, to: sealed, recipients: [identity.recipient], armored: true)
    try sealed.seek(offset: 0, from: .start)
    try Age.open(from: sealed, to: opened, identities: [identity])
    #expect(try folder.content("opened") == message)
  }

  @Test func theHeaderIsPassedOnAtOnce() throws {
    let output = CountingWriter()
    _ = try SealingWriter(output, recipients: [identity.recipient], armored: true)
    #expect(output.log.bytes.starts(with: "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl".utf8))
    expect(.armor) { _ = try Age.open(output.log.bytes, with: [identity]) }
  }

  /// Damage in the armor of the third segment: the first two are released, whatever the pieces.
  @Test func whatIsSoundBeforeADamageIsReleased() throws {
    let sample = try SampleFile(plainCount: 3 * Segment.plainSize)
    let text = Armor.encode(sample.bytes)
    let place = (sample.payloadStart + 2 * Segment.sealedSize + 1000) / 48 * 65 + 35
    var damaged = text
    damaged[place] = UInt8(ascii: "*")
    for file in [damaged, Array(text.prefix(place)), text + text] {
      for pieceSize in [1000, 65536, 1_000_000] {
        var output = MemoryWriter()
        let input = PiecemealReader(file, pieceSize: pieceSize)
        expect(.armor) { try Age.open(from: input, to: &output, identities: [sample.identity]) }
        #expect(output.bytes == Array(sample.plain.prefix(2 * Segment.plainSize)))
      }
      expect(.armor) { _ = try Age.open(file, with: [sample.identity]) }
    }
  }

  /// Files that are neither sealed nor armored, and words that the error should have.
  @Test(arguments: [
    ("Dear Bob,\n-----BEGIN AGE ENCRYPTED FILE-----\n", CryptoError.Code.armor, "before it"),
    ("age: -----BEGIN AGE ENCRYPTED FILE-----\n", .armor, "not age: -----BEGIN"),
    ("----BEGIN AGE ENCRYPTED FILE----\n", .armor, "not ----BEGIN"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", .armor, "private key"),
    ("-----BEGIN PGP MESSAGE-----\n\nAAAA\n", .armor, "gpg"),
    (" -----BEGIN AGE ENCRYPTED FILE-----\n", .armor, "should begin with"),
    ("age-encryption.org/v1\r\n-> X25519", .header, "CRLF"),
    ("age-encryption.org/v2\n", .header, "newer"),
    ("\u{fffe}", .header, "does not begin"),
    ("hello", .header, "does not begin"),
    (String(repeating: "garbage ", count: 1000), .header, "does not begin"),
    ("----", .header, "does not begin"),
    ("", .header, "ends before"),
    (" \n", .header, "does not begin"),
  ])
  func saysWhatItIsInstead(text: String, code: CryptoError.Code, words: String) {
    saysWhatItIsInstead(Array(text.utf8), code: code, words: words)
  }

  @Test func saysThatItIsUTF16() {
    let text: [UInt8] = "-----BEGIN AGE ENCRYPTED FILE-----\n".utf16.flatMap {
      [UInt8($0 & 255), UInt8($0 >> 8)]
    }
    saysWhatItIsInstead([0xff, 0xfe] + text, code: .header, words: "PowerShell")
  }

  private func saysWhatItIsInstead(_ file: [UInt8], code: CryptoError.Code, words: String) {
    for pieceSize in [1, 1_000_000] {
      let error = #expect(throws: CryptoError.self) { try opened(file, pieceSize: pieceSize) }
      #expect(error?.code == code)
      #expect(error?.description.contains(words) == true, "\(String(describing: error))")
    }
    let error = #expect(throws: CryptoError.self) { try Age.open(file, with: [identity]) }
    #expect(error?.code == code)
    #expect(error?.description.contains(words) == true, "\(String(describing: error))")
  }

  @Test func nothingIsReadAheadToFindThatAFileIsBinary() throws {
    var output = MemoryWriter()
    let input = FailingReader(Array("age-encryption.org/v2\n".utf8))
    expect(.header) { try Age.open(from: input, to: &output, identities: [identity]) }
  }
}
