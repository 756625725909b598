import Foundation
import Testing

/// Who can open a repository.
@Suite struct KeyTests {
  private func publicKey(in file: String, of scratch: Scratch) throws -> String {
    let line = try scratch.read(file).split(separator: "\n").first { $0.contains("age1") }
    return try #require(line?.split(separator: " ").last.map(String.init))
  }

  @Test func keysComeAndGo() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try scratch.write("kept", to: "file")
    _ = try vault.create("file")
    // Somebody else's key, made by a repository of theirs.
    let other = try Vault()
    let recipient = try publicKey(in: "identity", of: other.scratch)
    let added =
      try vault.expect(
        "key add", "--recipient", recipient, "--label", "laptop", "--json"
      ).json()["added"] as? [String]
    let name = try #require(added?.first)
    #expect(name.hasPrefix("laptop-"))
    let theirs = ["--identity", other.scratch["identity"]]
    #expect(try vault.run("cat", ["latest", "file"] + theirs).text == "kept")

    try scratch.write("open sesame\r\nsecond line\n", to: "passphrase")
    try vault.expect("key add", "--new-passphrase-file", "passphrase")
    let keys = try vault.run("key list", theirs + ["--json"]).json()["keys"] as? [[String: Any]]
    #expect(keys?.map { $0["label"] as? String } == ["laptop", "owner", "passphrase"])
    #expect(keys?.map { $0["current"] as? Bool } == [true, false, false])
    #expect(keys?.map { $0["types"] as? [String] } == [["X25519"], ["X25519"], ["scrypt"]])
    #expect(try vault.expect("key list").lines.filter { $0.hasPrefix("* owner-") }.count == 1)

    for key in ["nothing", ""] { #expect(try vault.run("key remove", key).status == 2) }
    try vault.expect("key remove", "laptop")
    #expect(try vault.run("list", theirs).status == 2)
    try vault.expect("key remove", "owner")
    #expect(try vault.run("list").status == 2)
    // The line's bytes without its end, so the carriage return belongs to it.
    try scratch.write("open sesame\r", to: "same")
    try scratch.write("open sesame", to: "other")
    #expect(try vault.run("list", "--passphrase-file", "same").status == 0)
    #expect(try vault.run("list", "--passphrase-file", "other").status == 2)
    let last = try vault.run("key remove", "passphrase", "--passphrase-file", "same")
    #expect(last.status == 2)
    #expect(last.errors.contains("last way in"))
  }

  @Test func ambiguousKeysAreRefused() throws {
    let vault = try Vault()
    let recipient = try publicKey(in: "identity", of: vault.scratch)
    try vault.expect("key add", "--recipient", recipient, "--recipient", recipient)
    let run = try vault.run("key remove", "recipient")
    #expect(run.status == 2)
    #expect(run.errors.contains("2 keys"))
    #expect(try vault.expect("key list").lines.count == 3)
    #expect(try vault.run("key add", "--recipient", recipient, "--label", "No Word").status == 2)
    #expect(try vault.run("key add").status == 2)
  }

  @Test func severalWaysInFromTheStart() throws {
    let scratch = try Scratch()
    let other = try Vault()
    try scratch.write("a phrase\n", to: "passphrase")
    var program = Program(folder: scratch.path)
    let created = try program.run([
      "init", "r", "--new-identity", "identity", "--recipient",
      try publicKey(in: "identity", of: other.scratch), "--passphrase-file", "passphrase", "--json",
    ])
    #expect(created.status == 0, "\(created.errors)")
    #expect((try created.json()["keys"] as? [Any])?.count == 3)
    for options in [
      ["--identity", "identity"], ["--identity", other.scratch["identity"]],
      ["--passphrase-file", "passphrase"],
      ["--identity", "identity", "--passphrase-file", "passphrase"],
    ] {
      #expect(try program.run(["list", "r"] + options).status == 0)
    }

    // For those whom the environment names.
    program.environment = ["CAIRN_PASSPHRASE_FILE": "passphrase"]
    #expect(try program.run(["init", "s"]).status == 0)
    #expect(try program.run(["list", "s"]).status == 0)
    program.environment = ["CAIRN_IDENTITY": "identity"]
    #expect(try program.run(["init", "t"]).status == 0)
    #expect(try program.run(["list", "t"]).status == 0)
  }

  /// What `age` itself makes of it; the format's own tests are the library's.
  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/usr/bin/age"), "age is not installed"))
  func packsOpenWithAge() throws {
    let vault = try Vault()
    try vault.scratch.write("x", to: "file")
    _ = try vault.create("file")
    var age = vault.program
    age.executable = "/usr/bin/age"
    let key = try #require(try vault.blobs("keys").first)
    let way = try age.run(["-d", "-i", "identity", "repository/\(key)"])
    #expect(way.status == 0, "\(way.errors)")
    #expect(way.text.hasPrefix("# cairn way 1\n"))
    try vault.scratch.write(way.text, to: "way")
    let given = try #require(try vault.blobs("access").first)
    let access = try age.run(["-d", "-i", "way", "repository/\(given)"])
    #expect(access.status == 0, "\(access.errors)")
    #expect(access.text.hasPrefix("# cairn access 2\n"))
    try vault.scratch.write(access.text, to: "access")
    for pack in try vault.blobs("packs") {
      let opened = try age.run(["-d", "-i", "access", "repository/\(pack)"])
      #expect(opened.status == 0, "\(opened.errors)")
      #expect(opened.output.prefix(8) == Data("CAIRNPK1".utf8))
    }
  }

  @Test func whatIsThereIsSealedAnew() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try scratch.write("kept", to: "file")
    _ = try vault.create("file")
    try vault.expect("key add", "--output", scratch["other"], "--label", "other")
    try vault.expect("key remove", "other")
    // Takes note of the snapshot, so that it is not missed afterwards.
    try vault.expect("verify")
    let before = try vault.blobs("packs") + vault.blobs("roots")
    let access = try vault.blobs("access")
    let foreseen = try vault.expect("key rotate", "--reseal", "--plan").text
    #expect(try vault.blobs("access") == access)
    #expect(try vault.run("key rotate", "--plan").status != 0)
    try vault.expect("key rotate")
    let plan = try vault.expect("key reseal", "--plan").text
    #expect(plan.hasPrefix("keys before epoch 2 open 1 pack with"), "\(plan)")
    #expect(plan.contains("and 1 snapshot\n") && plan == foreseen, "\(plan)")
    #expect(try vault.blobs("packs") + vault.blobs("roots") == before)
    let report = try vault.expect("key reseal", "--json").json()["report"] as? [String: Any]
    #expect((report?["roots"] as? [Any])?.count == 1)
    #expect(try Set(vault.blobs("packs") + vault.blobs("roots")).isDisjoint(with: before))
    #expect(try vault.run("cat", "latest", "file").text == "kept")
    #expect(try !vault.run("verify", "--data").errors.contains("withheld"))
    #expect(try vault.expect("key reseal", "--plan").text.contains("open 0 packs"))

    // Both at once.
    let between = try vault.blobs("packs")
    #expect(try vault.expect("key rotate", "--reseal").text.hasPrefix("changed to epoch 3"))
    #expect(try Set(vault.blobs("packs")).isDisjoint(with: between))
    #expect(try vault.run("cat", "latest", "file").text == "kept")
  }
}
