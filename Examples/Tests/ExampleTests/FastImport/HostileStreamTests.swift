import CairnChunks
import Testing

@testable import FastImport

/// Streams that must be refused, with nothing published.
@Suite struct HostileStreamTests {
  let oracle: GitOracle

  init() throws {
    oracle = try GitOracle()
  }

  static let start = """
    commit refs/heads/main
    mark :1
    committer C <c@e> 1234567890 +0000
    data 2
    x

    """

  private func expectRefused(
    _ stream: String, says message: String, line: UInt64? = nil,
    location: SourceLocation = #_sourceLocation
  ) async throws {
    let result = try await oracle.importStream(Array(stream.utf8))
    let error = try #require(result.error, sourceLocation: location)
    #expect(error.message.contains(message), "\(error.report)", sourceLocation: location)
    if let line { #expect(error.line == line, "\(error.report)", sourceLocation: location) }
    #expect(try await result.repository.roots().isEmpty, sourceLocation: location)
  }

  @Test(arguments: [
    ("M 644 inline /a", "Empty path component"), ("M 644 inline a/", "Empty path component"),
    ("M 644 inline a//b", "Empty path component"), ("M 644 inline ../a", "invalid path"),
    ("M 644 inline a/./b", "invalid path"), ("M 644 inline .git/config", "invalid path"),
    ("M 644 inline a/.GiT", "invalid path"), ("M 644 inline \"a\\000b\"", "NUL in path"),
    ("M 640 inline a", "Corrupt mode"), ("M 1000000 inline a", "Corrupt mode"),
    ("M 644 inline", "Invalid dataref"), ("M 644 :9 a", "mark :9 not declared"),
    ("M 644 :1 a", "Not a blob"), ("M 644 :1x a", "Missing space after mark"),
    ("M 644 : a", "No value after ':'"), ("M 040000 inline a", "Directories cannot be"),
    ("M 160000 inline a", "Git links cannot be"), ("M 644 0123 a", "Invalid dataref"),
    ("M 644 0123456789012345678901234567890123456789 a", "Blob not found"),
    ("C a b", "Path a not in branch"), ("R a b", "Path a not in branch"),
    ("C a", "Missing space after source"), ("C a ", "Path a not in branch"),
    ("N :1 :1", "Not a blob"), ("N inline nothing", "Invalid ref name"),
    ("ls a", "Invalid dataref"), ("ls :9 a", "mark :9 not declared"),
    ("what is this", "Unsupported command: what is this"),
  ])
  func changes(change: String, message: String) async throws {
    let stream = Self.start + "commit refs/heads/main\ncommitter C <c@e> 1 +0000\ndata 0\n"
    try await expectRefused(stream + change + "\ndata 1\nx\n", says: message, line: 9)
  }

  @Test(arguments: [
    ("blob\ndata 1152921504606846976\nx", "EOF in data"), ("blob\ndata 5\nx", "EOF in data"),
    ("blob\ndata -1\n", "data needs a number"), ("blob\ndata \n", "data needs a number"),
    ("blob\ndata 99999999999999999999\n", "data needs a number"),
    ("blob\ndata <<END\nx\n", "EOF in data"),
    ("blob\nmark :0\ndata 0\n", "a mark is a number"),
    ("blob\nmark :x\ndata 0\n", "a mark is a number"), ("blob\n", "Expected 'data n'"),
    ("commit refs/heads/a b\n", "Branch name doesn't conform"),
    ("commit refs/heads/a..b\n", "Branch name doesn't conform"),
    ("reset refs/heads/.a\n", "Branch name doesn't conform"),
    ("reset refs/heads/a.lock\n", "Branch name doesn't conform"),
    ("reset refs/heads/a\nfrom refs/heads/a\n", "Can't create a branch from itself"),
    ("reset refs/heads/a\nfrom :1\n", "mark :1 not declared"),
    ("reset refs/heads/a\nfrom nowhere\n", "Invalid ref name or SHA1 expression"),
    ("tag x\ndata 0\n", "Expected from command"),
    ("commit refs/heads/a\ndata 0\n", "Expected committer"),
    ("commit refs/heads/a\ncommitter C c@e 1 +0000\n", "Missing < in ident"),
    ("commit refs/heads/a\ncommitter C <c@e 1 +0000\n", "Missing > in ident"),
    ("commit refs/heads/a\ncommitter C <c\0e> 1 +0000\n", "NUL in ident"),
    ("commit refs/heads/a\ncommitter C<c@e> 1 +0000\n", "Missing space before <"),
    ("commit refs/heads/a\ncommitter C <c@e>1 +0000\n", "Missing space after >"),
    ("commit refs/heads/a\ncommitter C <c@e> 1 +0000\ndata 9000000000000\n", "EOF in data"),
    ("feature nonsense\n", "does not support feature nonsense"),
    ("feature date-format=never\n", "unknown --date-format"),
    ("feature export-marks=/tmp/x\n", "forbidden in input"),
    ("option git nonsense\n", "does not support option: nonsense"),
    ("blob\ndata 0\nfeature done\n", "after data command"), ("feature done\n", "stream ends early"),
    ("feature done\ndone", "stream ends early"),
    (start + "M 644 inline \ndata 1\nx\n", "Root cannot be a non-directory"),
    (start + "D a\nmerge :1\n", "Unsupported command: merge :1"),
    (start + "M 644 inline a\n", "where inline data should come"),
    ("alias\n", "Expected 'mark' command"), ("get-mark 1\n", "Not a mark"),
    ("cat-blob x\n", "Invalid dataref"), ("\n", "Unsupported command: "), ("ls \"a\"\n", "Not in"),
  ])
  func commands(stream: String, message: String) async throws {
    try await expectRefused(stream, says: message)
  }

  @Test func aLineWithoutEnd() async throws {
    try await expectRefused(
      "reset refs/heads/" + String(repeating: "x", count: 3 << 20), says: "a line of more than")
  }

  private static let change = start + "commit refs/heads/main\ncommitter C <c@e> 1 +0000\ndata 0\n"

  /// Everything goes down the deepest paths and up again; deeper ones are refused before anything does.
  @Test func deepDirectories() async throws {
    func folders(_ depth: Int) -> String { String(repeating: "a/", count: depth) }
    let deepest = folders(PathQuoting.maximumDepth - 1)
    let file = "M 644 inline \(deepest)f\ndata 1\nx\n"
    try await oracle.expectSame(Self.change + file)
    let changes = """

      commit refs/heads/main
      committer C <c@e> 2 +0000
      data 0
      ls "\(deepest)f"
      R \(folders(100))a b
      D b/\(folders(PathQuoting.maximumDepth - 102))f

      """
    try await oracle.expectSame(Self.change + file + changes)
    for path in ["a/\(deepest)f", folders(100_000) + "f"] {
      try await expectRefused(
        Self.change + "M 644 inline \(path)\ndata 1\nx\n", says: "more than 256 deep", line: 9)
    }
  }

  /// Copies can put directories deeper than any path; no stream leads there, so none is written.
  @Test func copiesThatAreTooDeep() async throws {
    var stream = Self.change + "M 644 inline a/f\ndata 1\nx\n"
    for _ in 0..<3 { stream += "C a \(String(repeating: "a/", count: 200))b\n" }
    let result = try await oracle.importStream(Array(stream.utf8))
    #expect(result.status == 0, "\(result.error?.report ?? "")")
    let error = await #expect(throws: ImportError.self) {
      _ = try await oracle.export(result.repository)
    }
    #expect(error?.message.contains("more than 256 deep") == true)
  }

  @Test func namesThatAreTooLong() async throws {
    let name = String(repeating: "n", count: PathQuoting.maximumNameLength)
    try await oracle.expectSame(
      Self.change + "M 644 inline d/\(name)\ndata 1\nx\nM 644 inline \(name)/f\ndata 1\ny\n")
    for path in ["\(name)n", "d/\(name)n/f"] {
      try await expectRefused(
        Self.change + "M 644 inline \(path)\ndata 1\nx\n", says: "a name of 65536 bytes", line: 9)
    }
  }

  @Test func manyParentsAndMarksFarApart() async throws {
    var stream = Self.start + "commit refs/heads/x\ncommitter C <c@e> 1 +0000\ndata 0\n"
    for _ in 0..<3000 { stream += "merge :1\n" }
    stream += """
      blob
      mark :9223372036854775808
      data 1
      a
      blob
      mark :18446744073709551615
      data 1
      b
      get-mark :9223372036854775808
      get-mark :18446744073709551615
      cat-blob :18446744073709551615

      """
    try await oracle.expectSame(stream)
  }

  @Test func theReportNamesThePlace() async throws {
    let stream = Self.start + "D a\n\nwhat\n"
    let result = try await oracle.importStream(Array((stream + "not read\n").utf8))
    let error = try #require(result.error)
    let count = stream.utf8.count
    #expect(error.line == 8 && error.offset == count, "\(error.report)")
    #expect(error.commands.suffix(3) == ["D a", "", "what"])
    #expect(error.report.contains("at line 8, byte \(count) of the stream"))
  }

  /// A blob, commits of several kinds and a tag.
  private static let mixed = makeStream { stream in
    stream.blob(1, "content of\nsome lines\n")
    stream.commit("refs/heads/main", mark: 2)
    stream.line("M 644 :1 a/b")
    stream.file("c", "inline\n")
    stream.commit("refs/heads/side", mark: 3, from: ":2", merge: ["refs/heads/main"])
    stream.line("R a d")
    stream.line("")
    stream.line("tag t")
    stream.line("from :3")
    stream.line("tagger T <t@e> 1234567890 +0000")
    stream.data("of a commit")
  }

  /// A stream that is cut behind any of its lines is a shorter stream, or refused; both publish what
  /// git does. But where inline data is missing at the very end, git stores what happens to be in its
  /// memory as the id of a file; here that is refused.
  @Test func cutBehindEveryLine() async throws {
    let whole = Self.mixed
    let ends = whole.indices.filter { whole[$0] == 10 }
    for end in ends {
      let cut = Array(whole[...end])
      let theirs = try oracle.gitImport(cut)
      let ours = try await oracle.importStream(cut)
      if ours.error?.message.contains("where inline data should come") == true { continue }
      #expect(ours.status == theirs.status, "cut at \(end): \(ours.error?.report ?? "")")
      guard ours.status == 0 else {
        #expect(try await ours.repository.roots().isEmpty)
        continue
      }
      #expect(try await oracle.refs(ours.repository) == theirs.refs, "cut at \(end)")
    }
  }

  /// Wherever a stream is cut, it is a shorter one, or refused, and then nothing is published.
  @Test func cutBehindEveryByte() async throws {
    for end in Self.mixed.indices {
      let result = try await oracle.importStream(Array(Self.mixed[..<end]))
      let refs = try await oracle.refs(result.repository)
      #expect(result.error == nil || refs.isEmpty, "cut at \(end)")
      #expect(result.error != nil || !refs.isEmpty || end < Self.start.count, "cut at \(end)")
    }
  }
}
