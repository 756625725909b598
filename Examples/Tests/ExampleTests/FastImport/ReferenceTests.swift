import CairnChunks
import Testing

@testable import FastImport

/// How commands name objects, and what they say of names that are wrong.
@Suite struct ReferenceTests {
  let oracle: GitOracle

  init() throws {
    oracle = try GitOracle()
  }

  /// The marks 1 and 2 of commits, 7 of a blob, 9 of a tag.
  private static let start = makeStream { stream in
    stream.blob(7, "content\n")
    stream.commit("refs/heads/main", mark: 1)
    stream.line("M 644 :7 a")
    stream.commit("refs/heads/side", mark: 2, from: ":1")
    stream.line("M 755 :7 d/b")
    stream.line("tag t")
    stream.line("mark :9")
    stream.line("from :2")
    stream.data("a tag")
  }
  private static let begin =
    "commit refs/heads/main\ncommitter C <c@e> 1234567890 +0000\ndata 1\nx"

  /// Git merges a branch without commits as the commit of no id; so its id is the same here, and that
  /// of what is exported.
  @Test(arguments: [
    "merge refs/heads/none", "merge refs/heads/none\nmerge :1", "from :1\nmerge refs/heads/none",
    "from :1\nmerge refs/heads/none\nmerge :2\nmerge refs/heads/none",
  ])
  func aBranchWithoutCommitsIsMerged(parents: String) async throws {
    let text = """
      reset refs/heads/none

      commit refs/heads/new
      mark :3
      committer C <c@e> 1234567890 +0000
      data 1
      x
      \(parents)
      M 644 :7 c

      commit refs/heads/new
      committer C <c@e> 1234567891 +0000
      data 1
      y
      M 644 :7 d

      """
    try await oracle.expectSame(Self.start + Array(text.utf8))
  }

  /// The id of ``start``'s blob.
  private static let blob = "d95f3ad14dee633a758d2e331151e950dd13e4ed"
  private static let unknown = "0123456789012345678901234567890123456789"

  @Test(arguments: [
    ("M 644 :7x b", "Missing space after mark"), ("M 644 :7", "Missing space after mark"),
    ("M 644 : b", "No value after ':' in mark"), ("M 644 :8 b", "mark :8 not declared"),
    ("M 644 :99999999999999999999999 b", "not declared"), ("M 644 inlineX b", "Invalid dataref"),
    ("M 644 inline", "Invalid dataref"), ("M 644 \(blob)x b", "Missing space after SHA1"),
    ("M 644 \(blob)", "Missing space after SHA1"), ("M 644 \(blob)0 b", "Missing space after SHA1"),
    ("M 644 0123 b", "Invalid dataref"), ("M 644 main b", "Invalid dataref"),
    ("M 644 \(unknown) b", "Blob not found"), ("M 040000 \(unknown) b", "Tree not found"),
    ("M 644 :1 b", "Not a blob (actually a commit)"), ("M 644 :9 b", "Not a blob (actually a tag)"),
    ("M 040000 :7 b", "Not a tree (actually a blob)"),
    ("M 160000 :7 b", "Not a commit (actually a blob)"),
    ("M 160000 \(blob) b", "Not a commit (actually a blob)"),
    ("M 160000 inline b", "Git links cannot be specified 'inline'"),
    ("M 040000 inline b", "Directories cannot be specified 'inline'"),
    ("M 644 :7 \"\"", "Root cannot be a non-directory"),
    ("M 100666 :7 b", "Corrupt mode"), ("M 0100644 :7 b", "Corrupt mode"),
    ("M 644", "Corrupt mode"),
    ("M  644 :7 b", "Corrupt mode"), ("M 64a :7 b", "Corrupt mode"), ("M 0 :7 b", "Corrupt mode"),
    ("N :7x :1", "Missing space after mark"), ("N inlineX :1", "Invalid dataref"),
    ("N \(blob)x :1", "Missing space after SHA1"), ("N :7 :1x", "Garbage after mark"),
    ("N :7 :7", "not a commit"), ("N :7 :8", "mark :8 not declared"), ("N :1 :1", "Not a blob"),
    ("N \(unknown) :1", "Blob not found"), ("N :7 nowhere", "Invalid ref name"),
    ("N :7", "Missing space after mark"), ("ls :2x a", "Missing space after mark"),
    ("ls :2", "Missing space after mark"), ("ls \(blob)x a", "Missing space after tree-ish"),
    ("ls \(blob) a", "Not a tree-ish"), ("ls :7 a", "Not a tree-ish"), ("ls a", "Invalid dataref"),
    ("ls :8 a", "mark :8 not declared"), ("ls a/b", "Invalid dataref"),
    ("cat-blob :7x", "Garbage after mark"), ("cat-blob :8", "mark :8 not declared"),
    ("cat-blob \(blob)x", "Garbage after SHA1"), ("cat-blob main", "Invalid dataref"),
    ("cat-blob :1", "is a commit but a blob was expected"),
    ("cat-blob :9", "is a tag but a blob was expected"),
    ("from :1x", "Garbage after mark"), ("from :7", "not a commit"), ("from :", "No value after"),
    ("from :8", "mark :8 not declared"), ("from main", "Invalid ref name or SHA1 expression"),
    ("from refs/heads/main", "Can't create a branch from itself"),
    ("from refs/heads/side^0", "Invalid ref name or SHA1 expression"),
    ("from \(unknown)", "Not a valid"), ("from :1\nmerge :2x", "Garbage after mark"),
    ("merge :8", "mark :8 not declared"), ("merge :9", "not a commit"),
    ("merge side", "Invalid ref name or SHA1 expression"), ("from 01234", "Invalid ref name"),
  ])
  func inACommit(command: String, message: String) async throws {
    try await expectRefused("\(Self.begin)\n\(command)\ndata 1\nx\n", message)
  }

  @Test(arguments: [
    ("tag u\nfrom :1x\ndata 0\n", "Garbage after mark"),
    ("tag u\nfrom :8\ndata 0\n", "mark :8 not declared"),
    ("tag u\nfrom main\ndata 0\n", "Invalid ref name or SHA1 expression"),
    ("tag u\nfrom \(unknown)\ndata 0\n", "Not a valid object"),
    ("tag u\ntagger T <t@e> 1 +0000\ndata 0\n", "Expected from command"),
    ("tag u\nfrom :1\ntagger T t@e 1 +0000\ndata 0\n", "Missing < in ident string"),
    ("tag u\nfrom :1\n", "Expected 'data n' command"),
    ("reset refs/heads/e\n\ntag u\nfrom refs/heads/e\ndata 0\n", "Can't tag an empty branch"),
    ("reset refs/heads/e\nfrom :7\n", "not a commit"),
    ("reset refs/heads/e\nfrom :1x\n", "Garbage after mark"),
    ("get-mark :1x\n", "Garbage after mark"), ("get-mark 1\n", "Not a mark"),
    ("get-mark :8\n", "mark :8 not declared"), ("ls \"a\"\n", "Not in a commit"),
    ("alias\nmark :5\nto :8\n", "mark :8 not declared"), ("alias\nmark :5\n", "Expected 'to'"),
    ("alias\nto :1\n", "Expected 'mark'"),
    (
      "reset refs/heads/e\n\(begin.replacing("main", with: "n"))\nN inline refs/heads/e\ndata 0\n",
      "Can't add a note on empty branch"
    ),
  ])
  func elsewhere(commands: String, message: String) async throws {
    try await expectRefused(commands, message)
  }

  /// That both refuse what follows ``start``, and nothing is published.
  private func expectRefused(_ commands: String, _ message: String) async throws {
    let stream = Self.start + Array(commands.utf8)
    let ours = try await oracle.importStream(stream)
    #expect(ours.error?.message.contains(message) == true, "\(ours.error?.report ?? "taken")")
    #expect(try await ours.repository.roots().isEmpty)
    #expect(try oracle.gitImport(stream).status == 128)
  }

  @Test(arguments: [
    "M 644 :7 b", "M 100644 \(blob) b", "M 755 :7 b", "M 120000 :7 b", "M 160000 :1 b",
    "M 160000 \(unknown) b", "N :7 :1", "N \(blob) refs/heads/side", "cat-blob :7",
    "cat-blob \(blob)", "cat-blob \(unknown)", "ls :2 d/b", "ls :9 d", "ls :2 d/nothing",
    "from :2", "from refs/heads/side", "merge :2", "from :2\nmerge refs/heads/side\nmerge :1",
    "M 040000 4b825dc642cb6eb9a060e54bf8d69288fbee4904 a", "M 0644 :7 b",
  ])
  func whatIsTaken(command: String) async throws {
    try await oracle.expectSame(Self.start + Array("\(Self.begin)\n\(command)\n".utf8))
  }

  /// What an expression means is decided by what was there before the stream, or at its last
  /// checkpoint.
  @Test(arguments: [
    "refs/heads/main^0", "main^0", "heads/main", "main~1", "main^", "main~0", "main^1^1", "main~2",
    "main^2", "merged^2", "merged^1~1", "merged^3", "t^0", "t^{}", "tags/t^{commit}", "t^{tree}",
    "t^{tag}", "main^{object}", "main^{blob}", "main^{nothing}", "main^{", "main~x", "main~9",
    "main^^^", "nowhere", "refs/tags/t", "tree", "main:a", "main:d", "main:", "main:no", "remote",
    "main^{commit}~1", "",
  ])
  func expressions(text: String) async throws {
    let base = makeStream { stream in
      stream.blob(7, "content\n")
      for number in 1...3 {
        stream.commit("refs/heads/main", mark: number)
        stream.line("M 644 :7 a\(number)")
        stream.line("M 644 :7 d/b")
      }
      stream.commit("refs/heads/merged", mark: 4, from: ":3", merge: [":1"])
      stream.line("M 644 :7 a")
      stream.line("reset refs/remotes/remote/HEAD")
      stream.line("from :2")
      stream.line("")
      stream.line("tag t")
      stream.line("from :2")
      stream.data("a tag")
    }
    let next = { (command: String) in
      makeStream { stream in
        stream.commit("refs/heads/main", message: "not meant by the expression")
        stream.file("z", "z")
        stream.bytes += Array(command.utf8)
      }
    }
    let from = next("commit refs/heads/new\ncommitter C <c@e> 1 +0000\ndata 0\nfrom \(text)\n")
    let merge = next("commit refs/heads/new\ncommitter C <c@e> 1 +0000\ndata 0\nmerge \(text)\n")
    let tag = next("tag new\nfrom \(text)\ndata 0\n")
    let note = next(
      "commit refs/notes/n\ncommitter C <c@e> 1 +0000\ndata 0\nN inline \(text)\ndata 0\n")
    try await oracle.expectSame(series: [base, from, merge, tag, note], ["--force"], "\(text)")
  }

  /// The first digits of an id are enough, if they are those of one object.
  @Test func abbreviatedIDs() async throws {
    let base = makeStream { stream in
      for number in 1...4 {
        stream.commit("refs/heads/b\(number)")
        stream.file("f", "\(number)")
      }
    }
    let refs = try oracle.gitImport(base).refs
    for length in [4, 7, 39] {
      let id = refs[2].prefix(length)
      let stream = makeStream { stream in
        stream.commit("refs/heads/new", from: String(id))
        stream.commit("refs/heads/merge", merge: [id.uppercased(), "\(id)^0"])
        stream.line("tag t")
        stream.line("from \(id)")
        stream.data("")
        stream.commit("refs/notes/n")
        stream.line("N inline \(id)")
        stream.data("x")
      }
      try await oracle.expectSame(series: [base, stream], [], "\(length) digits")
    }
    for wrong in [String(refs[2].prefix(3)), "0000000", refs[2].prefix(7) + "x"] {
      try await oracle.expectSame(
        series: [base, makeStream { $0.commit("refs/heads/new", from: String(wrong)) }])
    }
    // Ids in commands about files are whole.
    let stream = Array(
      "commit refs/heads/n\ncommitter C <c@e> 1 +0000\ndata 0\nM 644 0d08 a\n".utf8)
    try await oracle.expectSame(series: [base, stream])
  }

  /// Among so many blobs, some ids begin alike.
  @Test func ambiguousIDs() async throws {
    var stream = StreamBuilder()
    stream.commit("refs/heads/main")
    for number in 0..<3000 { stream.file("f\(number)", "\(number)") }
    let result = try await oracle.importStream(stream.bytes)
    let folder = try oracle.gitImport(stream.bytes).folder
    let listed = try oracle.git(["ls-tree", "main"], folder: folder).output
    var seen: Set<Substring> = []
    let ambiguous = String(decoding: listed, as: UTF8.self).split(separator: "\n").map {
      $0.split(separator: " ")[2].prefix(4)
    }.first { !seen.insert($0).inserted }
    let digits = try #require(ambiguous)
    let tag = Array("tag t\nfrom \(digits)\ndata 0\n".utf8)
    let more = try await oracle.importStream(tag, into: result.repository)
    #expect(more.error?.message == "short object ID \(digits) is ambiguous")
    #expect(try oracle.gitImport(tag, in: folder).status == 128)
  }
}
