import Foundation
import Testing

/// Runs after the first: what they read, and what they make of files that change or vanish.
@Suite struct IncrementalTests {
  /// A file changed just before a backup might change again within the clock's tick, so a later run
  /// reads it again; this waits until that is past.
  private func settle() {
    Thread.sleep(forTimeInterval: 0.1)
  }

  @Test func onlyWhatChangedIsRead() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try SampleTree.make(at: scratch["source"])
    settle()
    let first = try vault.create("source")
    let firstID = try #require((first["snapshot"] as? [String: Any])?["id"] as? String)

    let second = try vault.create("source")
    #expect(second["readBytes"] as? Int == 0)
    #expect(second["unchangedFiles"] as? Int == second["files"] as? Int)
    #expect(second["previous"] as? String == firstID)
    let stored = try #require(second["store"] as? [String: Int])
    #expect(stored["newChunks"] == 1, "only what describes the snapshot")

    let source = Node(scratch["source"])
    try source.below("many/17").write("changed, with another length")
    try source.below("of 513").write([1, 2, 3], at: 100)
    try source.below("many/new").write("new")
    try source.below("many/18").remove()
    try source.below("setuid").setMode(0o755)
    try source.below("folder/attributes").setAttribute("user.comment", Array("another".utf8))
    try source.below("link").remove()
    try source.below("link").makeLink(to: "elsewhere")
    settle()
    let third = try vault.create("source")
    // The two whose modes and attributes changed are read as well: their change time tells no more.
    #expect(third["readBytes"] as? Int == 28 + 513 + 3 + 2 + 9)

    let changes = try vault.expect("diff", String(firstID.prefix(8)), "latest").lines
    #expect(
      changes == [
        "U source/folder/attributes", "M source/link", "U source/many", "M source/many/17",
        "- source/many/18", "+ source/many/new", "M source/of 513", "U source/setuid",
      ] || changes.filter { $0 != "U source" }.count == 8, "\(changes)")
    let documents = try vault.expect("diff", firstID, "latest", "--json").jsonLines()
    #expect(documents.count == changes.count)
    #expect(
      Set(documents.compactMap { $0["change"] as? String })
        == ["attributes", "modified", "removed", "added"])

    try vault.expect("verify", "--data")
    try vault.expect("restore", "latest", "restored")
    try expectSame(scratch["restored/source"], scratch["source"])
    // The first snapshot is as it was.
    let old = try vault.expect("cat", firstID, "source/many/17").text
    #expect(old == "file 17, some text")
  }

  @Test func severalPlacesAndTheirNames() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    for name in ["a/same", "b/same"] {
      try scratch.makeDirectory(name)
      try scratch.write(name, to: "\(name)/file")
    }
    let refused = try vault.run("create", "a/same", "b/same")
    #expect(refused.status == 2)
    #expect(refused.errors.contains("NAME=PATH"))
    _ = try vault.create("a/same", "other=b/same", "--name", "two")
    #expect(try vault.expect("cat", "two", "same/file").text == "a/same")
    #expect(try vault.expect("cat", "two", "other/file").text == "b/same")

    // "." has the directory's real name, "/" needs one, and a file may have a "=" in its name.
    var inside = vault.program
    inside = Program(folder: scratch["a"], environment: inside.environment)
    #expect(try inside.run(["create", vault.repository, ".", "--name", "dot"]).status == 0)
    #expect(try vault.expect("cat", "dot", "a/same/file").text == "a/same")
    #expect(try inside.run(["create", vault.repository, "same/..", "--name", "up"]).status == 0)
    #expect(try vault.expect("cat", "up", "a/same/file").text == "a/same")
    let top = try vault.run("create", "/")
    #expect(top.status == 2)
    #expect(top.errors.contains("root=/"))
    try scratch.write("literally", to: "x=y")
    _ = try vault.create("x=y", "--name", "sign")
    #expect(try vault.expect("cat", "sign", "x=y").text == "literally")
    #expect(try vault.run("create", "none=/nonexistent").status == 2)

    // A link is stored as a link, and with a "/" behind it as what it leads to.
    try Node(scratch["link"]).makeLink(to: "a/same")
    _ = try vault.create("link", "--name", "link")
    #expect(try vault.expect("ls", "link").lines.count == 1)
    _ = try vault.create("link/", "--name", "followed")
    #expect(try vault.expect("cat", "followed", "link/file").text == "a/same")
  }

  @Test func whatIsExcludedIsLeftOut() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    for name in ["s/build", "s/sub/build", "s/keep"] { try scratch.makeDirectory(name) }
    for name in ["s/a.o", "s/sub/b.o", "s/build/x", "s/sub/build/y", "s/keep/z", "s/top"] {
      try scratch.write("", to: name)
    }
    _ = try vault.create("s", "--exclude", "*.o", "--exclude", "s/build", "--exclude", "top/")
    let paths = try vault.expect("ls", "latest", "--json").jsonLines().map { $0["path"] as? String }
    #expect(
      paths == ["s", "s/keep", "s/keep/z", "s/sub", "s/sub/build", "s/sub/build/y", "s/top"])
  }

  @Test(.enabled(if: Ability.canMount, "file systems can only be mounted as root"))
  func oneFileSystem() throws {
    let vault = try Vault()
    try vault.scratch.makeDirectory("s")
    try vault.scratch.mountMemory("s/mounted", size: "64k")
    try vault.scratch.write("there", to: "s/mounted/file")
    _ = try vault.create("s", "--one-file-system")
    #expect(try vault.expect("ls", "latest").lines.count == 2)
    _ = try vault.create("s")
    #expect(try vault.expect("ls", "latest").lines.count == 3)
  }

  @Test(.enabled(if: Ability.canDropPrivileges, "root is needed to run as somebody else"))
  func unreadableFilesAreNamed() throws {
    let scratch = try Scratch()
    let user = try Unprivileged(in: scratch)
    try scratch.makeDirectory("own")
    try scratch.makeDirectory("source/closed")
    try scratch.write("open", to: "source/open")
    try scratch.write("secret", to: "source/secret")
    try scratch.write("within", to: "source/closed/file")
    for name in ["source/secret", "source/closed"] { try runTool("chmod", "700", scratch[name]) }
    try runTool("chown", "\(Unprivileged.uid)", scratch["own"])

    let (repository, identity) = (scratch["own/repository"], scratch["own/identity"])
    var program = user.program
    program.environment = ["CAIRN_IDENTITY": identity]
    #expect(try program.run(["init", repository, "--new-identity", identity]).status == 0)
    let run = try program.run(["create", repository, "source", "--json"])
    #expect(run.status == 1)
    #expect(run.errors.contains(scratch["source/secret"]))
    #expect(run.errors.contains(scratch["source/closed"]))
    let problems = try #require(try run.json()["problems"] as? [[String: String]])
    #expect(
      Set(problems.compactMap { $0["path"] })
        == [scratch["source/secret"], scratch["source/closed"]])
    let content = try program.run(["cat", repository, "latest", "source/open"])
    #expect(content.text == "open")
  }

  /// The directory is listed, then its first file takes a while; meanwhile the second goes away.
  @Test func vanishingFilesAreNamed() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try scratch.makeDirectory("s")
    var random = Seeded(3)
    try Node(scratch["s/a"]).write(random.bytes(96 << 20))
    try scratch.write("gone", to: "s/b")
    let running = try vault.program.start(["create", vault.repository, "s", "--json"])
    // The first pack is there when a sixth of the first file is stored.
    while running.isRunning, !scratch.exists("repository/packs") { usleep(200) }
    try scratch.remove("s/b")
    let run = running.wait()
    #expect(run.status == 1, "\(run.errors)")
    #expect(run.errors.contains(scratch["s/b"]))
    #expect(try vault.expect("ls", "latest").lines.count == 2)
    try vault.expect("verify", "--data")
  }

  @Test func filesThatKeepChangingAreMarked() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try scratch.makeDirectory("s")
    var random = Seeded(4)
    try Node(scratch["s/log"]).write(random.bytes(24 << 20))
    let writer = Thread { [path = scratch["s/log"]] in
      let file = open(path, O_WRONLY)
      defer { close(file) }
      var byte: UInt8 = 0
      while !Thread.current.isCancelled {
        byte &+= 1
        _ = pwrite(file, [byte], 1, off_t(byte) * 65_536)
        usleep(500)
      }
    }
    writer.start()
    let run = try vault.run("create", "s", "--json")
    writer.cancel()
    #expect(run.status == 1)
    #expect(run.errors.contains(scratch["s/log"]) && run.errors.contains("changing"))
    let entry = try #require(
      try vault.expect("ls", "latest", "s/log", "--json").jsonLines().first)
    #expect(entry["changedWhileRead"] as? Bool == true)
    // Once it is left alone it is read again, although nothing but its mark tells.
    settle()
    let again = try vault.create("s")
    #expect(again["readBytes"] as? Int == 24 << 20)
    try vault.expect("restore", "latest", "restored")
    try expectSame(scratch["restored/s"], scratch["s"])
  }
}
