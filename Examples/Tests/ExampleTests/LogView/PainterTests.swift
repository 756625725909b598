import LogViewKit
import Testing

/// What is sent makes a terminal show what it should, and is no more than it takes.
@Suite struct PainterTests {
  @Test func aLogLineCannotCommandTheTerminal() {
    let hostile =
      "a\u{1B}[2J\u{9B}31m\u{7F}\u{0}\r\n\t\u{202E}x\u{200D}\u{2028}\u{E000}\u{FFFE}é世e\u{301}z"
    var screen = Screen(columns: 120, rows: 3)
    screen.write(hostile, row: 0, column: 0)
    #expect(
      screen.text(row: 0)
        == "a\\x1b[2J\\x9b31m\\x7f\\x00\\r\\n\\t\\u{202e}x\\u{200d}\\u{2028}\\u{e000}\\u{fffe}é世e\u{301}z"
    )
    var ascii = Screen(columns: 120, rows: 3, isASCII: true)
    ascii.write("é世\u{1B}x", row: 0, column: 0)
    #expect(ascii.text(row: 0) == "\\xe9\\u{4e16}\\x1bx")
    for screen in [screen, ascii] {
      var terminal = TerminalScreen(columns: 120, rows: 3)
      var painter = Painter()
      terminal.take(painter.bytes(for: screen))
      #expect(terminal.text[0] == screen.text(row: 0))
      #expect(terminal.unknown == [])
    }
  }

  @Test func manyMarksAndLongTextsEnd() {
    var screen = Screen(columns: 10, rows: 2)
    screen.write("a" + String(repeating: "\u{301}", count: 1 << 20), row: 0, column: 0)
    #expect(screen.lines[0][0].text.unicodeScalars.count == 5)
    screen.write(String(repeating: "世", count: 100_000), row: 1, column: 1)
    #expect(screen.text(row: 1) == " 世世世世")
    // No half of a wide one, and nothing outside.
    screen.write("x", row: 7, column: 0)
    screen.write("x", row: 0, column: 99)
    #expect(Screen(columns: 1 << 40, rows: 1 << 40).columns == Screen.largest.columns)
    #expect(Screen(columns: 0, rows: -1).rows == 1)
  }

  private static let words = [
    "row", "Step 3 of file 17", "  ", "世界", "é", "x", "a longer text that fills some columns", "😀",
  ]

  private func randomLine(_ random: inout Seeded, _ screen: inout Screen, row: Int) {
    var column = Int(random.next() % 5)
    let styles: [Style] = [[], .reverse, .red, [.yellow, .bold]]
    for _ in 0..<(random.next() % 5) {
      let word = Self.words[Int(random.next() % UInt64(Self.words.count))]
      column = screen.write(
        word, row: row, column: column, styles[Int(random.next() % UInt64(styles.count))])
      column += Int(random.next() % 4)
    }
    if random.next() % 4 == 0 { screen.fill(row: row, from: column, .reverse) }
  }

  /// The cells as a terminal has them.
  private func check(_ terminal: TerminalScreen, _ screen: Screen, _ comment: Comment) {
    let found = terminal.lines.map { $0.map { "\($0.text)\($0.style)" } }
    let expected = screen.lines.map { $0.map { "\($0.text)\(Self.numbers($0.style))" } }
    #expect(found == expected, comment)
    #expect(terminal.unknown == [], comment)
  }

  private static func numbers(_ style: Style) -> String {
    var text = "0"
    if style.contains(.reverse) { text += ";7" }
    if style.contains(.bold) { text += ";1" }
    if style.contains(.faint) { text += ";2" }
    if style.contains(.red) { text += ";31" }
    if style.contains(.yellow) { text += ";33" }
    return text
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func anyScreenAfterAnyOther(seed: UInt64) {
    var random = Seeded(seed)
    var terminal = TerminalScreen(columns: 40, rows: 12)
    var painter = Painter()
    var screen = Screen(columns: 40, rows: 12)
    for step in 0..<60 {
      switch random.next() % 4 {
      case 0:
        screen = Screen(columns: 40, rows: 12)
        for row in 0..<12 { randomLine(&random, &screen, row: row) }
      case 1:
        // Some rows further on.
        let shift = Int(random.next() % 7) - 3
        var next = Screen(columns: 40, rows: 12)
        for row in 0..<11 where (0..<11).contains(row + shift) {
          next = next.with(screen.lines[row + shift], at: row)
        }
        randomLine(&random, &next, row: 11)
        screen = next
      case 2: randomLine(&random, &screen, row: Int(random.next() % 12))
      default:
        screen.cursor =
          screen.cursor == nil ? Screen.Place(row: 11, column: Int(random.next() % 40)) : nil
      }
      terminal.take(painter.bytes(for: screen))
      check(terminal, screen, "seed \(seed), step \(step)")
      #expect(terminal.modes.contains("?25") == (screen.cursor != nil) || step == 0)
      if let cursor = screen.cursor {
        #expect((terminal.row, terminal.column) == (cursor.row, cursor.column))
      }
      #expect(painter.bytes(for: screen) == [], "nothing has changed")
    }
  }

  @Test func aTerminalThatTakesWideCharactersForNarrowGoesWrongNoFurther() {
    var screen = Screen(columns: 40, rows: 3)
    screen.write("世界 abc 世 def", row: 0, column: 0)
    var terminal = TerminalScreen(columns: 40, rows: 3)
    terminal.width = { _ in 1 }
    var painter = Painter()
    terminal.take(painter.bytes(for: screen))
    let line = terminal.lines[0].map(\.text)
    #expect(line[5...7].joined() == "abc")
    #expect(line[12...14].joined() == "def")
  }

  @Test func littleIsSentForALittleChange() {
    var screen = Screen(columns: 100, rows: 40)
    for row in 0..<39 {
      screen.write(
        "12:00:00   + line \(row) with \(row * row * 7919 % 104_729) bytes", row: row, column: 0)
    }
    screen.write("row 1 of 39", row: 39, column: 0, .reverse)
    var painter = Painter()
    let all = painter.bytes(for: screen).count
    #expect(all > 39 * 30 && all < 39 * 60)
    #expect(painter.bytes(for: screen).count == 0)

    var next = screen
    next.write("row 2", row: 39, column: 0, .reverse)
    // One cell: a place, a style, the digit, and no style.
    let digit = painter.bytes(for: next)
    #expect(digit.count <= 24, "\(String(decoding: digit, as: UTF8.self))")

    // All lines go up by one, and a new one comes from below.
    var moved = Screen(columns: 100, rows: 40)
    for row in 0..<38 { moved = moved.with(next.lines[row + 1], at: row) }
    moved.write("12:00:01   + the new one", row: 38, column: 0)
    moved = moved.with(next.lines[39], at: 39)
    let scrolled = painter.bytes(for: moved)
    #expect(scrolled.count < 80, "\(String(decoding: scrolled, as: UTF8.self))")

    painter.forget()
    #expect(painter.bytes(for: moved).count > 39 * 30)
  }
}

extension Screen {
  /// The same with another line.
  fileprivate func with(_ line: [Cell], at row: Int) -> Screen {
    var screen = self
    screen.fill(row: row, from: 0, [])
    for (column, cell) in line.enumerated() where !cell.text.isEmpty {
      screen.write(cell.text, row: row, column: column, cell.style)
    }
    return screen
  }
}
