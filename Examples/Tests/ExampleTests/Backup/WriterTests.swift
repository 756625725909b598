import Foundation
import Testing

/// A machine that may only write, and the owner who set it up.
@Suite struct WriterTests {
  /// A vault with a writer's key in the file "laptop".
  private func makeVault() throws -> (vault: Vault, laptop: Program) {
    let vault = try Vault()
    try vault.expect("key add", "--writer", "--output", vault.scratch["laptop"])
    var laptop = vault.program
    laptop.environment["CAIRN_IDENTITY"] = vault.scratch["laptop"]
    laptop.environment["CAIRN_STATE"] = vault.scratch["state"]
    return (vault, laptop)
  }

  private func expect(
    _ program: Program, _ vault: Vault, _ words: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Program.Run {
    let run = try program.run([words[0], vault.repository] + words.dropFirst())
    #expect(run.errors == "", sourceLocation: sourceLocation)
    try #require(run.status == 0, sourceLocation: sourceLocation)
    return run
  }

  @Test func backsUpByWhatChangedAndReadsNothing() throws {
    let (vault, laptop) = try makeVault()
    try vault.scratch.write("a secret", to: "file")
    _ = try vault.create("file", "--name", "owners")
    Thread.sleep(forTimeInterval: 0.1)
    let first = try expect(laptop, vault, "create", "file", "--name", "mine", "--json").json()
    #expect(first["readBytes"] as? Int == 8)
    let second = try expect(laptop, vault, "create", "file", "--name", "mine", "--json").json()
    #expect(second["readBytes"] as? Int == 0 && second["unchangedFiles"] as? Int == 1)

    let listed = try expect(laptop, vault, "list", "--json").json()["snapshots"]
    #expect((listed as? [[String: Any]])?.map { $0["name"] as? String } == ["mine", "mine"])
    #expect(try expect(laptop, vault, "list").lines.count == 2)
    _ = try expect(laptop, vault, "verify", "--data")
    for words in [
      ["ls", vault.repository, "latest"], ["cat", vault.repository, "latest", "file"],
      ["restore", vault.repository, "latest", "out"], ["find", vault.repository, "*"],
      ["key", "list", vault.repository], ["key", "rotate", vault.repository],
    ] {
      let run = try laptop.run(words)
      #expect(run.status == 2 && run.text == "", "\(words)")
      #expect(run.errors.contains("read nothing there"), "\(words): \(run.errors)")
    }
    #expect(try vault.run("cat", "mine", "file").text == "a secret")
    #expect(try vault.expect("list").lines.count == 3)
  }

  @Test func aReadersKeyWritesNothing() throws {
    let vault = try Vault()
    try vault.scratch.write("x", to: "file")
    _ = try vault.create("file")
    try vault.expect("key add", "--reader", "--output", vault.scratch["auditor"])
    let key = ["--identity", vault.scratch["auditor"]]
    #expect(try vault.run("cat", ["latest", "file"] + key).text == "x")
    #expect(try vault.run("verify", ["--data"] + key).status == 0)
    let refused = try vault.run("create", ["file"] + key)
    #expect(refused.status == 2 && refused.errors.contains("not write"))
    #expect(try vault.run("key rotate", key).status == 2)
    let both = try vault.run("key add", "--reader", "--writer", "--output", "other")
    #expect(both.status == 2)
    let keys = try vault.expect("key list", "--json").json()["keys"] as? [[String: Any]]
    #expect(keys?.map { $0["capability"] as? String } == ["owner", "reader"])
  }

  /// All that a thief of the machine finds, given to the age tool.
  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/usr/bin/age"), "age is not installed"))
  func ageOpensNoPackWithAWritersKey() throws {
    let (vault, laptop) = try makeVault()
    try vault.scratch.write("a secret", to: "file")
    _ = try expect(laptop, vault, "create", "file")
    var age = vault.program
    age.executable = "/usr/bin/age"
    var keys = ["laptop"]
    // Opens whatever it can with what it has, until that gives nothing more.
    var openedFolders: Set<String> = []
    for round in 0..<3 {
      for folder in ["keys", "access", "index", "packs", "roots"] {
        for blob in try vault.blobs(folder) {
          let run = try age.run(
            ["-d"] + keys.flatMap { ["-i", $0] } + ["repository/\(blob)"])
          guard run.status == 0 else { continue }
          openedFolders.insert(folder)
          guard run.text.contains("AGE-SECRET-KEY") else { continue }
          let name = "found-\(round)-\(keys.count)"
          try vault.scratch.write(run.text, to: name)
          keys.append(name)
        }
      }
    }
    #expect(openedFolders == ["keys", "access", "index", "roots"])
  }

  @Test func whoWasRemovedReadsNothingNew() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try vault.expect("key add", "--output", scratch["partner"])
    try vault.expect("key add", "--writer", "--output", scratch["laptop"])
    try scratch.write("x", to: "file")
    _ = try vault.create("file", "--name", "first")
    try vault.expect("key remove", "owner-" + ownerDigits(vault, of: "partner"))
    let rotated = try vault.expect("key rotate", "--json").json()
    #expect(rotated["epoch"] as? Int == 2 && rotated["isNew"] as? Bool == true)
    #expect(try vault.run("list", "--identity", scratch["partner"]).status == 2)
    _ = try vault.create("file", "--name", "second")
    #expect(try vault.expect("list").lines.count == 2)
    #expect(try vault.expect("key list").lines.allSatisfy { !$0.contains("old") })
    #expect(
      try vault.run("list", "--identity", scratch["laptop"]).status == 0, "the writer goes on")
  }

  /// The digits of the key that this identity opens, which the list marks for whoever asks.
  private func ownerDigits(_ vault: Vault, of identity: String) throws -> String {
    let run = try vault.run("key list", "--identity", vault.scratch[identity])
    let line = try #require(run.lines.first { $0.hasPrefix("* ") })
    return String(line.dropFirst("* owner-".count).prefix(8))
  }

  @Test func aSnapshotThatVanishedIsAskedAbout() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    var program = vault.program
    program.environment["CAIRN_STATE"] = scratch["state"]
    try scratch.write("x", to: "file")
    _ = try vault.create("file", "--name", "first")
    _ = try vault.create("file", "--name", "second")
    let verify = ["verify", vault.repository, "--seen"]
    #expect(try program.run(verify).status == 0)
    let root = try #require(try vault.blobs("roots").first)
    try FileManager.default.removeItem(atPath: "\(vault.repository)/\(root)")
    for _ in 0..<2 {
      let run = try program.run(verify)
      #expect(run.status == 2 && run.errors.contains(root.dropFirst("roots/".count)))
    }
    #expect(try program.run(["verify", vault.repository, "--accept"]).status == 0)
    #expect(try program.run(verify).status == 0)
    #expect(try program.run(["verify", vault.repository]).status == 0)
  }
}
