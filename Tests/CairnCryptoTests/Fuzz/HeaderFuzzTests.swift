import CairnCore
import CairnCrypto
import Testing

@Suite("Fuzzing headers")
struct HeaderFuzzTests {
  let fileKey: FileKey
  let corpus: [[UInt8]]

  init() throws {
    let fileKey = try FileKey()
    let stanzas = [
      Stanza(type: "X25519", arguments: [Base64Text.of(32)], body: sampleBytes(32)),
      Stanza(type: "scrypt", arguments: [Base64Text.of(16), "18"], body: sampleBytes(32)),
      Stanza(type: "empty", arguments: [], body: []),
      Stanza(type: "long", arguments: ["a", "b", "c"], body: sampleBytes(200)),
      Stanza(type: "full", arguments: ["---"], body: sampleBytes(96)),
    ]
    let headers = try [[0], [1], [2], [3, 4], [0, 0, 2, 4]].map { chosen in
      try Header.seal(fileKey, to: [StubRecipient(chosen.map { stanzas[$0] })])
    }
    self.fileKey = fileKey
    corpus = headers.map(\.bytes)
  }

  @Test func whatIsReadIsWhatIsWritten() throws {
    try Fuzzing.run(inputs: 4000) { mutator, _ in
      let original = mutator.pick(corpus)
      let bytes = mutator.mutate(original, splicing: corpus)
      let parsed = Result { () throws(CryptoError) in try Header.parse(bytes.span.bytes) }
      var input = PiecemealReader(bytes, pieceSize: mutator.number(in: 1...200))
      let read = Result { () throws(CryptoError) in try Header.read(from: &input) }
      switch (parsed, read) {
      case (.success(let header?), .success(let same)):
        return try header.bytes == same.bytes && bytes.starts(with: header.bytes)
          && isWrittenAlike(header) && isAuthenticOnlyUnchanged(header)
      case (.success(nil), .failure(let error)):
        return error.code == .header
      case (.failure(let expected), .failure(let error)):
        // The text before an armor is an error of the armor, which only the file's reader knows.
        return expected.code == error.code || error.code == .armor
      default:
        return false
      }
    }
  }

  /// No two texts are the same header.
  private func isWrittenAlike(_ header: Header) throws -> Bool {
    let again = try Header.seal(fileKey, to: [StubRecipient(header.stanzas)])
    let codeCount = 44
    return again.bytes.dropLast(codeCount) == header.bytes.dropLast(codeCount)
  }

  private func isAuthenticOnlyUnchanged(_ header: Header) -> Bool {
    do throws(CryptoError) {
      try header.verify(fileKey)
      return corpus.contains(header.bytes)
    } catch {
      return error.code == .headerMAC && !corpus.contains(header.bytes)
    }
  }
}

/// Text of the length that an argument has.
private enum Base64Text {
  static func of(_ byteCount: Int) -> String {
    String(repeating: "A", count: (byteCount * 4 + 2) / 3)
  }
}
