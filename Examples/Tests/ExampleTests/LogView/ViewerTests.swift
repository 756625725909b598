import CairnLog
import CairnTree
import LogViewKit
import Testing

/// Keys, and what they make the screen show.
@Suite struct ViewerTests {
  private let log: Log

  init() throws {
    log = try Log(
      entries: MemoryStorage(), index: MemoryStorage(), LogOptions(flushInterval: nil))
    let run = try log.open("run \u{1B}[31m\n")
    for number in 0..<40 {
      try log.append("step \(number)", number == 30 ? .error : .info, under: run)
    }
    try log.close(run, result: "done")
    try log.flush()
  }

  /// The screen without the times.
  private func lines(
    _ viewer: inout Viewer, columns: Int = 60, rows: Int = 8
  ) -> [String] {
    let screen = viewer.screen(columns: columns, rows: rows, isASCII: false)
    return (0..<screen.rows).map { row in
      let text = screen.text(row: row)
      return row < screen.rows - 1 ? String(text.dropFirst(9)) : text
    }
  }

  private func type(_ text: String, _ viewer: inout Viewer) {
    var decoder = KeyDecoder()
    for key in decoder.keys(from: text.utf8) + decoder.giveUp() { viewer.press(key) }
    while viewer.isSearching { viewer.continueSearch() }
  }

  @Test func rowsAndStatus() throws {
    var viewer = Viewer(try Browser(LogView(log.snapshot())))
    #expect(lines(&viewer)[0] == "E + run \\x1b[31m\\n: done (40)")
    #expect(lines(&viewer)[1...6].allSatisfy { $0 == "" })
    #expect(lines(&viewer)[7] == " row 1 of 1 | ? for help")
    type("\u{1B}[C", &viewer)
    let shown = lines(&viewer)
    #expect(shown[0] == "E - run \\x1b[31m\\n: done")
    #expect(
      shown[1...6]
        == ["step 0", "step 1", "step 2", "step 3", "step 4", "step 5"].map {
          "      \($0)"
        }[...])
    #expect(shown[7] == " row 1 of 41 | ? for help")
    type("Gf", &viewer)
    #expect(lines(&viewer)[6] == "      step 39")
    #expect(lines(&viewer)[7] == " row 41 of 41 | following | ? for help")
    type("gs", &viewer)
    #expect(lines(&viewer)[1] == "E     step 30")
    #expect(lines(&viewer)[7] == " row 1 of 2 | warning or worse | ? for help")
    type("s", &viewer)
    #expect(lines(&viewer)[7] == " row 1 of 2 | error or worse | ? for help")
    #expect(!viewer.hasEnded)
    type("q", &viewer)
    #expect(viewer.hasEnded)
  }

  @Test func theSelectedRowAndItsSeverityAreSeen() throws {
    var viewer = Viewer(try Browser(LogView(log.snapshot())))
    type("+e", &viewer)
    let screen = viewer.screen(columns: 60, rows: 8, isASCII: false)
    let row = try #require((0..<7).first { screen.text(row: $0).hasSuffix("step 30") })
    #expect(screen.lines[row].allSatisfy { $0.style == [.reverse, .red] })
    #expect(screen.lines[7].allSatisfy { $0.style == .reverse })
    #expect(screen.cursor == nil)
  }

  @Test func whatIsAskedIsTypedIntoTheLastLine() throws {
    var viewer = Viewer(try Browser(LogView(log.snapshot())))
    type("+/step 3x", &viewer)
    let screen = viewer.screen(columns: 60, rows: 8, isASCII: false)
    #expect(screen.text(row: 7) == "look for: step 3x")
    #expect(screen.cursor == Screen.Place(row: 7, column: 17))
    type("\u{7F}\r", &viewer)
    #expect(lines(&viewer)[7] == " row 5 of 41 | ? for help")
    type("n", &viewer)
    #expect(lines(&viewer)[7] == " row 32 of 41 | ? for help")
    type("N", &viewer)
    #expect(lines(&viewer)[7] == " row 5 of 41 | ? for help")
    type("\\step 2\r", &viewer)
    #expect(lines(&viewer)[7] == " row 4 of 41 | ? for help")
    type("/nowhere\r", &viewer)
    #expect(lines(&viewer)[7] == " row 4 of 41 | \"nowhere\" is nowhere behind that")
    type("j", &viewer)
    #expect(lines(&viewer)[7] == " row 5 of 41 | ? for help")
    type(":1,7\r", &viewer)
    #expect(lines(&viewer)[7] == " row 17 of 41 | ? for help")
    type(":#3\r", &viewer)
    #expect(lines(&viewer)[7] == " row 4 of 41 | ? for help")
    type(":0\r", &viewer)
    #expect(lines(&viewer)[7].hasPrefix(" \"0\" is neither"))
    // Nothing is asked any more.
    for ending in ["/abc\u{1B}", ":12\u{7}", "/a\u{7F}\u{7F}", ":\r"] {
      type(ending, &viewer)
      #expect(lines(&viewer)[7].hasPrefix(" row 4 of 41"), "\(ending)")
    }
    // As much as fits, and no more than makes sense.
    type("/" + String(repeating: "x", count: 5000) + "y", &viewer)
    let long = viewer.screen(columns: 30, rows: 8, isASCII: false)
    #expect(long.text(row: 7) == "look for: " + String(repeating: "x", count: 19))
    #expect(long.cursor == Screen.Place(row: 7, column: 29))
  }

  @Test func helpIsShownAndGoes() throws {
    var viewer = Viewer(try Browser(LogView(log.snapshot())))
    type("?", &viewer)
    let screen = viewer.screen(columns: 80, rows: 24, isASCII: false)
    #expect((0..<24).contains { screen.text(row: $0).hasPrefix("e, E ") })
    type("q", &viewer)
    #expect(!viewer.hasEnded)
    #expect(lines(&viewer)[0].hasPrefix("E + run"))
  }

  @Test func anySizeWillDo() throws {
    var viewer = Viewer(try Browser(LogView(log.snapshot())))
    type("+", &viewer)
    for columns in [1, 2, 9, 10, 200] {
      for rows in [1, 2, 3, 60] {
        let screen = viewer.screen(columns: columns, rows: rows, isASCII: false)
        #expect(screen.lines.count == rows && screen.lines[0].count == columns)
      }
    }
    type("/x", &viewer)
    _ = viewer.screen(columns: 1, rows: 1, isASCII: false)
  }
}
