import CommandSupport
import Testing

/// The reader of command lines that does without `ArgumentParser`.
@Suite struct CommandLineTests {
  private static let verbose = OptionSyntax("verbose", help: "Say more.")
  private static let size = OptionSyntax("size", value: "bytes", help: "How large it gets.")
  private static let skip = OptionSyntax(
    "skip", value: "name", isRepeatable: true, help: "Leave this out; can be repeated.")
  private static let source = OperandSyntax("source", help: "Where it comes from.")
  private static let target = OperandSyntax("target", isRequired: false, help: "Where it goes.")

  private let program = ProgramSyntax(
    "tool", abstract: "Move things.", discussion: "One by one.\n\nOr all at once.",
    commands: [
      CommandSyntax(
        "move", abstract: "Move a thing.", discussion: "It is gone where it was.",
        operands: [source, target],
        options: [
          CommandSyntax.OptionGroup([verbose, size]),
          CommandSyntax.OptionGroup([skip], title: "Choices", summary: "choices"),
        ]),
      CommandSyntax("list", abstract: "List the things.", operands: [], options: []),
    ])

  private func read(_ words: [String], width: Int = 80) -> ProgramSyntax.Request {
    program.read(words.map { ArgumentBytes($0.utf8) }, width: width)
  }

  /// What was read, as one text.
  private func summary(_ request: ProgramSyntax.Request) -> String {
    switch request {
    case .help(let text): return "help: " + text.prefix { $0 != "\n" }
    case .refusal(let command, let text):
      return "\(command ?? "none"): " + text.prefix { $0 != "\n" }
    case .run(let command, let arguments):
      var parts = [command]
      for operand in [Self.source, Self.target] {
        if let value = arguments.value(of: operand) { parts.append("<\(value.text)>") }
      }
      parts += arguments.options.map { "\($0.syntax.name)=\($0.value?.text ?? "")" }
      return parts.joined(separator: " ")
    }
  }

  @Test(arguments: [
    (["move", "a"], "move <a>"),
    (["move", "a", "b"], "move <a> <b>"),
    (["move", "-", "b"], "move <-> <b>"),
    (["move", "", ""], "move <> <>"),
    (["move", "a", "--size", "3"], "move <a> size=3"),
    (["move", "--size=3", "a"], "move <a> size=3"),
    (["move", "--size=", "a"], "move <a> size="),
    (["move", "--size=a=b", "a"], "move <a> size=a=b"),
    (["move", "--size", "--verbose", "a"], "move <a> size=--verbose"),
    (["move", "--size", "--", "a"], "move <a> size=--"),
    (
      ["move", "--verbose", "a", "--skip", "x", "b", "--skip=y"],
      "move <a> <b> verbose= skip=x skip=y"
    ),
    (["move", "--", "--verbose", "-h"], "move <--verbose> <-h>"),
    (["move", "a", "--", "--"], "move <a> <-->"),
    (["list"], "list"),
    (["list", "--"], "list"),
  ])
  func whatIsTaken(words: [String], expected: String) {
    #expect(summary(read(words)) == expected)
  }

  @Test(arguments: [
    (["bogus"], "none: Error: there is no command \"bogus\""),
    ([""], "none: Error: there is no command \"\""),
    (["--bogus=secret"], "none: Error: there is no option --bogus in front of a command"),
    (["help", "bogus"], "none: Error: there is no command \"bogus\""),
    (["move"], "move: Error: <source> is missing: Where it comes from."),
    (["move", "a", "b", "c"], "move: Error: there is no place for \"c\""),
    (["move", "a", "--bogus=secret"], "move: Error: there is no option --bogus"),
    (["move", "a", "-v"], "move: Error: there is no option -v"),
    (["move", "a", "-verbose"], "move: Error: there is no option -verbose"),
    (["move", "a", "---verbose"], "move: Error: there is no option ---verbose"),
    (["move", "a", "--=x"], "move: Error: there is no option --"),
    (["move", "a", "--Size", "3"], "move: Error: there is no option --Size"),
    (["move", "a", "--siz", "3"], "move: Error: there is no option --siz"),
    (["move", "a", "--size"], "move: Error: --size needs a value: --size <bytes>"),
    (
      ["move", "a", "--verbose=1"],
      "move: Error: --verbose takes no value; write --verbose alone"
    ),
    (["list", "a"], "list: Error: there is no place for \"a\""),
  ])
  func whatIsRefused(words: [String], expected: String) {
    #expect(summary(read(words)) == expected)
  }

  @Test(arguments: [
    ([], "help: Move things."), (["-h"], "help: Move things."), (["--help"], "help: Move things."),
    (["help"], "help: Move things."), (["help", "move"], "help: Move a thing."),
    (["move", "-h"], "help: Move a thing."), (["move", "a", "b", "--help"], "help: Move a thing."),
    (["list", "--help", "--bogus"], "help: List the things."),
  ])
  func whatAsksForHelp(words: [String], expected: String) {
    #expect(summary(read(words)) == expected)
  }

  @Test func theLastValueCounts() throws {
    let request = read(["move", "a", "--size=1", "--skip=x", "--size", "2", "--skip", "y"])
    guard case .run(_, let arguments) = request else {
      Issue.record("\(request)")
      return
    }
    #expect(arguments[Self.source].text == "a")
    #expect(arguments.value(of: Self.size)?.text == "2")
    #expect(arguments.values(of: Self.skip).map(\.text) == ["x", "y"])
    #expect(arguments.options.map(\.syntax.name) == ["size", "skip", "size", "skip"])
    #expect(arguments.value(of: Self.target) == nil)
  }

  /// The names of files need not be text.
  @Test func bytesStayAsTheyAre() throws {
    let name: [UInt8] = [0xFF, UInt8(ascii: "="), 0xC0, 0x80]
    let words = [Array("move".utf8), name, Array("--skip=".utf8) + name].map { ArgumentBytes($0) }
    guard case .run(_, let arguments) = program.read(words, width: 80) else {
      Issue.record("refused")
      return
    }
    #expect(arguments[Self.source].bytes == name)
    #expect(arguments.values(of: Self.skip).map(\.bytes) == [name])
  }

  @Test func helpOfACommand() {
    guard case .help(let text) = read(["move", "--help"], width: 44) else {
      Issue.record("no help")
      return
    }
    #expect(
      text == """
        Move a thing.

        It is gone where it was.

        Usage:
        tool move <source> [<target>] [--verbose]
          [--size <bytes>] [choices]

        Arguments:
          <source>                Where it comes
                                  from.
          <target>                Where it goes.

        Options:
          --verbose               Say more.
          --size <bytes>          How large it gets.
          -h, --help              Show this help.

        Choices:
          --skip <name>           Leave this out;
                                  can be repeated.

        """)
  }

  @Test func helpOfTheProgram() {
    guard case .help(let text) = read([]) else {
      Issue.record("no help")
      return
    }
    #expect(
      text == """
        Move things.

        One by one.

        Or all at once.

        Usage:
        tool <command> …

        Commands:
          move                    Move a thing.
          list                    List the things.

        Options:
          -h, --help              Show this help.

        "tool help <command>" says more of one.

        """)
  }

  @Test func aRefusalTellsHowItIsRight() {
    guard case .refusal("move", let text) = read(["move", "--bogus"]) else {
      Issue.record("not refused")
      return
    }
    #expect(
      text == """
        Error: there is no option --bogus
        Usage: tool move <source> [<target>] [--verbose] [--size <bytes>] [choices]
        See "tool move --help".

        """)
  }
}
