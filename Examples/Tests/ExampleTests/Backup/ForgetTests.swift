import Foundation
import Synchronization
import Testing

/// Snapshots that are forgotten, and what was stored for them alone.
@Suite struct ForgetTests {
  private let vault: Vault
  private var scratch: Scratch { vault.scratch }

  init() throws {
    vault = try Vault()
    try FileManager.default.createDirectory(
      atPath: vault.scratch["source"], withIntermediateDirectories: true)
  }

  /// Backs up a file of random bytes, and returns the snapshot's id.
  private func backUp(_ seed: UInt64, _ arguments: String...) throws -> String {
    var random = Seeded(seed)
    try Data(random.bytes(300_000)).write(to: URL(filePath: scratch["source/file"]))
    let run = try vault.run("create", ["source", "--json"] + arguments)
    #expect(run.status == 0, "\(run.errors)")
    let snapshot = try #require(try run.json()["snapshot"] as? [String: Any])
    return try #require(snapshot["id"] as? String)
  }

  private func ids(_ documents: Any?) throws -> [String] {
    try (#require(documents as? [[String: Any]])).map { try #require($0["id"] as? String) }
  }

  private func listed() throws -> [String] {
    try ids(try vault.expect("list", "--json").json()["snapshots"])
  }

  private func storedBytes() throws -> Int {
    try vault.blobs("packs").reduce(0) { $0 + (try vault.bytes(of: $1).count) }
  }

  @Test func whatNoRuleKeepsGoes() throws {
    let ids = try (1...4).map { try backUp($0, "--name", "a") }
    let other = try backUp(5, "--name", "b")
    let tagged = try backUp(6, "--name", "a", "--tag", "keep=yes")
    let last = try backUp(7, "--name", "a")
    let plan = try vault.expect(
      "forget", "--keep-last", "1", "--keep-tag", "keep=yes", "--name", "a", "--dry-run", "--json"
    ).json()
    #expect(plan["dryRun"] as? Bool == true)
    #expect(try self.ids(plan["forgotten"]) == ids)
    #expect(try listed().count == 7, "a dry run removes nothing")

    let done = try vault.expect(
      "forget", "--keep-last", "1", "--keep-tag", "keep=yes", "--name", "a", "--json"
    ).json()
    #expect(try self.ids(done["forgotten"]) == ids)
    let reasons = try #require(done["kept"] as? [[String: Any]]).map { $0["reasons"] as? [String] }
    #expect(reasons == [["other name"], ["tag"], ["last"]])
    #expect(try listed() == [other, tagged, last])
  }

  @Test func whatIsNamedGoes() throws {
    let first = try backUp(11)
    let second = try backUp(12)
    #expect(try vault.expect("forget", String(first.prefix(10))).lines.count == 1)
    #expect(try listed() == [second])
    let run = try vault.run("forget", String(first.prefix(10)))
    #expect(run.status == 2 && run.errors.contains("no snapshot"))
  }

  @Test func whatIsForgottenIsPruned() throws {
    let first = try backUp(21)
    let second = try backUp(22)
    try vault.expect("verify", "--seen")
    let before = try storedBytes()
    try vault.expect("prune")
    #expect(try storedBytes() >= before - 1000, "everything is needed")
    try vault.expect("forget", first)
    let plan = try vault.expect("prune", "--dry-run", "--json").json()
    #expect(plan["report"] == nil)
    #expect(try storedBytes() >= before - 1000, "a dry run deletes nothing")

    let done = try vault.expect("prune", "--max-unused", "0", "--json").json()
    let report = try #require(done["report"] as? [String: Any])
    #expect(try #require(report["deletedPacks"] as? Int) > 0)
    #expect(try storedBytes() < before - 250_000)
    // What was forgotten on purpose is not missed.
    try vault.expect("verify", "--data", "--seen")
    try vault.expect("restore", second, "restored")
    #expect(
      try Data(contentsOf: URL(filePath: scratch["restored/source/file"]))
        == Data(contentsOf: URL(filePath: scratch["source/file"])))
    let again = try vault.expect("prune", "--max-unused", "0", "--json").json()
    #expect((again["report"] as? [String: Any])?["deletedPacks"] as? Int == 0)
  }

  /// Processes that back up, forget and prune the same repository at once, and no lock.
  @Test func backupsAndPrunesGoOnAtOnce() throws {
    let kept = try backUp(31, "--name", "kept")
    for writer in 0..<2 {
      try FileManager.default.createDirectory(
        atPath: scratch["writer\(writer)"], withIntermediateDirectories: true)
    }
    let runs = Mutex<[(name: String, run: Program.Run)]>([])
    let group = DispatchGroup()
    for (number, name) in ["writer0", "writer1", "pruner", "pruner"].enumerated() {
      let (vault, scratch) = (UncheckedSendable(vault), scratch["."])
      DispatchQueue.global().async(group: group) {
        var random = Seeded(UInt64(40 + number))
        for round in 0..<4 {
          let run: Program.Run?
          if name == "pruner" {
            _ = try? vault.value.run("forget", "--name", "writer0", "--keep-last", "1")
            run = try? vault.value.run("prune", "--max-unused", "0", "--wait", "0")
          } else {
            let file = URL(filePath: "\(scratch)/\(name)/\(round)")
            try? Data(random.bytes(200_000)).write(to: file)
            run = try? vault.value.run("create", name, "--name", name)
          }
          if let run { runs.withLock { $0.append((name, run)) } }
        }
      }
    }
    group.wait()
    for (name, run) in runs.withLock({ $0 }) where name != "pruner" {
      #expect(run.status == 0, "\(name): \(run.errors)")
    }
    #expect(runs.withLock { $0.count } == 16)
    try vault.expect("verify", "--data")
    for name in ["writer0", "writer1"] {
      try vault.expect("restore", name, "restored")
      try expectSame(scratch["restored/\(name)"], scratch[name])
    }
    #expect(try listed().contains(kept))
  }

  @Test func whatCannotBeMeantIsRefused() throws {
    let refused = [
      [], ["--keep-last", "-1"], ["latest", "--keep-last", "1"], ["--name", "a"],
    ]
    for arguments in refused {
      #expect(try vault.run("forget", arguments).status == 2, "\(arguments)")
    }
    #expect(try vault.run("forget", "--keep-last", "1", "--keep-tag", "tag").status == 2)
    #expect(try vault.run("prune", "--max-unused", "101").status == 2)
  }
}

/// Carries a value to threads that use what does not change of it.
private struct UncheckedSendable<Value>: @unchecked Sendable {
  // Sendable: a vault's properties are constants, and its folders are other processes' concern.
  let value: Value
  init(_ value: Value) { self.value = value }
}
