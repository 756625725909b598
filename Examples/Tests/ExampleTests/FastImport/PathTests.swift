import CairnChunks
import Testing

@testable import FastImport

/// Paths in every place of the commands, and every way to get them right and wrong.
@Suite struct PathTests {
  let oracle: GitOracle

  init() throws {
    oracle = try GitOracle()
  }

  /// A commit with a mark and some files, and another that begins.
  private static let start = makeStream { stream in
    stream.blob(7, "content\n")
    stream.commit("refs/heads/main", mark: 1)
    stream.line("M 644 :7 a")
    stream.line("M 644 :7 d/a")
    stream.line("M 644 :7 \"with \\\"quotes\\\" and spaces\"")
    stream.commit("refs/heads/main", mark: 2)
  }

  /// A place that a path can have in a command: what is in front of it and behind, and what messages
  /// call it.
  struct Place: CustomStringConvertible {
    let front: String
    var behind = ""
    var field = "path"
    /// Whether a path must be quoted here.
    var mustQuote = false

    var description: String { front + "…" + behind }
  }

  private static let lastPlaces = [
    Place(front: "M 644 :7 "), Place(front: "D "), Place(front: "C a ", field: "dest"),
    Place(front: "R a ", field: "dest"), Place(front: "ls :1 "),
    Place(front: "ls ", mustQuote: true),
  ]
  private static let firstPlaces = [
    Place(front: "C ", behind: " b", field: "source"),
    Place(front: "R ", behind: " b", field: "source"),
  ]

  private func stream(_ place: Place, _ path: String) -> [UInt8] {
    Self.start + Array((place.front + path + place.behind + "\n").utf8)
  }

  @Test(arguments: lastPlaces + firstPlaces)
  func whatIsTaken(place: Place) async throws {
    let source = place.field == "source"
    var paths = [
      "\"a\"", "\"\\141\"", "\"d/a\"", "\"\\144\\057\\141\"",
      "\"with \\\"quotes\\\" and spaces\"",
    ]
    if !source { paths += ["\"\\a\\b\\t\\n\\v\\f\\r\\\\\\\"\"", "\"\\344\\366\"", "\" lead\""] }
    if !place.mustQuote { paths += ["a", "d/a", source ? "d" : "with \"quotes\" and spaces"] }
    if !place.mustQuote, !source { paths += ["a\\b", " a", "a ", "ä", "a\tb", "a'\"b"] }
    // A branch for each, so that a difference names what it is about.
    var stream = StreamBuilder(bytes: Self.start)
    stream.line("")
    for (number, path) in paths.enumerated() {
      stream.commit("refs/heads/\(number)", from: ":1", message: path)
      stream.line(place.front + path + place.behind)
    }
    try await oracle.expectSame(stream.bytes)
  }

  @Test(arguments: lastPlaces + firstPlaces)
  func whatIsRefused(place: Place) async throws {
    var wrong = [
      ("\"a", "Invalid"), ("\"", "Invalid"), ("\"a\\x41\"", "Invalid"), ("\"a\\40\"", "Invalid"),
      ("\"a\\400\"", "Invalid"), ("\"a\\8\"", "Invalid"), ("\"a\\", "Invalid"),
      ("\"a\\\"", "Invalid"), ("\"a\\000\"", "NUL in"), ("\"\\000a\"", "NUL in"),
    ]
    if place.field == "source" {
      wrong += [("\"a\"x", "Missing space after"), ("\"a\"\"b\"", "Missing space after")]
    } else {
      wrong += [("\"a\"x", "Garbage after"), ("\"a\" ", "Garbage after")]
      wrong += [("\"a\" b", "Garbage after")]
    }
    for (path, message) in wrong {
      let stream = stream(place, path)
      let ours = try await oracle.importStream(stream)
      let error = try #require(ours.error, "\(place) \(path)")
      #expect(error.message.hasPrefix("\(message) \(place.field): "), "\(place) \(path) \(error)")
      #expect(error.line == 23, "\(place) \(path) \(error.report)")
      #expect(try await ours.repository.roots().isEmpty)
      // Before 2.46, git took what is not well quoted as it is.
      if !["Invalid", "NUL in"].contains(message) {
        #expect(try oracle.gitImport(stream).status == 128)
      }
    }
  }

  @Test(arguments: ["C a", "C \"a\"", "R a", "R \"d/a\"", "R \"a\" "])
  func withoutADestination(command: String) async throws {
    let stream = Self.start + Array((command + "\n").utf8)
    let ours = try await oracle.importStream(stream)
    let error = try #require(ours.error)
    #expect(
      error.message
        == (command.last == " "
          ? "Root cannot be a non-directory" : "Missing space after source: \(command)"))
    #expect(try oracle.gitImport(stream).status == 128)
  }

  /// An empty path is the root, quoted or not.
  @Test(arguments: ["M 040000 TREE %", "D %", "C d %", "R d %", "R % sub", "C % sub", "ls :1 %"])
  func theRoot(command: String) async throws {
    let listed = try oracle.gitImport(Self.start + Array("ls \"d\"\n".utf8)).replies
    let tree = String(decoding: listed, as: UTF8.self).split(separator: " ")[2].prefix(40)
    let command = command.replacing("TREE", with: tree)
    let quoted = Self.start + Array((command.replacing("%", with: "\"\"") + "\n").utf8)
    let bare = Self.start + Array((command.replacing("%", with: "") + "\n").utf8)
    // What git from 2.46 on takes without quotes, 2.39 takes with them.
    try await oracle.expectSame(quoted)
    let theirs = try oracle.gitImport(quoted)
    let ours = try await oracle.importStream(bare)
    #expect(ours.error?.message == nil)
    #expect(try await oracle.refs(ours.repository) == theirs.refs)
  }

  @Test(arguments: lastPlaces + firstPlaces)
  func emptyComponents(place: Place) async throws {
    for path in ["/a", "a/", "d//a", "/", "d/a/"] {
      let stream = stream(place, "\"\(path)\"")
      let ours = try await oracle.importStream(stream)
      #expect(ours.error?.message == "Empty path component found in input", "\(place) \(path)")
      #expect(try await ours.repository.roots().isEmpty)
    }
  }

  /// Names that git's own index refuses, at any depth.
  @Test(arguments: [
    ".", "..", ".git", ".GIT", ".Git", "git~1", "GIT~1", ".git ", ".git.", ".git. .", ".git:x",
    ".git\\x", "git~1.",
  ])
  func forbiddenNames(name: String) async throws {
    for path in [name, "d/\(name)", "\(name)/a", "d/\(name)/a"] {
      let quoted = "\"\(path.replacing("\\", with: "\\\\"))\""
      for command in ["M 644 :7 \(quoted)", "C a \(quoted)", "R a \(quoted)"] {
        let ours = try await oracle.importStream(Self.start + Array((command + "\n").utf8))
        #expect(ours.error?.message == "invalid path '\(path)'", "\(command)")
        #expect(try await ours.repository.roots().isEmpty)
      }
    }
  }

  @Test(arguments: [
    "...", ".gitx", ".gi", ".gitignore", ".gitmodules", "git", "git~2", "git~10", "a.git", ".git~1",
    "..a", "a..", ".a", "GIT",
  ])
  func namesThatOnlyLookForbidden(name: String) async throws {
    try await oracle.expectSame(stream(Self.lastPlaces[0], "d/\(name)"), [], "\(name)")
  }

  @Test func submodulesAreNotDescribedByALink() async throws {
    for path in [".gitmodules", "d/.GitModules"] {
      let command = "M 120000 :7 \(path)\n"
      let ours = try await oracle.importStream(Self.start + Array(command.utf8))
      #expect(ours.error?.message == "invalid path '\(path)'")
      let copy = "M 120000 :7 link\nC link \(path)\n"
      let copied = try await oracle.importStream(Self.start + Array(copy.utf8))
      #expect(copied.error?.message == "invalid path '\(path)'")
    }
  }

  /// The order of trees, where a directory sorts as if its name ended with a slash.
  @Test func orderOfNames() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        for text in ["one", "two"] {
          stream.commit("refs/heads/main")
          for path in ["b.", "b/other", "ba", "b-", "b0/x", "b0", "B", "b!/x/y"] {
            stream.file(path, "\(text) \(path)")
          }
          stream.line("D b0")
          stream.file("b0/x", text)
        }
      })
  }
}
