import CairnLog
import CairnTree
import LogViewKit
import Testing

/// What each command does with the rows, the selected one, and the screen.
@Suite struct BrowserTests {
  private let log: Log
  /// 60 files under a run, 3 steps under each; step 2 of file 20 is an error, of file 40 a warning.
  private let run: EntryID
  private let files: [EntryID]

  init() throws {
    log = try Log(
      entries: MemoryStorage(), index: MemoryStorage(), LogOptions(flushInterval: nil))
    run = try log.open("the run")
    var files: [EntryID] = []
    for file in 0..<60 {
      let id = try log.open("file \(file)", under: run)
      for step in 0..<3 {
        let severity: Severity =
          step != 2 ? .info : file == 20 ? .error : file == 40 ? .warning : .info
        try log.append("step \(step) of file \(file)", severity, under: id)
      }
      try log.close(id)
      files.append(id)
    }
    self.files = files
    try log.flush()
  }

  private func browser(height: Int = 10) throws -> Browser {
    var browser = try Browser(LogView(log.snapshot()))
    try browser.resize(height: height)
    return browser
  }

  private func text(_ browser: Browser) throws -> String? {
    try browser.rows.first { $0.row == browser.selected }?.entry.text
  }

  @Test func movesStayOnTheScreenAndInTheLog() throws {
    var browser = try browser()
    try browser.perform(.unfold)
    #expect(try browser.rowCount == 61)
    try browser.perform(.move(-1))
    #expect((browser.selected, browser.top) == (0, 0))
    try browser.perform(.move(9))
    #expect((browser.selected, browser.top) == (9, 0))
    try browser.perform(.move(1))
    #expect((browser.selected, browser.top) == (10, 1))
    try browser.perform(.page(1))
    #expect((browser.selected, browser.top) == (19, 10))
    try browser.perform(.page(-1))
    #expect((browser.selected, browser.top) == (10, 1))
    try browser.perform(.last)
    #expect((browser.selected, browser.top) == (60, 51))
    try browser.perform(.page(3))
    #expect((browser.selected, browser.top) == (60, 51))
    try browser.perform(.move(.max))
    try browser.perform(.move(.min))
    #expect((browser.selected, browser.top) == (0, 0))
    try browser.perform(.row(33))
    #expect(try text(browser) == "file 32")
    try browser.perform(.row(.max))
    #expect(try text(browser) == "file 59")
    try browser.resize(height: 3)
    #expect((browser.selected, browser.top) == (60, 58))
    try browser.resize(height: 100)
    #expect((browser.selected, browser.top) == (60, 0))
  }

  @Test func foldingGoesInAndOut() throws {
    var browser = try browser()
    try browser.perform(.unfold)
    #expect(browser.selected == 0)
    try browser.perform(.unfold)
    #expect(try text(browser) == "file 0")
    try browser.perform(.toggle)
    #expect(try browser.rowCount == 64)
    try browser.perform(.unfold)
    #expect(try text(browser) == "step 0 of file 0")
    try browser.perform(.unfold)
    #expect(browser.message == "nothing is under it")
    try browser.perform(.fold)
    #expect(try text(browser) == "file 0")
    #expect(browser.message == nil)
    try browser.perform(.fold)
    #expect(try browser.rowCount == 61)
    try browser.perform(.fold)
    try browser.perform(.fold)
    #expect(try browser.rowCount == 1)
    try browser.perform(.fold)
    #expect(try text(browser) == "the run")
  }

  @Test func allAtOnceKeepsTheSelectedEntryWhereItIs() throws {
    var browser = try browser()
    try browser.perform(.unfoldAll)
    #expect(try browser.rowCount == 241)
    try browser.perform(.row(1 + 4 * 30 + 2))
    #expect(try text(browser) == "step 1 of file 30")
    let height = browser.selected - browser.top
    // Its row is gone: the entry that it is under takes its place.
    try browser.perform(.unfoldTo(1))
    #expect(try browser.rowCount == 61)
    #expect(try text(browser) == "file 30")
    #expect(browser.selected - browser.top == height)
    try browser.perform(.unfoldTo(2))
    #expect(try text(browser) == "file 30")
    #expect(browser.selected - browser.top == height)
    try browser.perform(.foldAll)
    #expect(try text(browser) == "the run")
    try browser.perform(.unfoldAll)
    try browser.perform(.row(2))
    try browser.perform(.filter(.warning))
    #expect(try browser.rowCount == 5)
    #expect(try text(browser) == "the run")
    try browser.perform(.filter(nil))
    #expect(try browser.rowCount == 241)
  }

  @Test func errorsAreFoundBothWays() throws {
    var browser = try browser()
    try browser.perform(.severe(.error, .forward))
    #expect(try text(browser) == "step 2 of file 20")
    #expect(try browser.rowCount == 64)
    try browser.perform(.severe(.error, .forward))
    #expect(try text(browser) == "step 2 of file 20")
    #expect(browser.message == "no error below")
    try browser.perform(.severe(.warning, .forward))
    #expect(try text(browser) == "step 2 of file 40")
    try browser.perform(.severe(.warning, .backward))
    #expect(try text(browser) == "step 2 of file 20")
    try browser.perform(.severe(.warning, .backward))
    #expect(browser.message == "no warning above")
    // What the filter hides is passed over.
    try browser.perform(.filter(.error))
    try browser.perform(.severe(.warning, .forward))
    #expect(browser.message == "no error below")
  }

  private func finish(_ browser: inout Browser) throws {
    while browser.isSearching { try browser.continueSearch() }
  }

  @Test func textsAreFoundBothWays() throws {
    var browser = try browser()
    try browser.perform(.findAgain(.forward))
    #expect(browser.message == "no text was looked for yet")
    try browser.perform(.find("of file 3", .forward))
    try finish(&browser)
    #expect(try text(browser) == "step 0 of file 3")
    try browser.perform(.findAgain(.forward))
    try finish(&browser)
    #expect(try text(browser) == "step 1 of file 3")
    try browser.perform(.find("file 3", .backward))
    try finish(&browser)
    #expect(try text(browser) == "step 0 of file 3")
    try browser.perform(.findAgain(.backward))
    try finish(&browser)
    #expect(try text(browser) == "file 3")
    try browser.perform(.findAgain(.backward))
    try finish(&browser)
    #expect(try text(browser) == "file 3")
    #expect(browser.message == "\"file 3\" is nowhere before that")
    try browser.perform(.find("nothing like this", .forward))
    try finish(&browser)
    #expect(browser.message == "\"nothing like this\" is nowhere behind that")
    // Hidden ones are passed over.
    try browser.perform(.filter(.error))
    try browser.perform(.find("step", .forward))
    try finish(&browser)
    #expect(try text(browser) == "step 2 of file 20")
  }

  @Test func entriesAreFoundByNumber() throws {
    var browser = try browser()
    try browser.perform(.entry(EntryID(files[59].number + 2)))
    #expect(try text(browser) == "step 1 of file 59")
    try browser.perform(.entry(EntryID(9999)))
    #expect(browser.message == "there is no entry 9999")
    try browser.perform(.filter(.error))
    try browser.perform(.entry(files[3]))
    #expect(browser.message == "entry \(files[3]) is less severe than what is shown")
  }

  @Test func aGrowingLogIsFollowed() throws {
    var browser = try browser()
    try browser.perform(.unfold)
    try browser.perform(.follow(true))
    #expect(browser.selected == 60)
    for file in 60..<70 { try log.append("file \(file)", under: run) }
    try log.flush()
    try browser.update(to: log.snapshot())
    #expect((browser.selected, browser.top) == (70, 61))
    // Going down at the end goes on with it; anything else ends it.
    try browser.perform(.move(1))
    #expect(browser.isFollowing)
    try browser.perform(.move(-3))
    #expect(!browser.isFollowing)
    let place = (browser.selected, browser.top)
    try log.append("one more", under: run)
    try log.flush()
    try browser.update(to: log.snapshot())
    #expect((browser.selected, browser.top) == place)
  }

  /// Rows that appear above the screen do not move what is on it.
  @Test func whatIsLookedAtStaysWhereItIs() throws {
    let log = try Log(
      entries: MemoryStorage(), index: MemoryStorage(), LogOptions(flushInterval: nil))
    let (first, second) = (try log.open("first"), try log.open("second"))
    for number in 0..<50 { try log.append("\(number)", under: second) }
    try log.flush()
    var browser = try Browser(LogView(log.snapshot()))
    try browser.resize(height: 10)
    try browser.perform(.unfoldAll)
    try browser.perform(.row(30))
    let (text, rows) = (try text(browser), try browser.rows.map(\.entry.id))
    for number in 0..<25 { try log.append("early \(number)", under: first) }
    try log.flush()
    try browser.update(to: log.snapshot())
    #expect(browser.selected == 55)
    #expect(try self.text(browser) == text)
    #expect(try browser.rows.map(\.entry.id) == rows)
  }

  @Test func anEmptyLogIsNoTrouble() throws {
    let log = try Log(
      entries: MemoryStorage(), index: MemoryStorage(), LogOptions(flushInterval: nil))
    var viewer = Viewer(try Browser(LogView(log.snapshot())))
    _ = viewer.screen(columns: 60, rows: 10, isASCII: false)
    for key in "jkgGhl+-eEwWnN123s f/x".map({ Key.character($0) }) + [.enter] { viewer.press(key) }
    while viewer.isSearching { viewer.continueSearch() }
    let screen = viewer.screen(columns: 60, rows: 10, isASCII: false)
    #expect(screen.text(row: 9).hasPrefix(" row 0 of 0 | warning or worse"))
    try log.append("now")
    try log.flush()
    viewer.update(to: try log.snapshot())
    viewer.press(.character("s"))
    viewer.press(.character("s"))
    #expect(viewer.screen(columns: 60, rows: 10, isASCII: false).text(row: 0).hasSuffix("now"))
  }
}
