import Foundation
import Testing

/// What cannot be done: refused with the status 2, a message that says what to do, and nothing lost.
@Suite struct RefusalTests {
  @Test(arguments: [
    [], ["create"], ["nonsense"], ["list", "--nonsense", "x"], ["ls", "repository"],
    ["ls", "repository", "latest", "--limit", "-1"], ["verify", "repository", "--sample", "0"],
    ["verify", "repository", "--data", "--sample", "5"], ["key"],
  ])
  func usage(_ arguments: [String]) throws {
    let scratch = try Scratch()
    let run = try Program(folder: scratch.path).run(arguments)
    // Without a subcommand, help is what is wanted.
    let wantsHelp = arguments.isEmpty || arguments == ["key"]
    #expect(run.status == (wantsHelp ? 0 : 2), "\(run.errors)")
    #expect((wantsHelp ? run.text : run.errors).lowercased().contains("usage:"))
  }

  @Test func help() throws {
    let scratch = try Scratch()
    let program = Program(folder: scratch.path)
    for command in ["create", "list", "ls", "cat", "find", "diff", "restore", "verify", "key add"] {
      let run = try program.run(command.split(separator: " ").map(String.init) + ["--help"])
      #expect(run.status == 0)
      #expect(run.text.contains("--json") && run.text.contains("CAIRN_IDENTITY"), "\(command)")
    }
  }

  @Test func noRepository() throws {
    let vault = try Vault()
    try vault.scratch.makeDirectory("empty")
    try vault.scratch.write("", to: "file")
    for (place, words) in [
      ("empty", "holds no repository"), ("nowhere", "no such directory"),
      ("file", "is not a directory"),
    ] {
      for command in [["list"], ["create", "x"], ["restore", "latest", "out"], ["key", "list"]] {
        let (name, rest) =
          command[0] == "key" ? (["key", "list"], []) : ([command[0]], Array(command.dropFirst()))
        let run = try vault.program.run(name + [place] + rest)
        #expect(run.status == 2)
        #expect(run.errors.contains(words), "\(run.errors)")
        #expect(run.errors.contains(place))
      }
    }
    #expect(!vault.scratch.exists("nowhere"))
  }

  @Test func initialisation() throws {
    let vault = try Vault()
    var program = vault.program
    let again = try program.run(["init", "repository", "--new-identity", "other"])
    #expect(again.status == 2)
    #expect(again.errors.contains("holds a repository already"))
    #expect(!vault.scratch.exists("other"), "a key that opens nothing is removed")

    let kept = try vault.scratch.read("identity")
    let taken = try program.run(["init", "new", "--new-identity", "identity"])
    #expect(taken.status == 2)
    #expect(taken.errors.contains("identity"))
    #expect(try vault.scratch.read("identity") == kept)

    #expect(try program.run(["init", "new", "--recipient", "age1nonsense"]).status == 2)
    #expect(try program.run(["init", "a/b/c", "--new-identity", "other"]).status == 2)
    #expect(!vault.scratch.exists("other"))
    try vault.scratch.write("\nsecond line\n", to: "passphrase")
    let empty = try program.run(["init", "new", "--passphrase-file", "passphrase"])
    #expect(empty.status == 2)
    #expect(empty.errors.contains("first line"))

    program.environment = [:]
    let nobody = try program.run(["init", "new"])
    #expect(nobody.status == 2)
    #expect(nobody.errors.contains("--new-identity"))
    let mode = try FileManager.default.attributesOfItem(atPath: vault.scratch["identity"])
    #expect(mode[.posixPermissions] as? Int == 0o600)
    #expect(kept.hasPrefix("# created: 20") && kept.contains("\n# public key: age1"))
  }

  @Test func wrongKeys() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try scratch.write("right\n", to: "right")
    try scratch.write("wrong\n", to: "wrong")
    try scratch.write("# nothing\n", to: "comment")
    try scratch.write("AGE-SECRET-KEY-1NONSENSE\n", to: "mistyped")
    try vault.expect("key add", "--new-passphrase-file", "right")
    #expect(try vault.run("init", "x").status == 2)
    let other = try Vault()
    var stranger = vault.program
    for (options, words) in [
      (["--identity", other.scratch["identity"]], "right one for this repository"),
      (["--passphrase-file", "wrong"], "right one for this repository"),
      (["--identity", "nowhere"], "nowhere"), (["--passphrase-file", "nowhere"], "nowhere"),
      (["--identity", "comment"], "comment"), (["--identity", "mistyped"], "mistyped"),
    ] {
      let run = try stranger.run(["list", vault.repository] + options)
      #expect(run.status == 2)
      #expect(run.errors.contains(words), "\(run.errors)")
    }
    stranger.environment = [:]
    let nothing = try stranger.run(["list", vault.repository])
    #expect(nothing.status == 2)
    #expect(nothing.errors.contains("CAIRN_IDENTITY"))
    stranger.environment = ["CAIRN_PASSPHRASE_FILE": "right"]
    #expect(try stranger.run(["list", vault.repository]).status == 0)
    // What stands on the command line replaces the environment.
    #expect(
      try stranger.run(["list", vault.repository, "--passphrase-file", "wrong"]).status == 2)
  }

  @Test func newerFormat() throws {
    let vault = try Vault()
    let descriptor = try vault.scratch.read("repository/cairn")
    let lines = descriptor.replacing("version 1\n", with: "version 2\n")
      .split(separator: "\n").dropLast().map { "\($0)\n" }.joined()
    try vault.scratch.write(lines, to: "lines")
    let tool = ["/usr/bin/sha256sum", "/usr/bin/shasum"].first {
      FileManager.default.isExecutableFile(atPath: $0)
    }
    var digest = Program(folder: vault.scratch.path)
    digest.executable = try #require(tool)
    let arguments = tool?.hasSuffix("shasum") == true ? ["-a", "256", "lines"] : ["lines"]
    let sum = try digest.run(arguments).text.prefix(64)
    try vault.scratch.write(lines + "sha256 \(sum)\n", to: "repository/cairn")
    let run = try vault.run("list")
    #expect(run.status == 2)
    #expect(run.errors.contains("format 2") && run.errors.contains("newer version"))
  }

  @Test func snapshotsThatAreNotThere() throws {
    let vault = try Vault()
    try vault.scratch.write("x", to: "file")
    #expect(try vault.run("restore", "latest", "out").errors.contains("no snapshots"))
    for _ in 0..<20 { _ = try vault.create("file") }
    #expect(try vault.run("ls", "nothing").status == 2)
    // Twenty ids cannot all begin with different digits.
    let list = try vault.expect("list", "--json").json()["snapshots"] as? [[String: Any]]
    let digits = try #require(list?.compactMap { ($0["id"] as? String)?.first })
    let twice = try #require(digits.first { digit in digits.filter { $0 == digit }.count > 1 })
    let ambiguous = try vault.run("ls", String(twice))
    #expect(ambiguous.status == 2)
    #expect(ambiguous.errors.contains("more digits"))
    for name in ["latest", ""] {
      #expect(try vault.run("create", "file", "--name", name).status == 2)
    }
    for tag in ["x", "=x"] { #expect(try vault.run("create", "file", "--tag", tag).status == 2) }
    #expect(try vault.run("create", "file", "--tag", "a=1", "--tag", "a=2").status == 2)
    #expect(try vault.run("create", "file", "--exclude", "/").status == 2)
    #expect(try vault.run("create", "nowhere").errors.contains("nowhere"))
    #expect(try vault.expect("list").lines.count == 20)
  }

  @Test(.enabled(if: Ability.canMount, "file systems can only be mounted as root"))
  func fullDisk() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try scratch.mountMemory("small", size: "2m")
    var program = vault.program
    program.environment = ["CAIRN_IDENTITY": scratch["other"]]
    #expect(try program.run(["init", "small/repository", "--new-identity", "other"]).status == 0)
    try scratch.makeDirectory("s")
    try scratch.write("fits", to: "s/file")
    #expect(try program.run(["create", "small/repository", "s", "--name", "fits"]).status == 0)
    var random = Seeded(11)
    for number in 0..<8 { try scratch.write(random.bytes(1 << 20), to: "s/\(number)") }
    let run = try program.run(["create", "small/repository", "s"])
    #expect(run.status == 2)
    #expect(run.errors.contains("No space left") && run.errors.contains("free some space"))
    // What was committed is there, and what fits goes on.
    #expect(try program.run(["verify", "small/repository", "--data"]).status == 0)
    #expect(try program.run(["cat", "small/repository", "latest", "s/file"]).text == "fits")
    for number in 0..<8 { try scratch.remove("s/\(number)") }
    let next = try program.run(["create", "small/repository", "s"])
    #expect(next.status == 0, "\(next.errors)")
    #expect(try program.run(["verify", "small/repository", "--data"]).status == 0)
  }

  @Test(.enabled(if: Ability.canMount, "file systems can only be mounted as root"))
  func readOnlyFileSystem() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try scratch.mountMemory("disk", size: "8m")
    var program = vault.program
    program.environment = ["CAIRN_IDENTITY": scratch["other"]]
    #expect(try program.run(["init", "disk/repository", "--new-identity", "other"]).status == 0)
    try scratch.write("kept", to: "file")
    #expect(try program.run(["create", "disk/repository", "file"]).status == 0)
    try runTool("mount", "-o", "remount,ro", scratch["disk"])
    try scratch.write("new", to: "file")
    for arguments in [
      ["create", "disk/repository", "file"],
      ["key", "add", "disk/repository", "--recipient", try recipient(of: scratch)],
      ["init", "disk/another", "--new-identity", "third"],
    ] {
      let run = try program.run(arguments)
      #expect(run.status == 2)
      #expect(run.errors.contains("read-only"), "\(run.errors)")
    }
    // Reading needs no writing.
    #expect(try program.run(["verify", "disk/repository", "--data"]).status == 0)
    #expect(try program.run(["cat", "disk/repository", "latest", "file"]).text == "kept")
    #expect(try program.run(["restore", "disk/repository", "latest", "out"]).status == 0)
    #expect(try program.run(["restore", "disk/repository", "latest", "disk/out"]).status == 2)
  }

  private func recipient(of scratch: Scratch) throws -> String {
    let line = try scratch.read("identity").split(separator: "\n").first { $0.contains("age1") }
    return try #require(line?.split(separator: " ").last.map(String.init))
  }

  @Test(.enabled(if: Ability.canDropPrivileges, "root is needed to run as somebody else"))
  func noPermission() throws {
    let scratch = try Scratch()
    let user = try Unprivileged(in: scratch)
    let owner = Program(
      folder: scratch.path, environment: ["CAIRN_IDENTITY": scratch["identity"]])
    #expect(try owner.run(["init", "repository", "--new-identity", "identity"]).status == 0)
    try scratch.write("x", to: "file")
    #expect(try owner.run(["create", "repository", "file"]).status == 0)

    var program = user.program
    program.environment = owner.environment
    let locked = try program.run(["list", "repository"])
    #expect(locked.status == 2)
    #expect(locked.errors.contains("ermission"), "\(locked.errors)")
    #expect(locked.errors.contains("identity") || locked.errors.contains("repository"))
    try runTool("chmod", "644", scratch["identity"])
    for command in [
      ["list"], ["create", "file"], ["restore", "latest", "/tmp/never"], ["verify"],
    ] {
      let run = try program.run([command[0], "repository"] + command.dropFirst())
      #expect(run.status == 2)
      #expect(run.errors.contains("Permission denied"), "\(run.errors)")
      #expect(run.errors.contains("repository") || run.errors.contains("cairn"))
    }
    // Reading is allowed, and writing is not.
    try runTool("chmod", "-R", "a+rX", scratch["repository"])
    #expect(try program.run(["cat", "repository", "latest", "file"]).text == "x")
    let create = try program.run(["create", "repository", "file"])
    #expect(create.status == 2)
    #expect(create.errors.contains("Permission denied"), "\(create.errors)")
    let restore = try program.run(["restore", "repository", "latest", "out"])
    #expect(restore.status == 2)
    #expect(restore.errors.contains("out"), "\(restore.errors)")
    #expect(try owner.run(["verify", "repository", "--data"]).status == 0)
  }
}
