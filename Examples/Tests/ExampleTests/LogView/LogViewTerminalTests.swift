import CairnLog
import Foundation
import SystemPackage
import Testing

/// The program at a terminal.
@Suite struct LogViewTerminalTests {
  private let scratch: Scratch
  private let program: Program

  init() throws {
    scratch = try Scratch()
    var program = Program(folder: scratch.path)
    program.executable = Program.logview
    self.program = program
  }

  private func generate(_ arguments: String...) throws {
    try #require(try program.run(["generate", "log"] + arguments).status == 0)
  }

  private func view(_ arguments: String..., columns: Int = 80, rows: Int = 24) throws
    -> TerminalProgram
  {
    try TerminalProgram(program, ["view", "log"] + arguments, columns: columns, rows: rows)
  }

  private func status(_ screen: TerminalScreen) -> String { screen.text.last ?? "" }

  /// The terminal is as it was, and the process ended as it should.
  private func check(_ terminal: TerminalProgram, endsWith status: Int32) async throws {
    let (found, state) = try await terminal.end()
    #expect(found == status)
    #expect(state.screen.modes == ["?7", "?25"])
    #expect(state.screen.unknown == [])
    #expect(terminal.isRestored)
  }

  @Test func keysMoveAndFoldAndQuit() async throws {
    try generate("--children", "300", "--steps", "3")
    let terminal = try view()
    defer { terminal.close() }
    let first = try await terminal.wait("the first row") {
      status($0) == " row 1 of 1 | ? for help"
    }
    #expect(first.screen.text[0].hasSuffix("+ Backup of 300 files: done (300)"))
    #expect(first.screen.modes == ["?1049"])
    #expect(!terminal.isRestored)
    terminal.type("\u{1B}[C")
    try await terminal.wait("all files") { status($0) == " row 1 of 301 | ? for help" }
    terminal.type("\u{1B}[6~\u{1B}[6~")
    try await terminal.wait("a page") { status($0) == " row 45 of 301 | ? for help" }
    terminal.type("\u{1B}[F\u{1B}[C")
    try await terminal.wait("the last") { status($0) == " row 301 of 304 | ? for help" }
    terminal.type("\\Step 2 of file 77\r")
    let found = try await terminal.wait("the step") {
      status($0) == " row 82 of 307 | ? for help"
    }
    let selected = found.screen.lines.dropLast().filter { $0.allSatisfy { $0.style == "0;7" } }
    #expect(selected.count == 1)
    #expect(selected.first?.map(\.text).joined().contains("Step 2 of file 77") ?? false)
    terminal.type("q")
    try await check(terminal, endsWith: 0)
  }

  @Test func onlyWhatChangesIsSent() async throws {
    try generate("--children", "300", "--steps", "3")
    let terminal = try view("--expand", "0", columns: 100, rows: 40)
    defer { terminal.close() }
    let before = try await terminal.wait("the rows") {
      status($0) == " row 1 of 301 | ? for help"
    }
    #expect(before.byteCount > 39 * 40)
    terminal.type("j")
    let after = try await terminal.wait("the next row") {
      status($0) == " row 2 of 301 | ? for help"
    }
    // Two rows have another style, and a digit is another one.
    #expect(after.byteCount - before.byteCount < 350)
    // Nothing happens, and nothing is sent.
    try await Task.sleep(for: .milliseconds(300))
    #expect(terminal.current.byteCount == after.byteCount)
    terminal.type("\u{0C}")
    try await terminal.wait("all again") {
      $0.text == after.screen.text && terminal.current.byteCount - after.byteCount > 39 * 40
    }
    terminal.type("q")
    try await check(terminal, endsWith: 0)
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT])
  func aSignalLeavesTheTerminalAsItWas(signal: Int32) async throws {
    try generate("--children", "3")
    let terminal = try view()
    defer { terminal.close() }
    try await terminal.wait("the first row") { status($0).hasPrefix(" row 1") }
    terminal.send(signal)
    try await check(terminal, endsWith: -signal)
  }

  @Test func aFailureLeavesTheTerminalAsItWas() async throws {
    try generate("--children", "3")
    // Nothing can be saved where a file is in the way, which is found out at the end.
    try scratch.write("", to: "log/views")
    let terminal = try view("--view", "mine")
    defer { terminal.close() }
    let (found, state) = try await terminal.end()
    #expect(found == 1)
    #expect(state.screen.modes == ["?7", "?25"])
    #expect(terminal.isRestored)
    #expect(state.screen.text.contains { $0.contains("cannot") })
  }

  @Test func theWindowMayChange() async throws {
    try generate("--children", "300", "--steps", "3")
    let terminal = try view("--expand", "0")
    defer { terminal.close() }
    terminal.type("G")
    try await terminal.wait("the end") { status($0).hasPrefix(" row 301 of 301") }
    for (columns, rows) in [(40, 10), (120, 50), (20, 2), (1, 1), (80, 24)] {
      terminal.resize(columns: columns, rows: rows)
      let shown = try await terminal.wait("\(columns) columns") { screen in
        screen.text.last?.hasPrefix(" row 301 of 301".prefix(columns).trimmed) ?? false
          && (rows < 3 || screen.text[rows - 2].hasSuffix("file 299 (3)".prefix(columns))
            || columns < 60)
      }
      #expect(shown.screen.lines.count == rows)
    }
    terminal.type("q")
    try await check(terminal, endsWith: 0)
  }

  @Test func aLogLineCannotCommandTheTerminal() async throws {
    let log = try Log(FilePath(scratch["log"]))
    try log.append("title \u{1B}]0;owned\u{7}\u{1B}[2J\u{9B}5n\r\nx\u{202E}y")
    try log.append(bytes: ([0x66, 0x1B, 0xFF, 0x9B, 0x63] as [UInt8]).span.bytes)
    try log.append("世界 wide")
    try log.finish()
    let terminal = try view()
    defer { terminal.close() }
    let shown = try await terminal.wait("the rows") { status($0).hasPrefix(" row 1 of 3") }
    #expect(
      shown.screen.text[0].hasSuffix(
        "title \\x1b]0;owned\\x07\\x1b[2J\\x9b5n\\r\\nx\\u{202e}y"))
    #expect(shown.screen.text[1].hasSuffix("f\\x1b\u{FFFD}\u{FFFD}c"))
    #expect(shown.screen.text[2].hasSuffix("世界 wide"))
    terminal.type("q")
    try await check(terminal, endsWith: 0)
  }

  /// The writer is another process than the one that shows.
  @Test func aLogIsFollowedWhileItIsWritten() async throws {
    let log = try Log(FilePath(scratch["log"]))
    let run = try log.open("the run")
    try log.append("first", under: run)
    try log.flush()
    let terminal = try view("--expand", "0")
    defer { terminal.close() }
    try await terminal.wait("the log") { status($0) == " row 1 of 2 | ? for help" }
    terminal.type("f")
    try await terminal.wait("its end") { status($0) == " row 2 of 2 | following | ? for help" }
    for number in 0..<100 { try log.append("step \(number)", under: run) }
    try log.flush()
    let followed = try await terminal.wait("what is new") {
      status($0) == " row 102 of 102 | following | ? for help"
    }
    #expect(followed.screen.text[22].hasSuffix("step 99"))
    terminal.type("k")
    try await terminal.wait("the row before") { status($0) == " row 101 of 102 | ? for help" }
    for number in 100..<110 { try log.append("step \(number)", under: run) }
    try log.setText("the run goes on", of: run)
    try log.flush()
    try await terminal.wait("more rows") { status($0) == " row 101 of 112 | ? for help" }
    terminal.type("g")
    try await terminal.wait("the new text") { $0.text[0].hasSuffix("- the run goes on") }
    try log.finish()
    terminal.type("q")
    try await check(terminal, endsWith: 0)
  }

  @Test func withoutUTF8EverythingIsASCII() async throws {
    let log = try Log(FilePath(scratch["log"]))
    try log.append("é世")
    try log.finish()
    var program = program
    program.environment["LC_ALL"] = "C"
    let terminal = try TerminalProgram(program, ["view", "log"])
    defer { terminal.close() }
    let shown = try await terminal.wait("the row") { status($0).hasPrefix(" row 1 of 1") }
    #expect(shown.screen.text[0].hasSuffix("\\xe9\\u{4e16}"))
    terminal.type("q")
    try await check(terminal, endsWith: 0)
  }

  @Test func aViewIsThereAgain() async throws {
    try generate("--children", "300", "--steps", "3")
    let first = try view("--view", "mine", "--expand", "0")
    defer { first.close() }
    first.type(":100\r")
    try await first.wait("the row") { status($0).hasPrefix(" row 100 of 301") }
    first.type("\rq")
    try await check(first, endsWith: 0)
    let names = try program.run(["views", "log"])
    #expect(names.lines == ["mine"])
    let second = try view("--view", "mine")
    defer { second.close() }
    try await second.wait("the same row") { status($0).hasPrefix(" row 100 of 304") }
    second.type("q")
    try await check(second, endsWith: 0)
    // A damaged one is told of, and replaced.
    try scratch.write("nonsense", to: "log/views/mine.view")
    let third = try view("--view", "mine")
    defer { third.close() }
    try await third.wait("the problem") { status($0).hasPrefix(" the saved view mine is damaged") }
    third.type("jq")
    try await check(third, endsWith: 0)
    #expect(try program.run(["views", "log", "--json", "--remove", "mine"]).text == "[]\n")
    #expect(try program.run(["views", "log", "--remove", "mine"]).status == 1)
    // That of another log is not taken for one of this.
    try #require(try program.run(["generate", "other", "--children", "2"]).status == 0)
    let other = try TerminalProgram(program, ["view", "other", "--view", "mine"])
    defer { other.close() }
    other.type("q")
    _ = try await other.end()
    try scratch.makeDirectory("log/views")
    try FileManager.default.copyItem(
      atPath: scratch["other/views/mine.view"], toPath: scratch["log/views/mine.view"])
    let refused = try view("--view", "mine")
    defer { refused.close() }
    let (found, state) = try await refused.end()
    #expect(found == 1)
    #expect(state.screen.text[0].contains("that of another log"))
  }

  @Test func withoutATerminalItIsRefused() throws {
    try generate("--children", "3")
    let run = try program.run(["view", "log"])
    #expect(run.status == 1)
    #expect(run.errors.contains("needs a terminal"))
    #expect(run.output.isEmpty)
  }
}

extension StringProtocol {
  /// Without blanks at the end.
  fileprivate var trimmed: String {
    var text = String(self)
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }
}
