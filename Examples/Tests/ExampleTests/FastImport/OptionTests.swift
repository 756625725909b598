import Synchronization
import SystemPackage
import Testing

@testable import FastImport

/// Options on the command line and in the stream, and files of marks.
@Suite struct OptionTests {
  let oracle: GitOracle

  init() throws {
    oracle = try GitOracle()
  }

  private static let blob = "blob\nmark :1\ndata 3\nhi\n\n"

  @Test(arguments: [
    "feature no-such-feature-exists", "feature date-format=now", "feature date-format=rfc2822",
    "feature date-format=raw-permissive", "feature date-format=", "feature date-format=never",
    "feature force", "feature notes", "feature ls", "feature cat-blob", "feature get-mark",
    "feature alias", "feature relative-marks", "feature no-relative-marks", "feature done",
    "feature force=1", "feature import-marks=x", "feature export-marks=x", "feature quiet",
    "feature import-marks-if-exists=x", "feature rewrite-submodules-from=x",
    "feature cat-blob-fd=3", "option git quiet", "option git stats", "option git depth=5",
    "option git depth=", "option git depth=-1", "option git depth=5 elephants",
    "option git depth=8191", "option git depth=8192", "option git active-branches=-5",
    "option git active-branches=3",
    "option git active-branches=x", "option git max-pack-size=10m", "option git max-pack-size=x",
    "option git big-file-threshold=1", "option git big-file-threshold=", "option git nonsense",
    "option git date-format=raw", "option git force", "option git cat-blob-fd=3",
    "option some-other-program nonsense", "option nonsense", "option git", "option git ",
    "feature done\ndone", "feature \n",
  ])
  func inTheStream(line: String) async throws {
    try await oracle.expectSame(line + "\n", [], "\(line)")
    try await oracle.expectSame(Self.blob + line + "\n", [], "behind data: \(line)")
    try await oracle.expectSame("# comment\n" + line + "\n", [], "behind a comment: \(line)")
  }

  @Test(arguments: [
    "--non-existing-option", "--depth=5 elephants", "--depth=", "--depth=50", "--active-branches=7",
    "--active-branches=", "--cat-blob-fd=-1", "--cat-blob-fd=x", "--cat-blob-fd=1", "--done",
    "--force", "--quiet", "--stats", "--max-pack-size=1g", "--max-pack-size=1x",
    "--big-file-threshold=1", "--big-file-threshold=512m", "--date-format=rfc2822",
    "--date-format=x", "--date-format=", "--import-marks=nonexistent.marks",
    "--import-marks-if-exists=nonexistent.marks", "--relative-marks", "--no-relative-marks",
    "--allow-unsafe-features", "--rewrite-submodules-from=x", "--rewrite-submodules-from=x:nowhere",
    "--export-pack-edges=edges", "-x", "--option git quiet",
  ])
  func onTheCommandLine(argument: String) async throws {
    try await oracle.expectSame(Array(Self.blob.utf8), [argument], "\(argument)")
  }

  /// Takes the lines of warnings.
  private final class Warnings: Sendable {
    let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
  }

  @Test func whatMeansNothingIsNamedOnce() async throws {
    let warnings = Warnings()
    let stream = Array("option git depth=7\noption git depth=8\n\(Self.blob)".utf8)
    _ = try await oracle.importStream(stream, ["--export-pack-edges=x", "--max-pack-size=1g"]) {
      line in warnings.lines.withLock { $0.append(line) }
    }
    #expect(
      warnings.all
        == ["depth", "export-pack-edges", "max-pack-size"].map { "--\($0) means nothing here" })
    let quiet = Warnings()
    _ = try await oracle.importStream(stream, ["--quiet"]) {
      line in quiet.lines.withLock { $0.append(line) }
    }
    #expect(quiet.all.isEmpty)
  }

  // MARK: Marks

  private func marks(_ name: String) throws -> [String] {
    try oracle.scratch.read(name).split(separator: "\n").map(String.init)
  }

  private func path(_ name: String) -> String { oracle.scratch[name] }

  private static let id = "45b983be36b73c0788dc9cbcb76cbb80fc7bb057"

  @Test func marksOfTheStreamNeedPermission() async throws {
    let export = "feature export-marks=\(path("stream.marks"))\n" + Self.blob
    let refused = try await oracle.importStream(Array(export.utf8))
    #expect(refused.error?.message.contains("forbidden in input") == true)
    let taken = try await oracle.importStream(
      Array(export.utf8), ["--allow-unsafe-features"])
    #expect(taken.status == 0)
    #expect(try marks("stream.marks") == [":1 \(Self.id)"])
    // Two files of marks in one stream are refused.
    let two = "feature import-marks=\(path("stream.marks"))\n"
    let twice = try await oracle.importStream(
      Array((two + two).utf8), ["--allow-unsafe-features"])
    #expect(
      twice.error?.message == "Only one import-marks command allowed per stream")
  }

  @Test func theCommandLineOverridesTheStream() async throws {
    let stream =
      "feature import-marks=\(path("nonexistent"))\n"
      + "feature export-marks=\(path("folder/unwanted"))\n" + Self.blob.replacing(":1", with: ":2")
    let first = try await oracle.importStream(
      Array(Self.blob.utf8), ["--export-marks=\(path("in.marks"))"])
    let result = try await oracle.importStream(
      Array(stream.utf8),
      [
        "--allow-unsafe-features", "--import-marks=\(path("in.marks"))",
        "--export-marks=\(path("sub/out.marks"))",
      ], into: first.repository)
    // A blob that no ref leads to is not found again; see the next test for one that is.
    #expect(result.error?.message.hasPrefix("object not found") == true)
    #expect(throws: (any Error).self) { try marks("folder/unwanted") }
  }

  /// Marks go from one import to the next, to the file that they came from.
  @Test func marksOfSeveralFiles() async throws {
    let commit = "commit refs/heads/main\ncommitter C <c@e> 1 +0000\ndata 0\nM 644 :1 a\n"
    let first = try await oracle.importStream(
      Array((Self.blob + commit).utf8), ["--export-marks=\(path("one"))"])
    try oracle.scratch.write(":2 \(Self.id)\n:1 \(Self.id)\n", to: "two")
    let both = try await oracle.importStream(
      Array("get-mark :2\ncat-blob :1\n".utf8),
      [
        "--import-marks=\(path("one"))", "--import-marks-if-exists=\(path("none"))",
        "--import-marks=\(path("two"))", "--export-marks=\(path("two"))",
      ], into: first.repository)
    #expect(both.status == 0, "\(both.error?.report ?? "")")
    #expect(
      String(decoding: both.replies, as: UTF8.self) == "\(Self.id)\n\(Self.id) blob 3\nhi\n\n")
    #expect(try marks("two") == [":1 \(Self.id)", ":2 \(Self.id)"])
    let missing = try await oracle.importStream(
      [], ["--import-marks=\(path("none"))", "--export-marks=\(path("none"))"],
      into: first.repository)
    #expect(missing.status == 128)
    #expect(throws: (any Error).self) { try marks("none") }
  }

  @Test(arguments: [
    ":3 0000000000000000000000000000000000000000\n", ":0 \(id)\n", "1 \(id)\n", ":1\(id)\n",
    ":1 \(id)0\n", ":1 \(id.dropLast())\n", ":x \(id)\n", "\n", ":1  \(id)\n",
    ":2 \(String(repeating: "1", count: 40))\n",
  ])
  func corruptMarks(text: String) async throws {
    try oracle.scratch.write(text, to: "corrupt")
    let arguments = ["--import-marks=\(path("corrupt"))", "--export-marks=\(path("corrupt"))"]
    let ours = try await oracle.importStream(Array(Self.blob.utf8), arguments)
    #expect(ours.status == 128)
    #expect(try oracle.gitImport(Array(Self.blob.utf8), arguments).status == 128)
    #expect(try oracle.scratch.read("corrupt") == text)
  }

  @Test func relativeMarks() async throws {
    let stream =
      "feature relative-marks\nfeature export-marks=relative.out\nfeature no-relative-marks\n"
      + Self.blob
    let result = try await oracle.importStream(Array(stream.utf8), ["--allow-unsafe-features"])
    #expect(result.status == 0)
    #expect(try marks("relative.out") == [":1 \(Self.id)"])
    let later = try await oracle.importStream(
      Array(Self.blob.utf8), ["--relative-marks", "--export-marks=deep/er/out"])
    #expect(later.status == 0)
    #expect(try marks("deep/er/out") == [":1 \(Self.id)"])
  }

  // MARK: Submodules

  /// A repository of SHA-256 ids becomes one of SHA-1.
  @Test func submodulesOfAnotherHash() async throws {
    let long = String(repeating: "c0ffee77", count: 8)
    let short = String(repeating: "5", count: 40)
    try oracle.scratch.write(":1 \(long)\n:2 \(String(repeating: "a", count: 64))\n", to: "from")
    try oracle.scratch.write(":1 \(short)\n:2 \(short)\n", to: "to")
    let arguments = [
      "--rewrite-submodules-from=s:\(path("from"))", "--rewrite-submodules-to=s:\(path("to"))",
    ]
    let start = "commit refs/heads/main\ncommitter C <c@e> 1 +0000\ndata 0\n"
    try await oracle.expectSame(Array((start + "M 160000 \(long) sub\n").utf8), arguments)
    try await oracle.expectSame(
      Array((start + "M 160000 \(long.uppercased()) sub\n").utf8), arguments)
    try await oracle.expectSame(Array((start + "M 160000 \(long) sub\n").utf8))
    // One without the other is an error; git 2.39 notices that only of the first.
    try await oracle.expectSame(Array(start.utf8), [arguments[0]])
    let alone = try await oracle.importStream(Array(start.utf8), [arguments[1]])
    #expect(alone.error?.message == "Missing from marks for submodule 's'")
    try oracle.scratch.write(":3 \(long)\n", to: "from")
    try await oracle.expectSame(Array(start.utf8), arguments, "a mark that the other lacks")
  }
}
