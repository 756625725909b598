import Testing

@testable import FastImport

/// The commands of the grammar, one by one, as git takes them.
@Suite struct GrammarTests {
  let oracle: GitOracle
  private let main = "refs/heads/main"

  init() throws {
    oracle = try GitOracle()
  }

  /// A commit's first lines.
  private func begin(_ ref: String, mark: Int? = nil) -> String {
    "commit \(ref)\n" + (mark.map { "mark :\($0)\n" } ?? "")
      + "committer C <c@e> 1234567890 +0000\n"
  }

  // MARK: Streams and lines

  @Test func aStreamOfNothing() async throws {
    try await oracle.expectSame("")
    try await oracle.expectSame("# only a comment\n")
    try await oracle.expectSame("done\nwhatever follows\n")
    try await oracle.expectSame("feature done\ndone\n\0\n")
    try await oracle.expectSame("\n")
  }

  @Test func commentsAreSkippedBetweenLines() async throws {
    try await oracle.expectSame(
      """
      # in front
      blob
      # of a blob
      mark :1
      #
      data 6
      # data

      # behind
      commit refs/heads/main
      # of a commit
      mark :2
      #
      author A <a@e> 1 +0000
      # between
      committer C <c@e> 2 +0000
      # and
      data <<END
      # not a comment
      END
      # then
      M 644 :1 a
      # files
      M 644 inline b
      # and data
      data 1
      x
      # again
      D a
      # end

      # of all
      """)
  }

  /// Where a line feed may be missing, may be there, and may be no more.
  @Test(arguments: ["", "\n", "\n\n", "\n\n\n", "\n\n\n\n"])
  func blankLines(blank: String) async throws {
    let commit = begin(main, mark: 1) + "data 3\nabc"
    try await oracle.expectSame(commit + blank + "get-mark :1\n", [], "a commit of nothing")
    try await oracle.expectSame(
      commit + "\nM 644 inline a\ndata 1\nx" + blank + "get-mark :1\n", [], "a commit")
    try await oracle.expectSame(commit + "\nD a\n" + blank + "get-mark :1\n", [], "a deletion")
    try await oracle.expectSame("blob\nmark :1\ndata 1\nx" + blank + "get-mark :1\n", [], "a blob")
    try await oracle.expectSame(
      "blob\nmark :1\ndata <<E\nx\nE\n" + blank + "get-mark :1\n", [], "delimited")
    try await oracle.expectSame(
      commit + "\nreset refs/heads/b\n" + blank + "get-mark :1\n", [], "a reset")
    try await oracle.expectSame(
      commit + "\nreset refs/heads/b\nfrom :1\n" + blank + "get-mark :1\n", [], "a reset from")
    try await oracle.expectSame(
      commit + "\ntag t\nfrom :1\ndata 1\nx" + blank + "get-mark :1\n", [], "a tag")
    try await oracle.expectSame(
      commit + "\ncheckpoint\n" + blank + "get-mark :1\n", [], "a checkpoint")
    try await oracle.expectSame(
      commit + "\nprogress it\n" + blank + "get-mark :1\n", [], "progress")
    try await oracle.expectSame(commit + "\nget-mark :1\n" + blank + "done\n", [], "a question")
  }

  @Test(arguments: [
    "data 0\n", "data 1\nx", "data 1\n\n", "data <<E\nE\n", "data <<E\n\nE\n",
    "data <<E F\nE\nE F\n",
    "data <<\nabc\n\n", "data <<E\nE \n E\nE\n", "data <<<<\n<<\n", "data 005\nabcde",
    "data 4\nE\0\n\u{1}", "data << E\nx\n E\n",
  ])
  func data(data: String) async throws {
    let stream = "blob\nmark :1\n\(data)\ncat-blob :1\n" + begin(main) + data + "\n"
    try await oracle.expectSame(stream, [], "\(data)")
  }

  @Test(arguments: [
    "data 5\nx", "data", "data\n", "data <<E\nx\n", "data <<E\nE", "datax 1\nx", "data1\nx",
    "data 1152921504606846976\nx\n",
  ])
  func dataThatEndsTooEarly(data: String) async throws {
    try await oracle.expectSame("blob\nmark :1\n\(data)", [], "\(data)")
    try await oracle.expectSame(begin(main) + data, [], "\(data)")
  }

  @Test(arguments: [
    "blob \ndata 0\n", "Blob\ndata 0\n", "commit\n", "reset\n", "tag\n", "commit \n", "reset \n",
    "what\n", "done \n", "checkpoint \n", "alias \n", "progress\n", "feature\n", "option\n", " \n",
    "M 644 inline a\ndata 0\n", "D a\n", "deleteall\n", "N inline :1\ndata 0\n", "from :1\n",
    "merge :1\n", "mark :1\n", "data 0\n", "author A <a@e> 1 +0000\n", "committer\n", "get-mark\n",
    "cat-blob\n", "ls\n", "encoding utf-8\n", "original-oid 1\n", "blob\r\ndata 0\n",
  ])
  func whatIsNoCommandHere(command: String) async throws {
    try await oracle.expectSame(command, [], "\(command)")
  }

  @Test(arguments: [
    "refs/heads/a", "refs/heads/a/b/c", "refs/tags/a", "refs/x/y", "refs/heads/ä", "refs/heads/a.b",
    "refs/heads/-", "refs/heads/a@b", "refs/heads/@", "refs/heads/.a", "refs/heads/a.",
    "refs/heads/a..b", "refs/heads/a/", "refs/heads//a", "/refs/heads/a", "refs/heads/a.lock",
    "refs/heads/a.lock/b", "refs/heads/a b", "refs/heads/a~b", "refs/heads/a^b", "refs/heads/a:b",
    "refs/heads/a?", "refs/heads/*", "refs/heads/[a", "refs/heads/a\\b", "refs/heads/a@{b", "@",
    "refs/heads/a\u{7F}", "refs/heads/a\u{1}", "refs/heads/a\tb", "refs/heads/a.locked",
    "refs/heads/lock", "refs/heads/a{b}", "refs/heads/\"a\"",
  ])
  func namesOfRefs(name: String) async throws {
    try await oracle.expectSame(begin(name) + "data 0\n", [], "\(name)")
    let commit = begin("refs/heads/other", mark: 1) + "data 0\n"
    try await oracle.expectSame(commit + "reset \(name)\nfrom :1\n\n", [], "\(name)")
    let tag = name.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2)
    let tagName = tag.joined(separator: "/")
    guard !tagName.isEmpty else { return }
    try await oracle.expectSame(commit + "tag \(tagName)\nfrom :1\ndata 0\n", [], "tag \(tagName)")
  }

  /// A ref of one part is none of those that git lists.
  @Test func aRefOfOnePart() async throws {
    let stream = Array((begin("TEMP_TAG", mark: 1) + "data 0\nget-mark :1\n").utf8)
    let theirs = try oracle.gitImport(stream)
    let ours = try await oracle.importStream(stream)
    #expect(theirs.status == 0 && ours.error == nil)
    let id = String(decoding: theirs.replies.dropLast(), as: UTF8.self)
    #expect(try await oracle.refs(ours.repository) == ["\(id) commit TEMP_TAG"])
    let stored = try oracle.git(["rev-parse", "TEMP_TAG"], folder: theirs.folder).output
    #expect(stored == theirs.replies)
  }

  // MARK: Commits

  @Test(arguments: [
    "C <c@e> 1 +0000", " <> 1 +0000", "<c@e> 1 +0000", "<> 1 +0000", "C O M <c@e> 1 +0000",
    "C  <c@e> 1 +0000", "Ç <ç@e> 1 +0000", "C <c e> 1 +0000", "C <\t> 1 +0000", "C. <c@e> 1 +0000",
    "Name email> 1 +0000", "Name <e<mail> 1 +0000", "Name <email>> 1 +0000", "Name <email 1 +0000",
    "Name<email> 1 +0000", "Name <email>1 +0000", "Name >email< 1 +0000", "Name <email>", "Name",
    "Name <email> ", "", "Na>me <email> 1 +0000", "Name <email>  1 +0000", "C <c@e> 0 +0000",
    "C <c@e> 18446744073709551615 +0000", "C <c@e> 18446744073709551616 +0000",
    "C <c@e> 1 +00000", "C <c@e> 1 -0", "C <c@e> 1 +", "C <c@e> 1  +0000", "C <c@e> 1 +0000 ",
    "C <c@e> -1 +0000", "C <c@e> +1 +0000", "C <c@e>  1 +0000", "C <c@e> 1.5 +0000",
    "C <c@e> 0x1 +0000", "C <c@e> 1 + 5", "C <c@e> 1 +-5", "C <c@e> 1 -1400", "C <c@e> 1 -1401",
    "C <c@e> 1 +051800", "C <c@e> now", "C <c@e> 1 0000",
  ])
  func identities(text: String) async throws {
    for format in ["raw", "raw-permissive"] {
      let commit = "commit \(main)\nmark :1\ncommitter \(text)\ndata 0\n"
      try await oracle.expectSame(commit, ["--date-format=\(format)"], "\(format) \(text)")
    }
    try await oracle.expectSame(
      begin(main, mark: 1) + "data 0\ntag t\nfrom :1\ntagger \(text)\ndata 0\n", [], "\(text)")
    try await oracle.expectSame(
      "commit \(main)\nauthor \(text)\ncommitter C <c@e> 1 +0000\ndata 0\n", [], "\(text)")
  }

  /// Fields that are missing, doubled, or in another order.
  @Test(arguments: [
    "mark,committer,data", "committer,data", "author,committer,data", "data", "author,data",
    "committer,author,data", "committer", "committer,encoding,data", "encoding,committer,data",
    "committer,data,from", "committer,data,merge", "committer,data,merge,from",
    "committer,data,from,from", "committer,data,merge,merge", "committer,from,data",
    "oid,committer,data", "mark,oid,committer,data", "oid,mark,committer,data",
    "mark,mark,committer,data", "committer,data,mark", "committer,committer,data",
    "committer,encoding,encoding,data", "committer,data,data", "committer,data,file,from",
    "committer,data,from,file,merge",
  ])
  func fieldsOfACommit(order: String) async throws {
    let fields = [
      "mark": "mark :5\n", "committer": "committer C <c@e> 1 +0000\n", "data": "data 1\nx\n",
      "author": "author A <a@e> 2 +0100\n", "encoding": "encoding latin1\n", "from": "from :1\n",
      "merge": "merge :2\n", "oid": "original-oid anything at all\n",
      "file": "M 644 inline f\ndata 1\nx\n",
    ]
    let start = begin(main, mark: 1) + "data 0\n\n" + begin("refs/heads/b", mark: 2) + "data 1\nb\n"
    let commit = try order.split(separator: ",").map { try #require(fields[String($0)]) }.joined()
    try await oracle.expectSame(start + "commit refs/heads/c\n" + commit, [], "\(order)")
    try await oracle.expectSame(start + "commit \(main)\n" + commit, [], "on a branch: \(order)")
  }

  @Test func fieldsOfATagAndABlob() async throws {
    let start = begin(main, mark: 1) + "data 0\n\n"
    for tag in [
      "tag t\nmark :2\nfrom :1\noriginal-oid x\ntagger T <t@e> 1 +0000\ndata 1\nx\nget-mark :2\n",
      "tag t\nfrom :1\ndata 0\n", "tag t\nfrom :1\nmark :2\ndata 0\n", "tag t\nmark :2\ndata 0\n",
      "tag t\noriginal-oid x\nfrom :1\ndata 0\n", "tag t\nfrom :1\ndata 0\ntagger T <t> 1 +0000\n",
      "tag t\nfrom :1\ntagger T <t@e> 1 +0000\noriginal-oid x\ndata 0\n", "tag t\n", "tag t",
      "blob\nmark :2\noriginal-oid x\ndata 0\nget-mark :2\n", "blob\noriginal-oid x\ndata 0\n",
      "blob\noriginal-oid x\nmark :2\ndata 0\n", "blob\nmark :2\n", "blob\n", "blob",
      "blob\nmark :2\nmark :3\ndata 0\n",
    ] {
      try await oracle.expectSame(start + tag, [], "\(tag)")
    }
  }

  @Test func aMarkIsGivenAnew() async throws {
    try await oracle.expectSame(
      "blob\nmark :1\ndata 1\na\nblob\nmark :1\ndata 1\nb\nget-mark :1\n" + begin(main, mark: 1)
        + "data 0\nget-mark :1\ntag t\nmark :1\nfrom :1\ndata 0\nget-mark :1\n")
  }

  @Test(arguments: [" ", "x", " 5", ".9"])
  func numbersEndWhereTheirDigitsEnd(rest: String) async throws {
    try await oracle.expectSame(
      "blob\nmark :7\(rest)\ndata 3\(rest)\nabc\nget-mark :7\ncat-blob :7\n", [], "\(rest)")
  }

  /// Marks far from each other, which a table for all of them would not hold.
  @Test func marksFarApart() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        var marks: [UInt64] = []
        for power in 0..<63 {
          let mark = UInt64(1) << power + UInt64(power)
          marks.append(mark)
          stream.line("blob")
          stream.line("mark :\(mark)")
          stream.data("\(power)")
        }
        stream.commit(main)
        for mark in marks { stream.line("M 644 :\(mark) f\(mark)") }
        for mark in marks { stream.line("cat-blob :\(mark)") }
      })
  }

  // MARK: Branches

  @Test func branchesStartOver() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.commit(main, mark: 1)
        stream.file("a", "1")
        stream.commit(main, mark: 2)
        stream.file("b", "2")
        stream.line("reset \(main)")
        stream.line("")
        stream.commit(main, message: "without parents, and of an empty tree\n")
        stream.commit("refs/heads/k", from: ":2")
        stream.file("c", "3")
        stream.commit("refs/heads/k", from: ":1")
        stream.file("d", "4")
      })
  }

  @Test func aBranchThatLosesCommitsIsNotUpdated() async throws {
    let base = makeStream { stream in
      stream.commit(main, mark: 1)
      stream.file("a", "1")
      stream.commit(main, mark: 2)
      stream.file("a", "2")
    }
    let losing = makeStream { stream in
      stream.commit(main, from: main + "~1", message: "losing things\n")
      stream.line("reset refs/heads/other")
      stream.line("from \(main)")
      stream.line("")
    }
    try await oracle.expectSame(series: [base, losing, losing])
    try await oracle.expectSame(series: [base, losing], ["--force"])
    let force = Array("feature force\n".utf8) + losing
    try await oracle.expectSame(series: [base, force])
    let moved = Array("reset \(main)\nfrom \(main)~1\n".utf8)
    try await oracle.expectSame(series: [base, moved])
    try await oracle.expectSame(series: [base, moved], ["--force"])
  }

  @Test func branchesAreDeleted() async throws {
    let null = String(repeating: "0", count: 40)
    let base = makeStream { stream in
      stream.commit(main, mark: 1)
      stream.commit("refs/heads/b", from: ":1")
      stream.line("tag t")
      stream.line("from :1")
      stream.data("a tag")
      stream.line("reset refs/tags/light")
      stream.line("from :1")
    }
    for ref in ["refs/heads/b", "refs/tags/t", "refs/tags/light", "refs/heads/never", main] {
      try await oracle.expectSame(
        series: [base, Array("reset \(ref)\nfrom \(null)\n".utf8)], [], "\(ref)")
      try await oracle.expectSame(series: [base, Array("reset \(ref)\n\n".utf8)], [], "\(ref)")
      try await oracle.expectSame(
        base + Array("\nreset \(ref)\nfrom \(null)\n\n".utf8), [], "in one stream: \(ref)")
      let again = makeStream { stream in
        stream.line("reset \(ref)")
        stream.line("from \(null)")
        stream.line("")
        stream.commit(ref, message: "anew")
        stream.line("checkpoint")
        stream.line("reset \(ref)")
        stream.line("")
      }
      try await oracle.expectSame(series: [base, again], ["--force"], "anew: \(ref)")
    }
  }

  @Test func tagsAreAllWrittenOrNone() async throws {
    let start = begin(main, mark: 1) + "data 0\n\n"
    func tag(_ name: String) -> String { "tag \(name)\nfrom :1\ndata 0\n\n" }
    for tags in [
      tag("a") + tag("b"), tag("a") + tag("a"), tag("a") + tag("a/b") + tag("c"),
      tag("a") + tag("with space"), tag("a") + "reset refs/tags/a\nfrom :1\n\n",
      tag("a") + "reset refs/tags/a/b\nfrom :1\n\n" + tag("c"),
    ] {
      try await oracle.expectSame(start + tags, [], "\(tags)")
    }
    try await oracle.expectSame(
      series: [Array((start + tag("a")).utf8), Array((start + tag("a/b") + tag("c")).utf8)])
    // A tag of an earlier import is replaced.
    try await oracle.expectSame(
      series: [
        Array((start + tag("a")).utf8), Array((start + "tag a\nfrom :1\ndata 1\nx\n").utf8),
      ])
  }

  /// A replacement of an object by itself would make the object unreadable; newer versions of git drop
  /// it.
  @Test func replacementsOfThemselves() async throws {
    let commit = begin(main, mark: 1) + "data 0\nget-mark :1\n"
    let reply = try oracle.gitImport(Array(commit.utf8)).replies
    let id = String(decoding: reply.dropLast(), as: UTF8.self)
    let ref = "refs/replace/\(id)"
    let other = begin("refs/heads/b", mark: 2) + "data 1\nx\nreset \(ref)\nfrom :2\n\n"
    try await oracle.expectSame(commit + other)
    let replaced = try await oracle.importStream(Array((commit + other).utf8))
    #expect(try await oracle.refs(replaced.repository).count == 3)
    let dropped = try await oracle.importStream(
      Array((commit + "reset \(ref)\nfrom :1\n\n").utf8), into: replaced.repository)
    #expect(dropped.status == 0)
    #expect(try await oracle.refs(dropped.repository).count == 2)
  }

  @Test func anAlias() async throws {
    let start = begin(main, mark: 1) + "data 0\n\nblob\nmark :7\ndata 1\nx\n"
    for alias in [
      "alias\nmark :2\nto :1\n\nget-mark :2\n", "alias\n\nmark :2\nto :1\n\nget-mark :2\n",
      "alias\nmark :2\nto \(main)\n\nget-mark :2\n", "alias\nmark :2\nto :7\n\n",
      "alias\nmark :1\nto :1\n\n" + begin("refs/heads/b") + "data 0\nfrom :1\n",
    ] {
      try await oracle.expectSame(start + alias, [], "\(alias)")
    }
    // The line feed is optional; git 2.39 takes the next command for it.
    let result = try await oracle.importStream(
      Array((start + "alias\nmark :2\nto :1\nget-mark :2\nget-mark :1\n").utf8))
    let lines = result.replies.split(separator: 10)
    #expect(lines.count == 2 && lines[0] == lines[1])
  }

  // MARK: Changes

  @Test func deletionsOfAllKinds() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.commit(main, mark: 1)
        for path in ["hello.c", "good/night.txt", "good/bye.txt", "deep/er/and/deeper"] {
          stream.file(path, path)
        }
        let paths = [
          "good/night.txt", "good", "deep/er/and/deeper", "\"\"", "nothing", "hello.c/x",
        ]
        for path in paths {
          stream.commit("refs/heads/b\(path.utf8.count)", from: ":1")
          stream.line("D \(path)")
          // Of a root that was deleted git says that it is missing, even if files came afterwards.
          if path != "\"\"" { stream.line("ls \"\"") }
        }
      })
  }

  @Test func everythingIsDeletedInTheMiddle() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.commit(main)
        stream.file("a/b", "1")
        stream.commit(main)
        stream.file("will/never/exist", "2")
        stream.line("deleteall")
        stream.line("ls \"a\"")
        stream.file("h/e/l/lo", "3")
      })
  }

  /// Copies of directories in which something changed that is not written yet, into one another.
  @Test func copiesOfChangedDirectories() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.commit(main, mark: 1)
        for path in ["a/b/c", "a/b/d", "a/e/f", "x"] { stream.file(path, path) }
        stream.commit(main)
        stream.line("C a g")
        stream.line("C a/e g/b")
        stream.file("g/b/h", "h")
        stream.line("ls \"g\"")
        stream.commit("refs/heads/2", from: ":1")
        stream.file("a/new", "dirty")
        stream.line("C a copy")
        stream.line("D a/new")
        stream.commit("refs/heads/3", from: ":1")
        stream.line("R a a/b/inside")
        stream.commit("refs/heads/4", from: ":1")
        stream.line("R a/b a")
        stream.commit("refs/heads/5", from: ":1")
        stream.line("C a/b a")
        stream.commit("refs/heads/6", from: ":1")
        stream.line("R x x")
        stream.line("C a a")
        stream.line("R a/b/c x/under/a/file")
        stream.commit("refs/heads/7", from: ":1")
        stream.line("R \"\" sub")
        stream.line("C sub \"\"")
        stream.line("R a/b \"\"")
        stream.commit("refs/heads/8", from: ":1")
        stream.line("D x")
        stream.line("C a x/y")
        stream.line("D a/b")
        stream.line("D a/e/f")
        stream.line("ls \"a\"")
        stream.line("M 644 inline a")
        stream.data("a file now")
      })
  }

  /// A directory of which nothing is left is none, whatever asks for it.
  @Test func emptyDirectories() async throws {
    let start = makeStream { stream in
      stream.commit(main)
      stream.file("src/greeting", "hello")
      stream.line("C src/greeting dst/other")
      stream.line("D src/greeting")
      stream.line("ls \"src\"")
      stream.line("D dst")
      stream.line("D dst2")
    }
    try await oracle.expectSame(start)
    for command in ["C src other", "R src other"] {
      try await oracle.expectSame(start + Array("\(command)\n".utf8), [], "\(command)")
    }
    let empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    try await oracle.expectSame(
      makeStream { stream in
        stream.commit(main)
        for path in ["foo/bar/baz", "foo/bar/qux", "foo/bar/quux/1", "foo/bar/quuux"] {
          stream.file(path, "hello")
        }
        stream.line("M 040000 \(empty) foo/bar/quux")
        stream.line("M 040000 \(empty) foo/bar/quuux")
        stream.line("M 040000 \(empty) not/there")
        stream.commit(main)
        stream.line("M 040000 \(empty) foo/bar/qux")
        stream.line("M 040000 \(empty) foo/bar/baz")
        stream.line("ls \"foo\"")
        stream.commit(main)
        stream.file("x", "x")
        stream.line("M 040000 \(empty) \"\"")
      })
  }

  /// Trees by their ids, changed afterwards.
  @Test func treesAreTakenAndChanged() async throws {
    let base = makeStream { stream in
      stream.commit(main, mark: 1)
      stream.file("foo/bar/baz", "hello")
      stream.file("foo/x", "x")
      stream.line("ls \"\"")
      stream.line("ls \"foo\"")
    }
    let ids = String(decoding: try oracle.gitImport(base).replies, as: UTF8.self)
      .split(separator: "\n").map { $0.split(whereSeparator: { " \t".contains($0) })[2] }
    try await oracle.expectSame(
      series: [
        base,
        makeStream { stream in
          stream.commit("refs/heads/1")
          stream.line("M 040000 \(ids[0]) \"\"")
          stream.file("foo/bar/qux", "more")
          stream.line("R foo \"\"")
          stream.line("C bar/qux bar/quux")
          stream.commit("refs/heads/2")
          stream.line("M 040000 \(ids[0]) \"\"")
          stream.line("C \"foo\" \"\"")
          stream.commit("refs/heads/3", from: main + "^0")
          stream.line("M 040000 \(ids[1]) foo/bar/foo")
          stream.file("foo/bar/foo/x", "changed")
          stream.line("ls \(ids[1]) bar/baz")
          stream.line("ls \(ids[0]) foo/bar")
          stream.line("ls \"foo/bar\"")
        },
      ])
  }

  // MARK: Submodules and notes

  @Test func submodules() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.line("reset refs/heads/sub")
        stream.commit("refs/heads/sub", mark: 2)
        stream.file("file", "a")
        stream.commit("refs/heads/use", mark: 4)
        stream.file(".gitmodules", "[submodule \"sub\"]\n\tpath = sub\n")
        stream.line("M 160000 :2 sub")
        stream.commit("refs/heads/sub", mark: 6, from: ":2")
        stream.file("file", "b")
        stream.commit("refs/heads/use", from: ":4")
        stream.line("M 160000 :6 sub")
        stream.line("C sub other/place")
        stream.line("ls \"sub\"")
        stream.line("ls \"sub/below\"")
        stream.commit("refs/heads/use")
        stream.file("sub/now/a/directory", "x")
        stream.line("M 160000 :2 other")
      })
  }

  /// The number of notes is what decides where they are; git keeps it when a branch starts over.
  @Test func notesOfABranchThatStartsOver() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        for number in 1...300 { stream.commit(main, mark: number) }
        stream.commit("refs/notes/n")
        for number in 1...300 {
          stream.line("N inline :\(number)")
          stream.data("\(number)")
        }
        stream.line("reset refs/notes/n")
        stream.line("")
        stream.commit("refs/notes/n")
        stream.line("N inline :1")
        stream.data("alone")
        stream.commit("refs/notes/n", message: "after deleteall")
        stream.line("deleteall")
        stream.line("N inline :2")
        stream.data("alone")
        stream.commit("refs/notes/n", message: "removed")
        stream.line("N \(String(repeating: "0", count: 40)) :2")
        stream.line("N \(String(repeating: "0", count: 40)) :3")
        stream.line("ls \"\"")
      })
  }

  @Test func notesOfAnEarlierImport() async throws {
    let base = makeStream { stream in
      for number in 1...260 { stream.commit(main, mark: number) }
      stream.commit("refs/notes/n")
      for number in 1...260 {
        stream.line("N inline :\(number)")
        stream.data("\(number)")
      }
    }
    let more = makeStream { stream in
      stream.commit("refs/notes/n", from: "refs/notes/n^0")
      for number in 0..<8 { stream.line("N \(String(repeating: "0", count: 40)) main~\(number)") }
      stream.line("N inline main")
      stream.data("again")
      stream.file("a/file", "among notes")
    }
    try await oracle.expectSame(series: [base, more])
  }
}
