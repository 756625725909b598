import Foundation
import Testing

/// The command as a person runs it: its statuses, and what it prints where.
@Suite struct FastImportCommandTests {
  private let scratch: Scratch
  private var program: Program

  init() throws {
    scratch = try Scratch()
    program = Program(folder: scratch.path)
    program.executable = Program.fastImport
    program.environment["CAIRN_IDENTITY"] = scratch["key"]
    let made = try program.run(["init", "repo", "--new-identity", "key"])
    try #require(made.status == 0, "\(made.errors)")
  }

  private let stream = makeStream { stream in
    stream.commit("refs/heads/main", mark: 1, message: "the first\n")
    stream.file("folder/file", "content\n")
    stream.line("progress half")
    stream.commit("refs/heads/main", mark: 2, message: "the second\n")
    stream.file("other", "x")
    stream.line("")
    stream.line("get-mark :2")
  }

  private func importStream(_ bytes: [UInt8], _ arguments: [String] = []) throws -> Program.Run {
    try scratch.write(bytes, to: "stream")
    var program = program
    program.input = scratch["stream"]
    return try program.run(["import", "repo"] + arguments)
  }

  @Test func aHistoryGoesInAndComesOut() throws {
    let run = try importStream(stream, ["--name", "mine", "--stats"])
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.errors.contains("fast-import statistics:"))
    #expect(run.errors.contains("      commits:            2 (         0 duplicates)"))
    let lines = run.lines
    #expect(lines.first == "progress half" && lines.count == 2)
    let tip = try #require(lines.last)
    #expect(
      try program.run(["log", "repo", "mine"]).text == "\(tip) commit refs/heads/main\n")
    let log = try program.run(["log", "repo", "mine", "main"]).lines
    #expect(log.map { $0.dropFirst(41) } == ["the second", "the first"])
    #expect(try program.run(["cat", "repo", "latest", "main", "folder/file"]).text == "content\n")
    #expect(
      try program.run(["ls", "repo", "latest", "main"]).lines.map { $0.split(separator: "\t")[1] }
        == ["folder", "other"])
    let exported = try program.run(["export", "repo", "mine"])
    #expect(exported.status == 0 && exported.text.hasSuffix("done\n"))
    let some = try program.run(["export", "repo", "mine", "--refs", "refs/heads/none"])
    #expect(some.status == 128 && some.errors.contains("has no ref refs/heads/none"))
  }

  @Test func theStreamMayBeAFile() throws {
    try scratch.write(stream, to: "history")
    let run = try program.run(["import", "repo", "history", "--quiet"])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
    #expect(try program.run(["import", "repo", "none"]).status == 128)
  }

  @Test func whatIsRefusedHasGitsStatus() throws {
    let refused = try importStream(Array("blob\ndata 3\nab".utf8))
    #expect(refused.status == 128)
    #expect(refused.errors.contains("fatal: EOF in data (1 bytes remaining)"))
    #expect(refused.errors.contains("at line 2, byte"))
    #expect(refused.errors.contains("  blob\n  data 3\n"))
    #expect(try importStream(stream, ["--nonsense"]).status == 128)
    #expect(try importStream(stream, ["--done"]).status == 128)
    #expect(try program.run(["log", "repo", "latest"]).status == 128)
  }

  @Test func refsThatAreNotUpdatedHaveAStatusOfTheirOwn() throws {
    try #require(try importStream(stream).status == 0)
    let other = makeStream { $0.commit("refs/heads/main", message: "another\n") }
    let run = try importStream(other)
    #expect(run.status == 1)
    #expect(run.errors.contains("warning: Not updating refs/heads/main"))
    #expect(try importStream(other, ["--force"]).status == 0)
  }

  @Test func optionsThatMeanNothingHereAreTaken() throws {
    let run = try importStream(
      stream, ["--depth=10", "--max-pack-size=1m", "--active-branches=3", "--quiet"])
    #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
  }

  @Test(arguments: ["init", "import", "export", "log", "ls", "cat"])
  func everyCommandHasHelp(command: String) throws {
    let help = try program.run([command, "--help"])
    #expect(help.status == 0 && help.errors.isEmpty, "\(help.errors)")
    #expect(help.text.contains("\nfast-import \(command) <repo>"))
    #expect(help.text.contains("  <repo>  "))
    #expect(help.text.contains(command == "init" ? "--new-identity <file>" : "--identity <file>"))
    #expect(try program.run(["help", command]).text == help.text)
    #expect(try program.run([]).text.contains("\n  \(command)  "))
  }

  /// Each command line, its status, and what standard error begins with.
  @Test(arguments: [
    (["bogus"], 64, "Error: there is no command \"bogus\"\nUsage: fast-import <command>"),
    (["ls", "repo", "latest"], 64, "Error: <ref> is missing: A ref.\nUsage: fast-import ls "),
    (["export", "repo", "latest", "--refs"], 64, "Error: --refs needs a value: --refs <ref>\n"),
    (["log", "repo", "latest", "--quiet"], 64, "Error: there is no option --quiet\nUsage: "),
    (["init", "other", "--recipient", "me"], 128, "fatal: \"me\" is not an age recipient"),
    (["init", "other"], 128, "fatal: say who can open the repository"),
    (["import"], 128, "Error: <repo> is missing: The repository, a directory.\nUsage: "),
    (["import", "repo", "--nonsense"], 128, "Error: there is no option --nonsense\nUsage: "),
    (["import", "repo", "--quiet=1"], 128, "Error: --quiet takes no value"),
    (["import", "repo", "a", "b"], 128, "Error: there is no place for \"b\""),
    (["import", "repo", "--depth", "x"], 128, "fatal: --depth: argument must be"),
    (["import", "repo", "--signed-tags"], 128, "Error: --signed-tags needs a value"),
  ])
  func whatMakesNoSenseIsRefused(arguments: [String], status: Int32, errors: String) throws {
    let run = try program.run(arguments)
    #expect(run.status == status && run.text.isEmpty)
    #expect(run.errors.hasPrefix(errors), "\(run.errors)")
  }

  /// Each option of git, with its value behind a "=" or as the next argument.
  @Test func optionsOfGitAreTaken() throws {
    let pairs = [
      ["--date-format", "raw"], ["--cat-blob-fd", "1"], ["--export-marks", "out.marks"],
      ["--import-marks-if-exists", "none.marks"], ["--signed-commits", "strip"],
      ["--signed-tags", "abort"], ["--max-pack-size", "1g"], ["--big-file-threshold", "1m"],
      ["--depth", "1"], ["--active-branches", "1"], ["--export-pack-edges", "edges"],
    ]
    let flags = ["--quiet", "--stats", "--force", "--allow-unsafe-features"]
    for words in [pairs.flatMap { $0 }, pairs.map { $0.joined(separator: "=") }] {
      let run = try importStream(stream, words + flags)
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.errors.hasPrefix("warning: --active-branches means nothing here\n"))
      #expect(try program.run(["cat", "repo", "latest", "main", "other"]).text == "x")
      #expect(try scratch.read("out.marks").hasPrefix(":1 "))
    }
    // The order counts: what is relative is named behind --relative-marks.
    let relative = ["--relative-marks", "--export-marks=a", "--no-relative-marks", "--force"]
    #expect(try importStream(stream, relative).status == 0)
    #expect(try scratch.read("repo.marks/a").hasPrefix(":1 "))
    let absolute = ["--no-relative-marks", "--export-marks=b", "--relative-marks", "--force"]
    #expect(try importStream(stream, absolute).status == 0)
    #expect(try scratch.read("b").hasPrefix(":1 "))
  }

  /// The backup example knows nothing of histories, and yet how to verify them.
  @Test func backupVerifiesHistories() throws {
    try #require(try importStream(stream).status == 0)
    var backup = program
    backup.executable = Program.backup
    let run = try backup.run(["verify", "repo"])
    #expect(run.status == 0, "\(run.errors)")
  }
}
