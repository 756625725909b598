import Foundation
import Testing

/// The repair of repositories whose files were harmed.
@Suite struct RepairTests {
  /// Two snapshots of twenty files each, and their repository once more.
  private func makeVault() throws -> (Vault, copy: String) {
    let vault = try Vault()
    var random = Seeded(91)
    for folder in ["s", "t"] {
      try vault.scratch.makeDirectory(folder)
      for number in 0..<20 {
        try vault.scratch.write(random.bytes(100_000), to: "\(folder)/\(number)")
      }
      _ = try vault.create(folder)
    }
    let copy = vault.scratch["copy"]
    try FileManager.default.copyItem(atPath: vault.repository, toPath: copy)
    return (vault, copy)
  }

  /// The files of the repository and what is in them, what sessions announce left out.
  private func state(of vault: Vault) throws -> [String: [UInt8]] {
    var state: [String: [UInt8]] = [:]
    for folder in ["packs", "index", "roots", "keys", "condemned"] {
      guard vault.scratch.exists("repository/\(folder)") else { continue }
      for blob in try vault.blobs(folder) { state[blob] = try vault.bytes(of: blob) }
    }
    return state
  }

  private func expectWhole(_ vault: Vault) throws {
    try vault.expect("verify", "--data")
    for folder in ["s", "t"] {
      try vault.expect("restore", folder, "out-\(folder)")
      try expectSame(vault.scratch["out-\(folder)/\(folder)"], vault.scratch[folder])
    }
  }

  @Test(arguments: DamageTests.Harm.allCases)
  func everyPackComesBackFromACopy(_ harm: DamageTests.Harm) throws {
    let (vault, copy) = try makeVault()
    for pack in try vault.blobs("packs") { try harm.apply(to: pack, of: vault) }
    let before = try state(of: vault)
    let plan = try vault.run("repair", "--plan", "--from", copy, "--json")
    #expect(plan.status == 0, "\(plan.errors)")
    let packs = try #require(
      (try plan.json()["plan"] as? [String: Any])?["packs"] as? [[String: Any]])
    #expect(packs.count == 4)
    #expect(try state(of: vault) == before, "a plan changes nothing")
    let run = try vault.run("repair", "--from", copy)
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.lines.last == "nothing is lost")
    try expectWhole(vault)
    let again = try vault.run("repair", "--from", copy)
    #expect(again.status == 0 && again.lines == ["nothing is damaged", "nothing is lost"])
  }

  @Test func whatTheSourceHasIsStoredAgain() throws {
    let (vault, _) = try makeVault()
    let packs = try vault.blobs("packs").map { (blob: $0, size: try vault.bytes(of: $0).count) }
    let content = packs.filter { $0.size > 1_000_000 }.map(\.blob)
    for pack in content { try DamageTests.Harm.flip.apply(to: pack, of: vault) }
    let plan = try vault.run("repair", "--plan")
    #expect(plan.status == 2)
    let repair = try vault.run("repair", "--json")
    #expect(repair.status == 2)
    let document = try repair.json()
    #expect(document["sound"] as? Bool == false)
    let affected = try #require(document["affected"] as? [[String: Any]])
    #expect(affected.count == 2)
    let files = affected.flatMap { ($0["files"] as? [[String: String]]) ?? [] }
    let paths = Set(files.compactMap { $0["path"] })
    #expect((2...16).contains(paths.count))
    for path in paths {
      #expect(plan.errors.contains("\(path): its content is not whole"), "\(path)")
      #expect(repair.errors.contains("\(path): its content is not whole"), "\(path)")
    }
    // All others come back, and with holes these do.
    let restore = try vault.run("restore", "s", "holes", "--holes")
    #expect(restore.status == 1)
    for number in 0..<20 {
      let bytes = [UInt8](
        try Data(contentsOf: URL(filePath: vault.scratch["holes/s/\(number)"])))
      let whole = [UInt8](try Data(contentsOf: URL(filePath: vault.scratch["s/\(number)"])))
      #expect(bytes.count == whole.count)
      #expect(zip(bytes, whole).allSatisfy { $0 == $1 || $0 == 0 })
      #expect((bytes == whole) != paths.contains("s/\(number)"))
    }

    let source = try vault.run("repair", "--source", "s", "--source", "t=\(vault.scratch["t"])")
    #expect(source.status == 0, "\(source.errors)")
    try expectWhole(vault)
    // The damaged packs are of no more use.
    try vault.expect("prune")
    #expect(try Set(vault.blobs("packs")).isDisjoint(with: content))
    try expectWhole(vault)
  }

  @Test func smallBlobsComeBackFromACopy() throws {
    let (vault, copy) = try makeVault()
    let roots = try vault.blobs("roots")
    try DamageTests.Harm.flip.apply(to: roots[0], of: vault)
    try DamageTests.Harm.remove.apply(to: roots[1], of: vault)
    let index = try vault.blobs("index")
    for blob in index { try DamageTests.Harm.truncate.apply(to: blob, of: vault) }
    let alone = try vault.run("repair", "--plan")
    #expect(alone.status == 2 && alone.errors.contains(roots[0]))
    #expect(!alone.errors.contains("index/"))
    let run = try vault.run("repair", "--from", copy)
    #expect(run.status == 0, "\(run.errors)")
    #expect(try vault.expect("list").lines.count == 1)
    try vault.expect("repair", "--from", copy, "--roots")
    try expectWhole(vault)
    #expect(try vault.blobs("roots") == roots)
  }

  @Test func itCanBeKilledAtAnyTime() throws {
    let (vault, copy) = try makeVault()
    for pack in try vault.blobs("packs") { try DamageTests.Harm.flip.apply(to: pack, of: vault) }
    var kills = 0
    for round in 0..<12 {
      let process = try vault.program.start(
        ["repair", vault.repository, "--from", copy])
      usleep(UInt32(40_000 + round * 60_000))
      if process.isRunning { kills += 1 }
      process.send(SIGKILL)
      _ = process.wait()
    }
    let last = try vault.run("repair", "--from", copy)
    #expect(last.status == 0, "\(last.errors)")
    #expect(kills > 0)
    try expectWhole(vault)
  }

  @Test func verificationNeedsNoKeyForNames() throws {
    let (vault, _) = try makeVault()
    var keyless = vault.program
    keyless.environment["CAIRN_IDENTITY"] = nil
    #expect(try keyless.run(["verify", vault.repository]).status == 2)
    let sound = try keyless.run(["verify", vault.repository, "--without-key"])
    #expect(sound.status == 0 && sound.errors == "")
    for folder in ["packs", "index", "roots", "keys", "access"] {
      let blob = try #require(try vault.blobs(folder).first)
      let bytes = try vault.bytes(of: blob)
      try DamageTests.Harm.flip.apply(to: blob, of: vault)
      let run = try keyless.run(["verify", vault.repository, "--without-key"])
      #expect(run.status == 2 && run.errors.contains(blob))
      try vault.setBytes(bytes, of: blob)
    }
  }

  @Test func verificationGoesOnWhereItEnded() throws {
    let (vault, _) = try makeVault()
    var seen = 0
    for _ in 0..<4 {
      let run = try vault.run("verify", "--sample", "25", "--resume", "state file", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let report = try #require(try run.json()["report"] as? [String: Any])
      #expect(report["packsCheckedBefore"] as? Int == seen)
      seen += try #require(report["checkedPacks"] as? Int)
    }
    #expect(seen == 4 && !vault.scratch.exists("state file"))
    try vault.scratch.write("something else", to: "state file")
    let run = try vault.run("verify", "--data", "--resume", "state file")
    #expect(run.status == 2 && run.errors.contains("state file"))
  }
}
