import Foundation
import Testing

/// Snapshots in two repositories.
@Suite struct BackupCopyTests {
  private func makeVault() throws -> Vault {
    let vault = try Vault()
    try vault.scratch.makeDirectory("s")
    var random = Seeded(41)
    for number in 0..<20 {
      try vault.scratch.write(random.bytes(number * 5000), to: "s/\(number)")
    }
    _ = try vault.create("s")
    return vault
  }

  /// Another repository with a key of its own, or like the first.
  private func makeOther(_ vault: Vault, _ options: String...) throws -> String {
    let place = vault.scratch["other"]
    let made = try vault.program.run(
      ["init", place, "--new-identity", vault.scratch["other-identity"]] + options)
    try #require(made.status == 0, "\(made.errors)")
    return place
  }

  private func expectRestored(
    _ vault: Vault, from place: String, _ snapshot: String, as name: String
  ) throws {
    let run = try vault.program.run(
      ["restore", place, snapshot, name, "--identity", vault.scratch["other-identity"]])
    try #require(run.status == 0, "\(run.errors)")
    try expectSame(vault.scratch["\(name)/s"], vault.scratch["s"])
  }

  @Test(arguments: [false, true])
  func snapshotsAreCopied(sharesKeys: Bool) throws {
    let vault = try makeVault()
    let place =
      sharesKeys ? try makeOther(vault, "--like", vault.repository) : try makeOther(vault)
    let key = ["--to-identity", vault.scratch["other-identity"]]
    let plan = try vault.run("copy", [place, "--all", "--dry-run"] + key)
    #expect(plan.status == 0 && plan.text.hasPrefix("would copy 1 snapshot with"), "\(plan.errors)")
    let copied = try vault.run("copy", [place, "latest"] + key)
    #expect(copied.status == 0 && copied.text.hasPrefix("copied 1 snapshot in"), "\(copied.errors)")
    try expectRestored(vault, from: place, "latest", as: "out1")

    try vault.scratch.write("another", to: "s/3")
    _ = try vault.create("s")
    let again = try vault.run("copy", [place, "--all", "--json"] + key)
    let report = try #require(try again.json()["report"] as? [String: Any])
    #expect((report["copied"] as? [Any])?.count == 1)
    #expect((report["presentRoots"] as? [Any])?.count == 1)
    #expect(try #require(report["readBytes"] as? Int) < 100_000)
    try expectRestored(vault, from: place, "latest", as: "out2")
    let verified = try vault.program.run(
      ["verify", place, "--data", "--identity", vault.scratch["other-identity"]])
    #expect(verified.status == 0, "\(verified.errors)")

    // Back to where they come from: all are there.
    let back = try vault.program.run(
      [
        "copy", place, vault.repository, "--all", "--identity", vault.scratch["other-identity"],
        "--to-identity", vault.scratch["identity"],
      ])
    #expect(back.text.hasPrefix("copied 0 snapshots"), "\(back.errors)")
  }

  @Test func whatIsWrongIsSaid() throws {
    let vault = try makeVault()
    let place = try makeOther(vault)
    let key = ["--to-identity", vault.scratch["other-identity"]]
    #expect(try vault.run("copy", [place] + key).errors.contains("--all"))
    #expect(try vault.run("copy", [place, "latest"]).errors.contains("opens"))
    #expect(try vault.run("copy", [place, "nothing"] + key).errors.contains("nothing"))
    let nowhere = try vault.run("copy", [vault.scratch["s"], "latest"] + key)
    #expect(nowhere.errors.contains("no repository"))
    for blob in try vault.blobs("packs") { try vault.setBytes([1, 2, 3], of: blob) }
    let damaged = try vault.run("copy", [place, "--all"] + key)
    #expect(damaged.status == 2 && damaged.errors.contains("cannot be copied"))
  }
}
