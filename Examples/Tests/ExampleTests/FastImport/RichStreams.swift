/// Streams that have a bit of everything, for tests that damage them.
enum RichStreams {
  static let all = [history, notes, branches]

  /// Features, data of both kinds, merges, renames, copies, submodules, tags of all kinds of objects,
  /// questions, aliases, a checkpoint, a deleted branch, `done`.
  static let history = makeStream { stream in
    let main = "refs/heads/main"
    stream.line("feature done")
    stream.line("feature notes")
    stream.blob(1, "content of\nsome lines\n")
    for line in ["blob", "mark :2", "original-oid 1234", "data <<END", "x", "y", "END", ""] {
      stream.line(line)
    }
    stream.commit(main, mark: 3)
    stream.line("M 644 :1 a/b")
    stream.line("M 755 :2 \"tool \\\"x\\\"\"")
    stream.file("link", "target", mode: "120000")
    stream.file("a/c/d", "deep\n")
    stream.commit("refs/heads/side", mark: 4, from: ":3")
    for line in ["R a/c moved/c", "C a copy", "D link", "ls \"copy/b\"", "cat-blob :1", ""] {
      stream.line(line)
    }
    stream.commit(main, mark: 5, merge: ["refs/heads/side", ":3"])
    stream.line("M 040000 4b825dc642cb6eb9a060e54bf8d69288fbee4904 empty")
    stream.line("M 160000 0123456789012345678901234567890123456789 sub")
    stream.line("# a comment")
    stream.line("deleteall")
    stream.file("z", "z\n")
    stream.line("tag v1")
    stream.line("from :5")
    stream.line("tagger T <t@example.com> 1300 +0000")
    stream.data("t\n")
    for line in [
      "get-mark :5", "ls :4 copy", "ls :5 z", "reset refs/heads/other", "from :4", "",
      "progress hello", "checkpoint", "", "alias", "mark :6", "to :4", "",
    ] { stream.line(line) }
    stream.commit("refs/heads/other", mark: 7, from: ":6")
    for line in ["D copy", "tag onblob", "mark :8", "from :1"] { stream.line(line) }
    stream.data("")
    for line in ["tag ontag", "from :8"] { stream.line(line) }
    stream.data("x")
    stream.line("reset refs/heads/side")
    stream.line("from 0000000000000000000000000000000000000000")
    stream.line("")
    stream.line("done")
  }

  /// Notes that are added, replaced and removed, and expressions that lead back.
  static let notes = makeStream { stream in
    let main = "refs/heads/main"
    stream.commit(main, mark: 1)
    stream.file("f", "1\n")
    stream.commit(main, mark: 2)
    stream.file("f", "2\n")
    stream.commit("refs/notes/x", mark: 3)
    stream.line("N inline :1")
    stream.data("note1")
    stream.line("N inline :2")
    stream.data("note2")
    stream.commit("refs/notes/x", mark: 4)
    stream.line("N 0000000000000000000000000000000000000000 :1")
    for line in ["N inline refs/heads/main", "data <<E", "again", "E", "", "checkpoint", ""] {
      stream.line(line)
    }
    stream.commit(main, mark: 5, from: "refs/heads/main^0")
    for line in [
      "C \"\" all", "R all/f \"f g\"", "reset refs/heads/old", "from main~1", "", "ls :5 \"\"",
      "ls :5 all", "cat-blob d00491fd7e5bb6fa28c517a0bb32b8b506539d4d",
    ] { stream.line(line) }
  }

  /// Options, several branches over several directories, commits without authors, encodings.
  static let branches = makeStream { stream in
    for line in ["option git quiet", "option other x", "feature date-format=raw", "feature ls"] {
      stream.line(line)
    }
    stream.commit("refs/heads/a", mark: 1)
    for number in 0..<4 { stream.file("d\(number % 3)/e\(number % 2)/f\(number)", "\(number)") }
    stream.line("")
    stream.commit("refs/heads/b", mark: 2, from: "refs/heads/a")
    for line in ["D d0/e0", "R d1 d0/e1/x", "C d2/e0 \"d 2\""] { stream.line(line) }
    stream.commit("refs/heads/c", mark: 3, merge: ["refs/heads/a", "refs/heads/b"], message: "")
    stream.file("only", "x")
    for line in ["commit refs/heads/a", "mark :4", "committer <> 5 +0000", "encoding latin1"] {
      stream.line(line)
    }
    stream.data("")
    for line in ["merge :2", "merge :3", "ls \"d0/e0/f0\"", "ls \"nothing\"", ""] {
      stream.line(line)
    }
    stream.blob(9, "abc")
    stream.line("commit refs/heads/a")
    stream.line("committer N <n@example.com> 7 +0000")
    stream.data("k")
    for line in ["M 100644 :9 q", "M 100644 inline in", "cat-blob :9"] { stream.line(line) }
    stream.data("w")
    for line in [
      "reset refs/tags/light", "from :4", "", "reset refs/heads/c", "commit refs/heads/c",
      "committer N <n@example.com> 8 +0000",
    ] { stream.line(line) }
    stream.data("k")
    for line in ["tag t2", "from refs/heads/a", "original-oid x"] { stream.line(line) }
    stream.line("tagger T <t@example.com> 9 +0000")
    stream.data("x")
  }
}
