import Foundation
import Testing

/// The program killed in the middle of its work.
@Suite(.serialized) struct KillTests {
  /// All moments take minutes; a few of them spread over the run do for every day.
  private static let moments =
    ProcessInfo.processInfo.environment["CAIRN_LONG_TESTS"] == "1" ? 200 : 16

  private func makeVault() throws -> Vault {
    let vault = try Vault()
    try vault.scratch.makeDirectory("s")
    var random = Seeded(12)
    for number in 0..<300 {
      if number.isMultiple(of: 20) { try vault.scratch.makeDirectory("s/\(number / 20)") }
      let size = Int.random(in: 1...400_000, using: &random)
      try vault.scratch.write(random.bytes(size), to: "s/\(number / 20)/\(number)")
    }
    return vault
  }

  private func startOver(_ vault: Vault) throws {
    try vault.scratch.remove("repository")
    try vault.scratch.remove("identity")
    let identity = vault.scratch["identity"]
    #expect(
      try vault.program.run(["init", vault.repository, "--new-identity", identity]).status == 0)
  }

  @Test func killedBackups() throws {
    let vault = try makeVault()
    let start = ContinuousClock.now
    _ = try vault.create("s")
    let duration = ContinuousClock.now - start
    try startOver(vault)

    var killed = 0
    var committed = 0
    for moment in 0..<Self.moments {
      // The moments of a first run, and of one that finds what those before it left.
      if moment.isMultiple(of: 4) { try startOver(vault) }
      let running = try vault.program.start(["create", vault.repository, "s"])
      let delay = duration * (Double(moment) + 0.5) / Double(Self.moments)
      usleep(
        UInt32(delay.components.attoseconds / 1_000_000_000_000)
          + UInt32(delay.components.seconds) * 1_000_000)
      running.send(SIGKILL)
      if running.wait().status == -SIGKILL { killed += 1 }

      let verify = try vault.run("verify", "--data")
      #expect(verify.status == 0, "after \(delay): \(verify.errors)")
      let snapshots = try vault.expect("list").lines.count
      committed += snapshots
      if snapshots > 0 {
        // It was killed after the commit, which is whole then.
        try vault.expect("restore", "latest", "out\(moment)")
        try expectSame(vault.scratch["out\(moment)/s"], vault.scratch["s"])
        try startOver(vault)
      }
    }
    #expect(killed >= Self.moments / 4, "\(killed) of \(Self.moments) were killed while they ran")

    _ = try vault.create("s")
    try vault.expect("verify", "--data")
    try vault.expect("restore", "latest", "out")
    try expectSame(vault.scratch["out/s"], vault.scratch["s"])
    // What crashes left is not kept forever.
    let left = try vault.scratch.files(below: "repository/tmp")
    #expect(left == [])
  }

  /// A restore that is killed leaves whole files, and some under a name that says what they are.
  @Test func killedRestores() throws {
    let vault = try makeVault()
    let start = ContinuousClock.now
    _ = try vault.create("s")
    let duration = ContinuousClock.now - start
    for moment in 0..<Self.moments / 4 {
      let running = try vault.program.start(["restore", vault.repository, "latest", "out"])
      usleep(UInt32(duration.components.attoseconds / 1_000_000_000_000) / 20 * UInt32(moment + 1))
      running.send(SIGKILL)
      _ = running.wait()
      for file in vault.scratch.exists("out") ? try vault.scratch.files(below: "out") : [] {
        if file.contains("/.cairn-") {
          try vault.scratch.remove("out/\(file)")
          continue
        }
        let (copy, original) = (vault.scratch["out/\(file)"], vault.scratch[file])
        #expect(FileManager.default.contentsEqual(atPath: copy, andPath: original), "\(file)")
      }
    }
    try vault.expect("restore", "latest", "out")
    try expectSame(vault.scratch["out/s"], vault.scratch["s"])
  }
}
