import Foundation
import Testing

/// What scripts rely on: documents, statuses, and how the program behaves in pipes and when stopped.
@Suite struct OutputTests {
  private func makeVault() throws -> Vault {
    // Many files take a disk's file system a while.
    let vault = try Vault(in: Ability.memoryFolder)
    try vault.scratch.makeDirectory("s/sub")
    for number in 0..<3000 { try vault.scratch.write("\(number)", to: "s/sub/\(number)") }
    return vault
  }

  @Test func documents() throws {
    let vault = try makeVault()
    let created = try vault.create("s", "--tag", "k=v")
    for field in [
      "snapshot", "files", "directories", "others", "unchangedFiles", "bytes", "readBytes",
      "problems", "skipped", "unlistedProblems", "store", "elapsed", "stages",
    ] {
      #expect(created[field] != nil, "\(field)")
    }
    let stages = try #require(created["stages"] as? [String: Double])
    #expect(
      Set(stages.keys).isSuperset(of: ["read", "cut", "name", "pack", "seal", "check", "put"]))
    #expect(stages.values.allSatisfy { $0 >= 0 && $0 < 600 }, "seconds")
    let elapsed = try #require(created["elapsed"] as? Double)
    #expect(elapsed > 0 && elapsed < 600)
    #expect(created["files"] as? Int == 3000)

    let list = try vault.expect("list", "--json").json()
    let snapshot = try #require((list["snapshots"] as? [[String: Any]])?.first)
    for field in [
      "id", "name", "startTime", "time", "host", "sources", "tags", "entries", "bytes",
    ] {
      #expect(snapshot[field] != nil, "\(field)")
    }
    let time = try #require(snapshot["time"] as? String)
    #expect(time.wholeMatch(of: /20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z/) != nil)

    let entry = try #require(
      try vault.expect("ls", "latest", "s/sub/7", "--json").jsonLines().first)
    for field in ["path", "kind", "mode", "uid", "gid", "size", "modified", "links"] {
      #expect(entry[field] != nil, "\(field)")
    }
    let found = try #require(try vault.expect("find", "2999", "--json").jsonLines().first)
    #expect(found["snapshot"] as? String == snapshot["id"] as? String)
    #expect((found["entry"] as? [String: Any])?["path"] as? String == "s/sub/2999")

    let verify = try vault.expect("verify", "--data", "--json").json()
    #expect(verify["sound"] as? Bool == true)
    #expect((verify["report"] as? [String: Any])?["checkedPacks"] != nil)
    #expect((verify["affected"] as? [Any])?.isEmpty == true)
    let restore = try vault.expect("restore", "latest", "out", "--json").json()
    for field in ["snapshot", "destination", "files", "directories", "others", "bytes", "problems"]
    {
      #expect(restore[field] != nil, "\(field)")
    }
    var program = vault.program
    program.environment = [:]
    let created2 = try program.run(["init", "r2", "--new-identity", "id2", "--json"]).json()
    #expect(created2["id"] != nil && created2["newIdentity"] as? String == "id2")
  }

  /// Lists are for people: names cannot forge lines, and columns can be read.
  @Test func lists() throws {
    let vault = try Vault()
    let folder = Node(vault.scratch["s"])
    try folder.makeDirectory()
    try folder.below("a\nb").write("x")
    try folder.below("a\nb").setTime(1_000_000_000, nanoseconds: 0)
    try folder.below("a\nb").setMode(0o4711)
    try folder.below("link").makeLink(to: "to\u{1B}[31m")
    _ = try vault.create("s")
    let lines = try vault.expect("ls", "latest").lines
    #expect(lines.count == 3)
    #expect(lines[1].hasPrefix("-rws--x--x "))
    #expect(lines[1].hasSuffix(#"1 2001-09-09 01:46:40 s/a\nb"#), "\(lines[1])")
    #expect(lines[2].hasPrefix("lrwxrwxrwx ") && lines[2].hasSuffix(#"s/link -> to\x1b[31m"#))
  }

  @Test func nothingButTheResultIsPutOut() throws {
    let vault = try makeVault()
    // Standard error is no terminal here, so there is no progress line.
    #expect(try vault.expect("create", "s").lines.count == 3)
    #expect(try vault.expect("restore", "latest", "out").lines.count == 1)
    #expect(try vault.expect("verify", "--data").lines.count == 2)
  }

  /// `backup ls … | head` ends without a word.
  @Test func readersThatGo() throws {
    let vault = try makeVault()
    try vault.scratch.makeDirectory("empty")
    _ = try vault.create("s=empty", "--name", "first")
    var random = Seeded(9)
    try vault.scratch.write(random.bytes(4 << 20), to: "s/large")
    _ = try vault.create("s")
    var shell = vault.program
    shell.executable = "/bin/sh"
    for (command, arguments) in [
      ("ls", "latest"), ("ls", "latest --json"), ("find", "'*'"), ("diff", "first latest"),
      ("cat", "latest s/large"), ("cat", "latest s/large --json"),
    ] {
      let run = try shell.run([
        "-c",
        """
        { "$0" \(command) "$1" \(arguments); echo "status $?" >&2; } | head -c 10 | wc -c
        """,
        Program.backup, vault.repository,
      ])
      #expect(run.errors == "status 0\n", "\(command)")
      #expect(run.text.contains("10"), "\(command)")
    }
  }

  @Test func outputThatCannotBeWritten() throws {
    #if os(Linux)
      let vault = try makeVault()
      _ = try vault.create("s")
      var shell = vault.program
      shell.executable = "/bin/sh"
      for command in ["list \"$1\"", "ls \"$1\" latest", "cat \"$1\" latest s/sub/7"] {
        let run = try shell.run([
          "-c", "\"$0\" \(command) >/dev/full", Program.backup, vault.repository,
        ])
        #expect(run.status == 2, "\(command)")
        #expect(run.errors.contains("No space left"), "\(run.errors)")
      }
    #endif
  }

  @Test(arguments: [SIGINT, SIGTERM]) func interruption(_ signal: Int32) throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try scratch.makeDirectory("s")
    var random = Seeded(10)
    for number in 0..<20 { try scratch.write(random.bytes(4 << 20), to: "s/\(number)") }
    let running = try vault.program.start(["create", vault.repository, "s"])
    while running.isRunning, !scratch.exists("repository/packs") { usleep(200) }
    running.send(signal)
    let run = running.wait()
    #expect(run.status == 2)
    #expect(run.errors.contains("interrupted; what was stored is kept"), "\(run.errors)")
    #expect(run.output.isEmpty)
    try vault.expect("verify", "--data")
    #expect(try vault.expect("list").lines.isEmpty)
    let next = try vault.create("s")
    let stored = try #require(next["store"] as? [String: Int])
    #expect(stored["knownBytes"] ?? 0 > 8 << 20, "what the first run stored is used")
    try vault.expect("restore", "latest", "out")
    try expectSame(scratch["out/s"], scratch["s"])
  }
}
