import LogViewKit
import Testing

@Suite struct KeyDecoderTests {
  private func keys(_ text: String) -> [Key] {
    var decoder = KeyDecoder()
    return decoder.keys(from: text.utf8)
  }

  @Test func keysOfAllTerminals() {
    #expect(keys("aß€😀") == [.character("a"), .character("ß"), .character("€"), .character("😀")])
    #expect(keys("\r\n\t\u{7F}\u{08}") == [.enter, .enter, .tab, .backspace, .backspace])
    #expect(keys("\u{0C}") == [.control("l")])
    #expect(keys("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D") == [.up, .down, .right, .left])
    #expect(keys("\u{1B}OA\u{1B}OB\u{1B}OC\u{1B}OD") == [.up, .down, .right, .left])
    #expect(keys("\u{1B}[H\u{1B}[F\u{1B}OH\u{1B}OF") == [.home, .end, .home, .end])
    #expect(keys("\u{1B}[1~\u{1B}[4~\u{1B}[7~\u{1B}[8~") == [.home, .end, .home, .end])
    #expect(keys("\u{1B}[5~\u{1B}[6~\u{1B}[3~") == [.pageUp, .pageDown, .delete])
    // With control or shift.
    #expect(keys("\u{1B}[1;5A\u{1B}[6;2~") == [.up, .pageDown])
    // What means nothing here.
    #expect(keys("\u{1B}[15~x\u{1B}[200~y\u{1B}[?1;2cz") == ["x", "y", "z"].map { .character($0) })
  }

  @Test func sequencesComeInPieces() {
    var decoder = KeyDecoder()
    for byte in [0x1B, 0x5B] as [UInt8] {
      #expect(decoder.keys(from: [byte]) == [])
      #expect(decoder.isWaiting)
    }
    #expect(decoder.keys(from: [0x35]) == [])
    #expect(decoder.keys(from: [0x7E, 0xE2, 0x82]) == [.pageUp])
    #expect(decoder.keys(from: [0xAC]) == [.character("€")])
    #expect(!decoder.isWaiting)
  }

  @Test func theEscapeKeyIsKnownByWhatDoesNotFollow() {
    var decoder = KeyDecoder()
    #expect(decoder.keys(from: [0x1B]) == [])
    #expect(decoder.giveUp() == [.escape])
    #expect(decoder.giveUp() == [])
    #expect(decoder.keys(from: [0x1B, 0x1B]) == [.escape])
    #expect(decoder.giveUp() == [.escape])
    #expect(decoder.keys(from: Array("\u{1B}q".utf8)) == [.escape, .character("q")])
    // The rest of what was given up is not taken for letters that were typed… but it was not waited for.
    #expect(decoder.keys(from: Array("\u{1B}[1".utf8)) == [])
    #expect(decoder.giveUp() == [])
    #expect(!decoder.isWaiting)
  }

  @Test func anythingMayBeSent() {
    // A sequence that never ends, and one that another one interrupts.
    #expect(keys("\u{1B}[" + String(repeating: "1;", count: 100_000)) == [])
    #expect(keys("\u{1B}[" + String(repeating: "1", count: 30) + "Ax") == [.up, .character("x")])
    #expect(keys("\u{1B}[1;\u{1B}[B") == [.down])
    var decoder = KeyDecoder()
    #expect(decoder.keys(from: [0xFF, 0xC0, 0x80, 0xE2, 0x41]) == [.character("A")])
    #expect(
      decoder.keys(from: [0xED, 0xA0, 0x80, 0xF4, 0xBF, 0xBF, 0xBF, 0x42]) == [.character("B")])
    var random = Seeded(4)
    for _ in 0..<20_000 { _ = decoder.keys(from: [UInt8(truncatingIfNeeded: random.next())]) }
    _ = decoder.giveUp()
    #expect(decoder.keys(from: [0x71]) == [.character("q")])
  }
}
