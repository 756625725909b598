import CairnCrypto
import Testing

@Suite("Header")
struct HeaderTests {
  let identity: X25519Identity
  let header: Header

  init() throws {
    identity = try X25519Identity.generate()
    header = try Header.seal(to: [identity.recipient]).header
  }

  private func parse(_ text: String, limits: Header.Limits = .init()) throws -> Header? {
    try Header.parse(Array(text.utf8).span.bytes, limits: limits)
  }

  @Test func returnsWithItsFileKey() throws {
    let (header, fileKey) = try Header.seal(to: [identity.recipient])
    let parsed = try #require(try Header.parse((header.bytes + [1, 2, 3]).span.bytes))
    #expect(parsed.bytes == header.bytes)
    #expect(parsed.stanzas == header.stanzas)
    #expect(try parsed.unwrap(with: [identity]) == fileKey)
  }

  @Test func wrapsOneFileKeyForOthers() throws {
    let other = try X25519Identity.generate()
    let fileKey = try header.unwrap(with: [identity])
    let second = try Header.seal(fileKey, to: [other.recipient])
    #expect(try second.unwrap(with: [identity, other]) == fileKey)
    try second.verify(fileKey)
    expect(.noIdentityMatched) { _ = try second.unwrap(with: [identity]) }
  }

  @Test func everyPrefixNeedsMore() throws {
    for count in 0..<header.byteCount {
      #expect(try Header.parse(header.bytes.span.bytes.extracting(first: count)) == nil)
      expect(.header) { _ = try Age.open(Array(header.bytes.prefix(count)), with: [identity]) }
    }
  }

  @Test func everyFlippedBitIsFound() throws {
    let fileKey = try header.unwrap(with: [identity])
    var undetected: [Int] = []
    for bit in 0..<(8 * header.byteCount) {
      var bytes = header.bytes
      bytes[bit / 8] ^= 1 << (bit % 8)
      do {
        // A flip of a line feed can make the header go on beyond the end.
        guard let changed = try Header.parse(bytes.span.bytes) else { continue }
        if try changed.unwrap(with: [identity, KnownKey(fileKey: fileKey)]) == fileKey {
          undetected.append(bit)
        }
      } catch {
        #expect([.header, .headerMAC].contains(error.code), "bit \(bit): \(error)")
      }
    }
    #expect(undetected == [])
  }

  @Test func stanzasBeyondOneLine() throws {
    for count in [0, 1, 47, 48, 49, 96, 1000] {
      let stanza = Stanza(type: "test", arguments: ["a", "~!"], body: sampleBytes(count))
      let header = try Header.seal(to: [StubRecipient([stanza])])
      let parsed = try #require(try Header.parse(header.header.bytes.span.bytes))
      #expect(parsed.stanzas == [stanza])
      try parsed.verify(header.fileKey)
    }
  }

  static let sound = """
    age-encryption.org/v1
    -> test argument
    Zm9v
    --- 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU

    """

  @Test func readsTheSoundHeaderThatIsMutatedBelow() throws {
    let header = try #require(try parse(Self.sound))
    #expect(
      header.stanzas == [Stanza(type: "test", arguments: ["argument"], body: Array("foo".utf8))])
    #expect(header.byteCount == Self.sound.utf8.count)
  }

  @Test(arguments: [
    ("age-encryption.org/v1", "age-encryption.org/v2"),
    ("age-encryption.org/v1", "age-encryption.org/v1 "),
    ("age-encryption.org/v1\n", "age-encryption.org/v1\r\n"),
    ("age-encryption.org/v1", "-----BEGIN AGE ENCRYPTED FILE-----"),
    ("age-encryption.org/v1\n", "age-encryption.org/v1\n\n"),
    ("-> test", "->test"),
    ("-> test", "->  test"),
    ("-> test", "-> "),
    ("-> test argument", "->"),
    ("argument", "argument "),
    ("argument", "argu\u{7f}ment"),
    ("argument", "argumént"),
    ("argument", "argument\r"),
    ("argument", "two  arguments"),
    ("Zm9v", "Zm9v=="),
    ("Zm9v", "Zm9"),
    ("Zm9v", "Zm9v\r"),
    ("Zm9v", " Zm9v"),
    ("Zm9v", String(repeating: "Zm9v", count: 17)),
    ("Zm9v", String(repeating: "Zm9v", count: 16)),
    ("Zm9v", "Zm9v\nZm9v"),
    ("Zm9v\n", ""),
    ("---", "--"),
    ("---", "----"),
    ("--- ", "---"),
    ("--- ", "---  "),
    ("SuFU", "SuFV"),
    ("SuFU", "SuFU="),
    ("SuFU", "SuF"),
    ("SuFU\n", "SuFU \n"),
    ("SuFU\n", "SuFU\r\n"),
    ("-> test argument\nZm9v\n", ""),
    ("-> test argument\nZm9v\n", "-> scrypt\n\n-> test\n\n"),
  ])
  func refuses(part: String, replacement: String) {
    let text = Self.sound.replacing(part, with: replacement)
    #expect(text != Self.sound)
    expect(.header) {
      let header = try parse(text)
      #expect(header == nil, "a header that goes on")
    }
  }

  @Test func refusesAsSoonAsItCanTell() {
    expect(.header) { _ = try parse("x") }
    expect(.header) { _ = try parse("age-encryption.org/v1\n-> test\nZm9v!\n") }
  }

  @Test func namesTheLineAtFault() {
    let error = #expect(throws: CryptoError.self) {
      try parse(Self.sound.replacing("Zm9v", with: "Zm9v="))
    }
    #expect(error?.line == 3)
  }

  @Test func boundsItsLength() throws {
    let stanza = "-> test\n" + String(repeating: "A", count: 64) + "\n"
    let endless =
      "age-encryption.org/v1\n" + String(repeating: stanza, count: 1)
      + String(
        repeating: String(repeating: "A", count: 64) + "\n", count: 2000)
    expect(.limit) { _ = try parse(endless) }
    expect(.limit) {
      _ = try parse("age-encryption.org/v1\n-> " + String(repeating: "a", count: 65536))
    }
    let exact = Header.Limits(byteCount: Self.sound.utf8.count)
    #expect(try parse(Self.sound, limits: exact) != nil)
    let tooShort = Header.Limits(byteCount: Self.sound.utf8.count - 1)
    expect(.limit) { _ = try parse(Self.sound, limits: tooShort) }
  }

  @Test func boundsItsStanzas() throws {
    let stanzas = (0..<1000).map { Stanza(type: "test", arguments: ["\($0)"], body: []) }
    let header = try Header.seal(to: [StubRecipient(stanzas)]).header
    #expect(try Header.parse(header.bytes.span.bytes)?.stanzas == stanzas)
    let more = try Header.seal(to: [StubRecipient(stanzas + stanzas.prefix(1))]).header
    expect(.limit) { _ = try Header.parse(more.bytes.span.bytes) }
    let raised = Header.Limits(stanzaCount: 1001)
    #expect(try Header.parse(more.bytes.span.bytes, limits: raised)?.stanzas.count == 1001)
  }

  @Test func refusesRecipientsThatCannotBeTogether() throws {
    let passphrase = try ScryptRecipient(passphrase: SecretBytes(utf8: "x"), workFactor: 1)
    let stanza = Stanza(type: "test", arguments: [], body: [])
    let labelled = StubRecipient([stanza], labels: ["postquantum"])
    expect(.recipients) { _ = try Header.seal(to: []) }
    expect(.recipients) { _ = try Header.seal(to: [passphrase, identity.recipient]) }
    expect(.recipients) { _ = try Header.seal(to: [identity.recipient, passphrase]) }
    expect(.recipients) { _ = try Header.seal(to: [passphrase, passphrase]) }
    expect(.recipients) { _ = try Header.seal(to: [labelled, identity.recipient]) }
    _ = try Header.seal(to: [labelled, labelled])
  }

  @Test(arguments: [
    [], [Stanza(type: "", arguments: [], body: [])],
    [Stanza(type: "a b", arguments: [], body: [])],
    [Stanza(type: "a", arguments: [""], body: [])],
    [Stanza(type: "a", arguments: ["b\n"], body: [])],
    [Stanza(type: "a", arguments: ["é"], body: [])],
  ])
  func refusesStanzasThatCannotBeWritten(stanzas: [Stanza]) {
    expect(.recipients) { _ = try Header.seal(to: [StubRecipient(stanzas)]) }
  }

  @Test func anIdentityThatFailsEndsTheSearch() throws {
    struct Broken: Identity {
      func unwrap(_ stanzas: [Stanza]) throws(CryptoError) -> FileKey? {
        throw CryptoError(.external, "the token is not plugged in")
      }
    }
    expect(.external) { _ = try header.unwrap(with: [Broken(), identity]) }
    #expect(try header.unwrap(with: [identity, Broken()]) == header.unwrap(with: [identity]))
  }

  @Test func aWrongFileKeyIsFound() throws {
    expect(.headerMAC) { _ = try header.unwrap(with: [KnownKey(fileKey: FileKey())]) }
  }
}

/// A recipient that gives the stanzas it is told.
struct StubRecipient: Recipient {
  let stanzas: [Stanza]
  let labels: Set<String>

  init(_ stanzas: [Stanza], labels: Set<String> = []) {
    self.stanzas = stanzas
    self.labels = labels
  }

  func wrap(_ fileKey: FileKey) -> WrappedFileKey { WrappedFileKey(stanzas, labels: labels) }
}
