public import CairnLog

/// A browser with a keyboard and a screen: what each key does, and what is asked and shown.
public struct Viewer {
  /// What is typed into the last line.
  private enum Question {
    /// A text to look for.
    case text(Browser.Direction)
    /// A row, or an entry.
    case row

    var prompt: String {
      switch self {
      case .text(.forward): "look for: "
      case .text(.backward): "look back for: "
      case .row: "go to row, or #entry: "
      }
    }
  }

  public private(set) var browser: Browser
  /// Whether the person is done.
  public private(set) var hasEnded = false
  private var question: Question?
  private var answer = ""
  private var showsHelp = false
  /// What went wrong with the last command.
  private var failure: String?

  /// The most characters that can be typed: more than a search needs.
  private static let longestAnswer = 200

  /// - Parameter message: what is said at first.
  public init(_ browser: Browser, message: String? = nil) {
    self.browser = browser
    failure = message
  }

  public var isSearching: Bool { browser.isSearching }

  // MARK: Keys

  public mutating func press(_ key: Key) {
    failure = nil
    browser.endSearch()
    if showsHelp {
      showsHelp = false
    } else if question != nil {
      type(key)
    } else {
      command(key)
    }
  }

  private mutating func perform(_ command: Browser.Command) {
    attempt { (browser) throws(LogError) in try browser.perform(command) }
  }

  private mutating func attempt(_ body: (inout Browser) throws(LogError) -> Void) {
    do throws(LogError) {
      try body(&browser)
    } catch {
      failure = "\(error)"
    }
  }

  private mutating func type(_ key: Key) {
    switch key {
    case .character(let character):
      if answer.count < Self.longestAnswer { answer.append(character) }
    case .backspace:
      if answer.isEmpty { question = nil } else { answer.removeLast() }
    case .control("u"): answer = ""
    case .escape, .control("g"): question = nil
    case .enter:
      let question = question
      self.question = nil
      switch question {
      case .text(let direction):
        perform(answer.isEmpty ? .findAgain(direction) : .find(answer, direction))
      case .row: go(to: answer)
      case nil: break
      }
    default: break
    }
  }

  private mutating func go(to place: String) {
    let digits = place.filter { !" ,".contains($0) }
    if digits.isEmpty { return }
    if digits.hasPrefix("#"), let id = EntryID(String(digits.dropFirst())) {
      perform(.entry(id))
    } else if let row = Int(digits), row > 0 {
      perform(.row(row - 1))
    } else {
      failure = "\"\(place)\" is neither the number of a row nor # and that of an entry"
    }
  }

  private mutating func ask(_ question: Question) {
    self.question = question
    answer = ""
  }

  private mutating func command(_ key: Key) {
    switch key {
    case .up, .character("k"): perform(.move(-1))
    case .down, .character("j"): perform(.move(1))
    case .pageUp, .control("b"), .character("b"): perform(.page(-1))
    case .pageDown, .control("f"), .character(" "): perform(.page(1))
    case .home, .character("g"): perform(.first)
    case .end, .character("G"): perform(.last)
    case .left, .character("h"): perform(.fold)
    case .right, .character("l"): perform(.unfold)
    case .enter: perform(.toggle)
    case .character("-"): perform(.foldAll)
    case .character("+"), .character("*"): perform(.unfoldAll)
    case .character("e"): perform(.severe(.error, .forward))
    case .character("E"): perform(.severe(.error, .backward))
    case .character("w"): perform(.severe(.warning, .forward))
    case .character("W"): perform(.severe(.warning, .backward))
    case .character("/"): ask(.text(.forward))
    case .character("?"): showsHelp = true
    case .character("\\"): ask(.text(.backward))
    case .character("n"): perform(.findAgain(.forward))
    case .character("N"): perform(.findAgain(.backward))
    case .character(":"): ask(.row)
    case .character("s"): perform(.filter(nextFilter))
    case .character("f"): perform(.follow(!browser.isFollowing))
    case .character("q"): hasEnded = true
    case .character(let digit):
      if let depth = digit.wholeNumberValue, digit.isASCII, depth > 0 { perform(.unfoldTo(depth)) }
    default: break
    }
  }

  private var nextFilter: Severity? {
    switch browser.view.minimumSeverity {
    case nil: .warning
    case .warning: .error
    default: nil
    }
  }

  static let help = [
    "up, down, j, k          a row up or down",
    "page up, page down      a screen up or down (also b, and the space bar)",
    "home, end, g, G         the first or the last row",
    "right, left             unfold or go in, fold or go out (also l, h)",
    "enter                   fold or unfold",
    "+, -                    unfold all, fold all",
    "1 to 9                  unfold so many levels, and fold all below them",
    "e, E                    the next or the previous error",
    "w, W                    the next or the previous warning, or error",
    "/, \\                    look for a text, forward or backward",
    "n, N                    the next or the previous place of that text",
    ":                       go to a row, counted from 1, or to an entry: #5",
    "s                       show all, or warnings and errors, or errors only",
    "f                       follow the log: stay at its last row while it grows",
    "q                       quit",
    "",
    "Any key leads back to the log.",
  ]

  // MARK: Time

  public mutating func continueSearch() {
    attempt { (browser) throws(LogError) in try browser.continueSearch() }
  }

  /// Shows a later state of the log.
  public mutating func update(to snapshot: LogSnapshot) {
    attempt { (browser) throws(LogError) in try browser.update(to: snapshot) }
  }

  // MARK: The screen

  /// What is to be shown on a terminal of that size.
  public mutating func screen(columns: Int, rows: Int, isASCII: Bool) -> Screen {
    var screen = Screen(columns: columns, rows: rows, isASCII: isASCII)
    do throws(LogError) {
      let height = screen.rows - Renderer.reservedRows
      if browser.height != height { try browser.resize(height: height) }
      if showsHelp {
        Renderer.draw(Self.help, on: &screen)
      } else {
        Renderer.draw(try browser.rows, selected: browser.selected, on: &screen)
      }
      if let question {
        ask(question, on: &screen)
      } else if let failure {
        Renderer.drawStatus(" \(failure)", on: &screen)
      } else {
        Renderer.drawStatus(
          Renderer.status(browser, rowCount: try browser.rowCount), on: &screen)
      }
    } catch {
      // It may be another place of the log that can be read.
      Renderer.drawStatus(" \(error)", on: &screen)
    }
    return screen
  }

  private func ask(_ question: Question, on screen: inout Screen) {
    let row = screen.rows - 1
    let start = screen.write(question.prompt, row: row, column: 0, .bold)
    // Of what does not fit, the end is shown.
    let room = max(1, screen.columns - start - 1)
    let end = screen.write(String(answer.suffix(room)), row: row, column: start)
    screen.cursor = Screen.Place(row: row, column: min(end, screen.columns - 1))
  }
}
