import CairnCore
import CairnCrypto
import Testing

@Suite("ASCII armor")
struct ArmorTests {
  /// Lengths around full lines of 48 bytes, and around the pieces in which text is passed on.
  static let lengths =
    [0, 1, 2, 3, 46, 47, 48, 49, 95, 96, 97, 48 * 1023 - 1, 48 * 1024, 48 * 1024 + 1, 200_000]

  static func text(_ lines: String...) -> String {
    (["-----BEGIN AGE ENCRYPTED FILE-----"] + lines + ["-----END AGE ENCRYPTED FILE-----"])
      .map { $0 + "\n" }.joined()
  }

  /// 48 bytes of zero.
  static let fullLine = String(repeating: "A", count: 64)

  /// What a reader makes of text that comes in pieces, and how it ended.
  private func read(
    _ text: [UInt8], pieceSize: Int, bufferSize: Int
  ) -> (bytes: [UInt8], error: CryptoError?) {
    var reader = ArmorReader(PiecemealReader(text, pieceSize: pieceSize))
    var bytes: [UInt8] = []
    do throws(CryptoError) {
      while true {
        let piece = try reader.read(upTo: bufferSize)
        if piece.isEmpty { return (bytes, nil) }
        bytes += piece
      }
    } catch {
      return (bytes, error)
    }
  }

  @Test(arguments: [
    ("", text()), ("f", text("Zg==")), ("fo", text("Zm8=")), ("foo", text("Zm9v")),
    (String(repeating: "\0", count: 48), text(fullLine)),
    (String(repeating: "\0", count: 49), text(fullLine, "AA==")),
  ])
  func knownTexts(file: String, text: String) throws {
    #expect(String(decoding: Armor.encode(Array(file.utf8)), as: UTF8.self) == text)
    #expect(try Armor.decode(Array(text.utf8)) == Array(file.utf8))
    let windows = text.replacing("\n", with: "\r\n")
    #expect(try Armor.decode(Array(windows.utf8)) == Array(file.utf8))
    #expect(try Armor.decode(Array(text.utf8.dropLast())) == Array(file.utf8))
    #expect(try Armor.decode(Array(windows.utf8.dropLast())) == Array(file.utf8))
  }

  @Test(arguments: lengths)
  func roundTripInMemory(count: Int) throws {
    let file = sampleBytes(count)
    let text = Armor.encode(file)
    #expect(text.count == 68 + (count + 2) / 3 * 4 + (count + 47) / 48)
    #expect(try Armor.decode(text) == file)
  }

  @Test(arguments: lengths.filter { $0 < 1000 }, [1, 7])
  func roundTripInSmallPieces(count: Int, pieceSize: Int) throws {
    try roundTripInPieces(count: count, pieceSize: pieceSize)
  }

  @Test(arguments: lengths, [1000, 1_000_000])
  func roundTripInPieces(count: Int, pieceSize: Int) throws {
    let file = sampleBytes(count)
    let text = Armor.encode(file)
    var writer = ArmorWriter(MemoryWriter())
    for start in stride(from: 0, to: count, by: pieceSize) {
      try writer.write(Array(file[start...].prefix(pieceSize)).span.bytes)
    }
    #expect(try writer.finish().bytes == text)
    for bufferSize in [48, 1000, 100_000] {
      let result = read(text, pieceSize: pieceSize, bufferSize: bufferSize)
      #expect(result.bytes == file, "into \(bufferSize) bytes")
      #expect(result.error == nil)
    }
  }

  @Test func readsIntoBuffersThatHoldNoLine() {
    let file = sampleBytes(1000)
    for bufferSize in [1, 7, 47] {
      let result = read(Armor.encode(file), pieceSize: 100, bufferSize: bufferSize)
      #expect(result.bytes == file)
      #expect(result.error == nil)
    }
  }

  @Test func whiteSpaceAround() throws {
    let text = Self.text("Zm9v")
    for space in ["\n", "\r\n", "\n\n\r   \t\n", String(repeating: " ", count: 1023) + "\n"] {
      #expect(try Armor.decode(Array((space + text + space).utf8)) == Array("foo".utf8))
    }
    let tooMuch = String(repeating: " ", count: 1024) + "\n"
    for text in [tooMuch + text, text + tooMuch, text + tooMuch + "x", tooMuch + "x" + text] {
      let text = Array(text.utf8)
      let error = #expect(throws: CryptoError.self) { try Armor.decode(text) }
      #expect(error?.code == .armor)
      for pieceSize in [1, 7, 1_000_000] {
        let result = read(text, pieceSize: pieceSize, bufferSize: 1000)
        #expect(result.error?.description == error?.description)
      }
    }
  }

  /// Texts that are not sound, the line at fault, and how many bytes are given before.
  @Test(arguments: [
    ("", 1, 0),
    (" \n\n", 3, 0),
    ("garbage\n" + text("Zm9v"), 1, 0),
    ("\n\ngarbage\n" + text("Zm9v"), 3, 0),
    (" " + text("Zm9v"), 1, 0),
    (text("Zm9v").replacing("FILE-----\nZm", with: "FILE----- \nZm"), 1, 0),
    (text("Zm9v").replacing("BEGIN AGE", with: "BEGIN PGP"), 1, 0),
    (text("Zm9v").replacing("AGE", with: "age"), 1, 0),
    ("-----BEGIN AGE ENCRYPTED FILE-----", 1, 0),
    ("-----BEGIN AGE ENCRYPTED FILE-----\n", 2, 0),
    ("-----BEGIN AGE ENCRYPTED FILE-----\nZm9v", 2, 0),
    ("-----BEGIN AGE ENCRYPTED FILE-----\nZm9v\n", 3, 3),
    (text("Zm9v").replacing("END AGE", with: "END PGP"), 3, 3),
    (text("Zm9v").replacing("-----END", with: "----- END"), 3, 3),
    (text("Zm9v") + "x", 4, 3),
    (text("Zm9v") + "\n\nx\n", 6, 3),
    (text("Zm9v") + text("Zm9v"), 4, 3),
    (text(""), 2, 0),
    (text("Zm9v", ""), 3, 3),
    (text("Zm9v", "Zm9v"), 3, 3),
    (text("Zg==", "Zm9v"), 3, 1),
    (text("Zg"), 2, 0),
    (text("Zg="), 2, 0),
    (text("Z==="), 2, 0),
    (text("===="), 2, 0),
    (text("Zm9v===="), 2, 0),
    (text("Zh=="), 2, 0),
    (text("Zm9="), 2, 0),
    (text("Zg==Zg=="), 2, 0),
    (text("Zm9v "), 2, 0),
    (text(" Zm9v"), 2, 0),
    (text("Zm9v\r\r"), 2, 0),
    (text("Zm-v"), 2, 0),
    (text("Version: 1", "", "Zm9v"), 2, 0),
    (text("Zm9v", "=njUN"), 3, 3),
    (text(fullLine + "A"), 2, 0),
    (text(fullLine + "AAAA"), 2, 0),
    (text(fullLine + "\r\r"), 2, 0),
    (text(fullLine, fullLine, fullLine.dropLast() + "*", fullLine), 4, 96),
    (text(fullLine, fullLine, fullLine.dropLast() + "=", fullLine), 5, 143),
    (text(fullLine, fullLine.dropLast() + "é"), 3, 48),
    (text(String(repeating: "A", count: 100_000)), 2, 0),
  ])
  func refuses(text: String, line: Int, given: Int) {
    let text = Array(text.utf8)
    let error = #expect(throws: CryptoError.self) { try Armor.decode(text) }
    #expect(error?.code == .armor)
    #expect(error?.line == line)
    for (pieceSize, bufferSize) in [(1, 1), (1, 1000), (7, 48), (1_000_000, 1_000_000)] {
      let result = read(text, pieceSize: pieceSize, bufferSize: bufferSize)
      #expect(result.bytes.count == given, "pieces of \(pieceSize), into \(bufferSize)")
      #expect(result.error?.code == .armor)
      #expect(result.error?.line == line)
      #expect(result.error?.description == error?.description)
    }
  }

  @Test func everyOtherCharacterIsRefusedAtEveryPlace() {
    let alphabet = Set(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let sound = Array(Self.text(Self.fullLine, Self.fullLine).utf8)
    for place in 35..<99 {
      for byte in UInt8.min...UInt8.max {
        var text = sound
        text[place] = byte
        let isSound = (try? Armor.decode(text)) != nil
        #expect(isSound == alphabet.contains(byte), "\(byte) at \(place)")
      }
    }
  }

  @Test func errorsStay() throws {
    var reader = ArmorReader(FailingReader(Array(Self.text("Zm9v").utf8.prefix(37))))
    for _ in 0..<2 {
      do {
        _ = try reader.read(upTo: 100)
        Issue.record("text was read that there is not")
      } catch {
        #expect(error.code == .io)
      }
    }
    var writer = ArmorWriter(FullWriter(room: 100))
    let file = sampleBytes(200_000)
    for _ in 0..<2 {
      let error = #expect(throws: CryptoError.self) { try writer.write(file.span.bytes) }
      #expect(error?.code == .io)
    }
    do {
      _ = try writer.finish()
      Issue.record("an armor was finished that was not written")
    } catch {
      #expect(error.code == .io)
    }
  }
}

extension ArmorReader {
  fileprivate mutating func read(upTo count: Int) throws(CryptoError) -> [UInt8] {
    try [UInt8](capacity: count) { (out) throws(CryptoError) in
      try out.withUnsafeMutableBufferPointer { (buffer, initialized) throws(CryptoError) in
        let memory = UnsafeMutableRawBufferPointer(buffer)
        var span = OutputRawSpan(buffer: memory, initializedCount: 0)
        initialized = try read(into: &span)
      }
    }
  }
}
