import Testing

@testable import FastImport

/// Histories of all kinds, which this program and git must take for the same.
@Suite struct HistoryOracleTests {
  let oracle: GitOracle
  private let main = "refs/heads/main"

  init() throws {
    oracle = try GitOracle()
  }

  @Test func filesOfAllModes() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.blob(1, "text\n")
        stream.blob(2, "")
        stream.commit(main, mark: 3)
        stream.line("M 644 :1 a")
        stream.line("M 755 :1 tool")
        stream.line("M 120000 :1 link")
        stream.line("M 100755 :2 b/c/d/empty")
        stream.line("M 160000 0123456789012345678901234567890123456789 module")
        stream.commit(main, mark: 4, from: ":3")
        stream.line("M 160000 :3 own module")
        stream.line("M 100644 :2 tool")
      })
  }

  @Test func filesThatBecomeDirectoriesAndBack() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.commit(main)
        stream.file("a", "a file\n")
        stream.file("a.b", "sorted before a directory\n")
        stream.file("a0", "and after it\n")
        stream.commit(main)
        stream.file("a/b", "in a directory\n")
        stream.file("a/c/d", "deep\n")
        stream.commit(main)
        stream.line("D a")
        stream.file("a", "a file again\n")
        stream.commit(main)
        stream.file("a/b/c", "a directory again, the file in its way\n")
        stream.commit(main)
        stream.file("a", "a file in the way of a directory\n")
      })
  }

  @Test func copiesAndRenames() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.commit(main)
        for number in 0..<30 { stream.file("folder/sub/file \(number)", "\(number)\n") }
        stream.file("plain", "x\n")
        stream.commit(main)
        stream.line("C folder copy")
        stream.line("R folder/sub \"moved \\\"there\\\"\"")
        stream.file("copy/sub/file 3", "changed\n")
        stream.line("C \"copy/sub\" copy/sub/deeper")
        stream.commit(main)
        stream.line("R plain folder/sub/plain")
        stream.line("R copy \"\"")
        stream.commit(main)
        stream.line("C \"\" all/of/it")
        stream.line("D sub/deeper/file 1")
        stream.commit(main)
        stream.line("R all/of all")
      })
  }

  @Test func deletions() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.commit(main)
        for name in ["a/b/c", "a/b/d", "a/e", "f", "g/h/i"] { stream.file(name, name) }
        stream.commit(main)
        stream.line("D a/b/c")
        stream.line("D g/h/i")
        stream.line("D not/there")
        stream.line("D f/below a file")
        stream.commit(main)
        stream.line("D a/b/d")
        stream.line("D a/e")
        stream.commit(main)
        stream.line("deleteall")
        stream.commit(main)
        stream.file("new", "x")
        stream.line("D \"\"")
        stream.commit(main)
        stream.line("deleteall")
        stream.file("at last", "y")
      })
  }

  @Test func mergesAndOrphans() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.commit(main, mark: 1)
        stream.file("a", "1")
        for number in 2...5 {
          stream.commit("refs/heads/side\(number)", mark: number, from: ":1")
          stream.file("b\(number)", "\(number)")
        }
        stream.commit(main, mark: 6, merge: [":2", "refs/heads/side3"])
        stream.commit(main, mark: 7, merge: [":2", ":3", ":4", ":5", ":2"])
        stream.file("octopus", "8")
        stream.commit("refs/heads/orphan", mark: 8, message: "no ancestor")
        stream.file("z", "z")
        stream.commit("refs/heads/begun-by-a-merge", merge: [":7"])
        stream.file("only", "this")
        stream.line("reset refs/heads/orphan")
        stream.line("from :2")
      })
  }

  @Test func commitsWithoutChangesAndTwice() async throws {
    let stream = makeStream { stream in
      stream.line("reset refs/heads/main")
      stream.line("")
      stream.commit(main, mark: 1)
      stream.commit(main, mark: 2)
      stream.commit("refs/heads/other", from: ":2", message: "")
    }
    try await oracle.expectSame(stream + stream)
  }

  @Test func tagsOfEverything() async throws {
    try await oracle.expectSame(
      """
      blob
      mark :1
      data 5
      blob

      commit refs/heads/main
      mark :2
      committer C <c@e> 1234567890 +0000
      data 1
      xfrom 0000000000000000000000000000000000000000
      M 644 :1 a/b

      tag of-commit
      mark :3
      from :2
      tagger T <t@e> 1234567890 +0000
      data 6
      a tag

      tag of-tag
      mark :4
      from :3
      original-oid whatever
      data 0

      tag of-blob
      from :1
      data <<END
      no tagger
      END

      tag deep/of-tag-of-tag
      from :4
      tagger <t@e> 1234567890 +0000
      data 3
      abc
      reset refs/tags/light
      from :2

      """)
  }

  /// Tags that lead to tags which are no refs: they were taken back, so that others could have their
  /// names.
  @Test func tagsOfTagsThatAreNoRefs() async throws {
    let null = String(repeating: "0", count: 40)
    func tag(_ name: String, _ mark: Int, from: Int, _ text: String) -> String {
      "tag \(name)\nmark :\(mark)\nfrom :\(from)\ndata \(text.utf8.count)\n\(text)\n"
    }
    let start =
      String(decoding: makeStream { $0.commit("refs/heads/main", mark: 1) }, as: UTF8.self)
      + tag("a", 2, from: 1, "first") + "reset refs/tags/a\nfrom \(null)\n\n"
    try await oracle.expectSame(start + tag("a", 3, from: 2, "second"), [], "the same name")
    try await oracle.expectSame(start + tag("b", 3, from: 2, "second"), [], "another name")
    let more = start + tag("a", 3, from: 1, "a ref") + tag("b", 4, from: 2, "second")
    try await oracle.expectSame(more, [], "the name of another ref")
    try await oracle.expectSame(
      more + tag("c", 5, from: 4, "third") + tag("d", 6, from: 3, "of a ref"), [], "refs of refs")
    let twice = start + tag("a", 3, from: 2, "x") + tag("a", 4, from: 3, "y")
    try await oracle.expectSame(twice, [], "one too many")
    try await oracle.expectSame(
      twice + "reset refs/tags/a\nfrom \(null)\n\n", [], "the first is taken back")
    try await oracle.expectSame(
      twice + tag("a", 5, from: 4, "z") + "reset refs/tags/a\nfrom \(null)\n\n", [], "one of three")
  }

  @Test func tagsOfTrees() async throws {
    // The tree of the only file, computed by hand: its id is what both must find.
    let stream = makeStream { stream in
      stream.commit("refs/heads/main", mark: 1)
      stream.file("d/f", "x")
      stream.line("ls \"d\"")
    }
    let answer = try oracle.gitImport(stream)
    let id = try #require(
      String(decoding: answer.replies, as: UTF8.self).split(whereSeparator: { " \t".contains($0) })
        .dropFirst(2).first)
    try await oracle.expectSame(
      String(decoding: stream, as: UTF8.self) + "tag tree\nfrom \(id)\ndata 0\n\n")
  }

  @Test func encodingsAndOddIdentities() async throws {
    var stream = makeStream { stream in
      stream.line("commit refs/heads/main")
      stream.line("author <only@mail> 1 +0000")
      stream.line("committer  two spaces <> 2147483648 -1200")
      stream.line("encoding iso-8859-1")
      stream.data([0xE4, 0xF6, 0xFC, 0, 10])
      stream.bytes += Array("M 644 inline ".utf8) + [0xE4, 0xFF, 0x20, 0x22] + [10]
      stream.data([0, 1, 2, 255])
      stream.line("M 644 inline \"quoted\\ttab\\nline\\344\\\\\"")
      stream.data("x")
    }
    stream += Array("M 644 inline emoji 😀/ä\ndata 1\nx\n\n".utf8)
    try await oracle.expectSame(stream)
  }

  @Test(arguments: [
    ("--date-format=raw", "1234567890 +0000"), ("--date-format=raw", "1234567890 +1400"),
    ("--date-format=raw", "1234567890 +1401"), ("--date-format=raw", "1234567890 -9999"),
    ("--date-format=raw", "1234567890"), ("--date-format=raw", "x +0000"),
    ("--date-format=raw", "1 0000"), ("--date-format=raw-permissive", "1234567890 -9999"),
    ("--date-format=raw-permissive", "1234567890 +0052 x"),
    ("--date-format=rfc2822", "Tue Feb 6 11:22:18 2007 -0500"),
    ("--date-format=rfc2822", "Tue, 06 Feb 2007 11:22:18 +0530"),
    ("--date-format=rfc2822", "29 Feb 2000 00:00:00 GMT"),
    ("--date-format=rfc2822", "31 Dec 1999 23:59:59 -1130"),
    ("--date-format=rfc2822", "1 Mar 2100 12:00:00 +0000"),
    ("--date-format=rfc2822", "Tue, 6 Feb 2007 11:22:18 EST"),
    ("--date-format=rfc2822", "Tue, 6 Feb 2007 11:22:18 pm PDT"),
    ("--date-format=rfc2822", "6 Feb 2007 12:22:18 AM CEST"),
    ("--date-format=rfc2822", "6 Feb 2007 12:00 PM Z"),
    ("--date-format=rfc2822", "6 Feb 2007 11:22:18 +0100 JST"),
  ])
  func dates(format: String, date: String) async throws {
    try await oracle.expectSame(
      """
      commit refs/heads/main
      committer C <c@e> \(date)
      data 0
      M 644 inline a
      data 1
      x

      """, [format], "\(format) \(date)")
  }

  /// Notes move to deeper folders as they grow, and back as they are deleted.
  @Test(arguments: [10, 255, 256, 300])
  func notes(count: Int) async throws {
    try await oracle.expectSame(
      makeStream { stream in
        for number in 1...count {
          stream.commit(main, mark: number)
          stream.file("f", "\(number)")
        }
        stream.commit("refs/notes/commits", mark: 1000)
        for number in 1...count {
          stream.line("N inline :\(number)")
          stream.data("note on \(number)\n")
        }
        stream.file("deadbeef/not a note", "x")
        stream.commit("refs/notes/commits", mark: 1001, from: ":1000")
        stream.line("N inline :1")
        stream.data("another note\n")
        stream.line("N 0000000000000000000000000000000000000000 :2")
        stream.commit("refs/notes/commits", mark: 1002)
        for number in 3...min(count, 60) {
          stream.line("N 0000000000000000000000000000000000000000 :\(number)")
        }
        stream.commit("refs/notes/fresh", from: "refs/notes/commits")
        stream.line("N inline refs/heads/main")
        stream.data("by the name of a branch\n")
      })
  }

  @Test func repliesComeWhileItRuns() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.line("feature done")
        stream.blob(1, "content\n")
        stream.line("get-mark :1")
        stream.line("cat-blob :1")
        stream.commit(main, mark: 2)
        stream.line("M 644 :1 a/b c")
        stream.line("ls \"a/b c\"")
        stream.line("ls \"a\"")
        stream.line("ls \"\"")
        stream.line("ls \"not\"")
        stream.line("cat-blob :1")
        stream.line("M 644 inline second")
        stream.line("cat-blob :1")
        stream.data("two")
        stream.line("")
        stream.line("ls :2 a/b c")
        stream.line("ls :2 a")
        stream.line("ls :2 \"no\\nthing\"")
        stream.line("cat-blob 0123456789012345678901234567890123456789")
        stream.line("get-mark :2")
        stream.line("done")
        stream.line("what follows is not read")
      })
  }

  @Test func resetsAndDeletions() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        stream.commit(main, mark: 1)
        stream.file("a", "1")
        stream.commit(main, mark: 2)
        stream.file("a", "2")
        stream.line("reset refs/heads/old")
        stream.line("from :1")
        stream.line("")
        stream.line("reset refs/heads/nothing")
        stream.line("reset refs/heads/gone")
        stream.line("from :2")
        stream.line("reset refs/heads/gone")
        stream.line("from 0000000000000000000000000000000000000000")
        stream.line("")
        stream.commit("refs/heads/old")
        stream.file("b", "3")
        stream.line("checkpoint")
        stream.line("")
        stream.line("# a comment")
        stream.line("alias")
        stream.line("mark :7")
        stream.line("to :2")
        stream.line("")
        stream.line("reset refs/heads/alias")
        stream.line("from :7")
      })
  }

  @Test func treesByTheirIDs() async throws {
    let base = makeStream { stream in
      stream.commit(main, mark: 1)
      for number in 0..<20 { stream.file("d/f\(number)", "\(number)") }
      stream.line("ls \"d\"")
      stream.line("ls \"d/f3\"")
    }
    let replies = String(decoding: try oracle.gitImport(base).replies, as: UTF8.self)
    let ids = replies.split(separator: "\n").map {
      $0.split(whereSeparator: { " \t".contains($0) })[2]
    }
    try await oracle.expectSame(
      base
        + makeStream { stream in
          stream.commit(main, mark: 2)
          stream.line("M 040000 \(ids[0]) copy/of d")
          stream.line("M 100755 \(ids[1]) d/f4")
          stream.commit(main, mark: 3)
          stream.line("M 040000 \(ids[0]) \"\"")
          stream.line("M 040000 4b825dc642cb6eb9a060e54bf8d69288fbee4904 f2")
          stream.commit(main, mark: 4)
          stream.line("M 040000 4b825dc642cb6eb9a060e54bf8d69288fbee4904 \"\"")
          stream.file("x", "y")
        })
  }

  @Test func submodulesAreRewritten() async throws {
    func digits(_ digit: Int) -> String { String(repeating: "\(digit)", count: 40) }
    try oracle.scratch.write(":1 \(digits(1))\n:2 \(digits(2))\n", to: "from")
    try oracle.scratch.write(":1 \(digits(3))\n:2 \(digits(4))\n:9 \(digits(5))\n", to: "to")
    let stream = makeStream { stream in
      stream.commit(main)
      for digit in 1...3 { stream.line("M 160000 \(digits(digit)) module\(digit)") }
    }
    try await oracle.expectSame(
      stream,
      [
        "--rewrite-submodules-from=m:\(oracle.scratch["from"])",
        "--rewrite-submodules-to=m:\(oracle.scratch["to"])",
      ])
    try await oracle.expectSame(
      stream, ["--rewrite-submodules-from=m:\(oracle.scratch["from"])"])
  }

  /// Longer than the buffer of the stream, and read on its way into the repository.
  @Test func longBlobsAndMessages() async throws {
    var random = Seeded(5)
    let content = random.bytes(3_000_000)
    let lines = (0..<60_000).map { "line \($0) of a long text\n" }.joined()
    try await oracle.expectSame(
      makeStream { stream in
        stream.line("blob")
        stream.line("mark :1")
        stream.data(content)
        stream.line("blob")
        stream.line("mark :2")
        stream.line("data <<END OF IT")
        stream.bytes += Array(lines.utf8)
        stream.line("END OF IT")
        stream.line("")
        stream.commit(main, message: String(repeating: "a long message\n", count: 50_000))
        stream.line("M 644 :1 content")
        stream.line("M 644 :2 lines")
        stream.line("cat-blob :1")
        stream.line("M 644 inline again")
        stream.data(content)
      })
  }

  /// A directory of many entries, of which some change in each commit.
  @Test func largeDirectories() async throws {
    try await oracle.expectSame(
      makeStream { stream in
        var random = Seeded(8)
        stream.commit(main)
        for number in 0..<3000 {
          stream.file("flat/\(number % 7 == 0 ? "dir\(number)/" : "")file \(number)", "\(number)")
        }
        for _ in 0..<40 {
          stream.commit(main)
          for _ in 0..<5 {
            let number = Int(random.next() % 3000)
            switch random.next() % 3 {
            case 0: stream.line("D flat/file \(number)")
            case 1: stream.file("flat/file \(number)", "\(random.next())")
            default: stream.file("flat/dir\(number)", "a file now")
            }
          }
        }
      })
  }
}
