import CairnLog
import Foundation
import SystemPackage
import Testing

/// What runs leave in the log, and that it never hinders them.
@Suite struct RunLogTests {
  private let vault: Vault

  init() throws {
    vault = try Vault()
    try vault.scratch.makeDirectory("home/letters/old")
    for name in ["a", "letters/b", "letters/old/c", "letters/old/d", "z"] {
      try vault.scratch.write("content of \(name)", to: "home/\(name)")
    }
  }

  private var home: String { vault.scratch["home"] }

  /// The folder of the log, below the machine's own.
  private func folder() throws -> String {
    let folders = try FileManager.default.contentsOfDirectory(atPath: vault.scratch["state"])
    try #require(folders.count == 1)
    return "state/\(folders[0])"
  }

  private func runs(_ arguments: String...) throws -> [[String: Any]] {
    let run = try vault.run("log", arguments + ["--json"])
    #expect(run.status == 0, "\(run.errors)")
    return try run.jsonLines()
  }

  private func outline(_ rows: [[String: Any]]) -> [String] {
    rows.dropFirst().map { "\($0["depth"] ?? "") \($0["text"] ?? "")" }
  }

  @Test func runsAreListedWithWhatTheyDid() throws {
    _ = try vault.create(home)
    try vault.scratch.write("more", to: "home/letters/old/e")
    _ = try vault.create(home)
    try vault.expect("restore", "latest", vault.scratch["out"])
    try vault.expect("verify", "--data")
    let runs = try runs()
    #expect(
      runs.map { $0["text"] as? String } == [
        "create home", "create home", "restore home to \(vault.scratch["out"])", "verify",
      ])
    #expect(runs.allSatisfy { $0["parent"] is NSNull && $0["seconds"] is Double })
    #expect((runs[0]["result"] as? String)?.contains("5 files, 0 of them unchanged") ?? false)
    #expect((runs[3]["result"] as? String)?.hasSuffix("no problem was found") ?? false)
    #expect(runs.map { $0["run"] as? Int } == [1, 2, 3, 4])
    #expect(runs.allSatisfy { $0["state"] as? String == "ended" })
    let first = try self.runs("--run", "1")
    #expect(
      outline(first) == [
        "1 home", "2 a", "2 letters", "3 b", "3 old", "4 c", "4 d", "2 z",
      ])
    #expect((first[2]["fields"] as? [String: Int]) == ["size": 12])
    // Of files that settled before, only the new one was read: what changed within the same tick of
    // the clock is read again.
    let second = try self.runs("--run", "2")
    #expect(outline(second).contains("4 e"))
    let last = try self.runs("--last")
    #expect(last[0]["text"] as? String == "verify")
    let text = try vault.expect("log")
    #expect(text.lines.count == 5)
    let path = vault.scratch["\(try folder())/runs"]
    #expect(text.lines[4] == "the logs are in \(path)")
    let log = "/runs/00000002"
    #expect(
      try vault.expect("log", "--run", "2").lines.last
        == "the log is \(vault.scratch[try folder() + log])")
    // Names of files are for nobody else.
    for (name, mode) in [
      ("", 0o700), ("/runs", 0o700), (log, 0o700), (log + "/entries", 0o600),
    ] {
      let file = vault.scratch[try folder() + name]
      let attributes = try FileManager.default.attributesOfItem(atPath: file)
      #expect(attributes[.posixPermissions] as? Int == mode, "\(file)")
    }
    let report = try Program(folder: vault.scratch.path, executable: Program.logview).run(
      ["verify", path + "/00000002"])
    #expect(report.status == 0)
  }

  @Test func problemsAndFailuresAreTold() throws {
    _ = try vault.create(home)
    // Damage: a pack is gone.
    for pack in try vault.blobs("packs") { try vault.scratch.remove("repository/\(pack)") }
    #expect(try vault.run("verify").status == 2)
    let rows = try runs("--last")
    #expect(rows[0]["severity"] as? String == "error")
    #expect((rows[0]["result"] as? String)?.hasSuffix("damage was found") ?? false)
    #expect(rows.count > 1 && rows[1]["severity"] as? String == "error")
    #expect(try vault.run("log", "--run", "999").errors.contains("no run 999"))
    #expect(try vault.run("log", "--run", "999").status == 2)
    #expect(try vault.run("log", "--run", "1", "--last").status == 2)
  }

  @Test func aRunThatWasKilledIsSeenAsSuch() throws {
    _ = try vault.create(home)
    let path = vault.scratch["\(try folder())/runs"]
    do {
      // As a process leaves it that is killed.
      let log = try LogRuns(FilePath(path)).start()
      let run = try log.open("create killed")
      _ = try log.open("home", under: run)
    }
    #expect(
      try vault.expect("log").lines[1].hasSuffix(
        "warning create killed: the process ended before that was done"))
    _ = try vault.create(home)
    let runs = try runs()
    #expect(runs.map { $0["state"] as? String } == ["ended", "interrupted", "ended"])
    #expect(runs[1]["severity"] as? String == "warning")
    #expect(runs[1]["result"] == nil)
    #expect(runs[2]["severity"] as? String != "warning")
  }

  @Test func runsAtTheSameTimeAreAllLogged() throws {
    _ = try vault.create(home)
    let path = vault.scratch["\(try folder())/runs"]
    // As another process of this machine that is in the midst of it.
    let other = try LogRuns(FilePath(path)).start()
    let run = try other.open("create elsewhere")
    try other.append("a file", .debug, under: run)
    try other.flush()
    _ = try vault.create(home)
    let runs = try runs()
    #expect(runs.map { $0["state"] as? String } == ["ended", "running", "ended"])
    #expect(outline(try self.runs("--run", "2")) == ["1 a file"])
    #expect(try vault.expect("log").lines[1].hasSuffix("create elsewhere: still running"))
    try other.finish()
  }

  @Test func oneThatIsDamagedDoesNotHideTheOthers() throws {
    for _ in 0..<3 { _ = try vault.create(home) }
    let log = "\(try folder())/runs/00000002"
    try vault.scratch.write(Array(repeating: 7, count: 100), to: "\(log)/entries")
    let list = try vault.run("log", "--json")
    #expect(list.status == 0)
    #expect(list.errors.contains("run 2 cannot be read"))
    #expect(try list.jsonLines().map { $0["run"] as? Int } == [1, 3])
    #expect(try vault.run("log", "--run", "2").status == 2)
  }

  @Test func theOldestAreRemoved() throws {
    _ = try vault.create(home)
    let runs = "\(try folder())/runs"
    for number in 2...371 {
      let name = String(repeating: "0", count: 8 - "\(number)".count) + "\(number)"
      try vault.scratch.makeDirectory("\(runs)/\(name)")
      try vault.scratch.write("", to: "\(runs)/\(name)/entries")
    }
    _ = try vault.create(home)
    let left = try FileManager.default.contentsOfDirectory(atPath: vault.scratch[runs])
    #expect(left.compactMap { Int($0) }.sorted() == Array(7...372))
    #expect(try self.runs("--last")[0]["run"] as? Int == 372)
  }

  @Test func noLogLeavesNone() throws {
    let run = try vault.run("create", home, "--no-log", "--json")
    #expect(run.status == 0 && run.errors == "")
    #expect(!vault.scratch.exists("state"))
    let log = try vault.run("log")
    #expect(log.status == 2)
    #expect(log.errors.contains("no run of this machine"))
  }

  @Test func whatCannotBeLoggedHindersNothing() throws {
    // A file is where the folder should be.
    try vault.scratch.write("", to: "state")
    let refused = try vault.run("create", home, "--json")
    #expect(refused.status == 0)
    #expect(refused.errors.contains("this run is not logged: "))
    #expect(refused.errors.split(separator: "\n").count == 1)
    try vault.scratch.remove("state")
    // Something else is where the log should be.
    _ = try vault.create(home)
    let runs = "\(try folder())/runs"
    try vault.scratch.remove(runs)
    try vault.scratch.write("", to: runs)
    let damaged = try vault.run("create", home, "--json")
    #expect(damaged.status == 0)
    #expect(damaged.errors.contains("this run is not logged: "))
  }

  @Test(.enabled(if: Ability.canMount)) func aFullDiskHindersNothing() throws {
    try vault.scratch.mountMemory("state", size: "512k")
    try vault.scratch.makeDirectory("many")
    for number in 0..<3000 {
      try vault.scratch.write("", to: "many/a file with a name of some length, number \(number)")
    }
    var filled = vault.program
    filled.environment["CAIRN_STATE"] = vault.scratch["state"]
    try vault.scratch.write(Array(repeating: 1, count: 380 << 10), to: "state/filler")
    let run = try filled.run(["create", vault.repository, vault.scratch["many"], "--json"])
    #expect(run.status == 0)
    #expect(run.errors.contains("not logged: "), "\(run.errors)")
    #expect(try run.json()["files"] as? Int == 3000)
  }
}
