import Foundation
import Testing

#if Parity
  /// Repositories with parity, whose files are harmed as disks do it.
  @Suite struct ParityTests {
    /// Two snapshots, and what every file of the repository holds.
    private func makeVault(parity: Bool = true) throws -> Vault {
      let vault = try Vault()
      if parity { try vault.expect("parity") }
      var random = Seeded(17)
      for folder in ["s", "t"] {
        try vault.scratch.makeDirectory(folder)
        for number in 0..<20 {
          try vault.scratch.write(random.bytes(100_000), to: "\(folder)/\(number)")
        }
        _ = try vault.create(folder)
      }
      return vault
    }

    /// Those that parity protects.
    private func state(of vault: Vault) throws -> [String: [UInt8]] {
      var state = ["cairn": try vault.bytes(of: "cairn")]
      for folder in ["packs", "index", "roots", "keys", "access", "parity"] {
        for blob in try vault.blobs(folder) { state[blob] = try vault.bytes(of: blob) }
      }
      return state
    }

    /// 64 KiB of zeros in every pack, a changed byte in everything else but parity.
    private func harmEverything(of vault: Vault) throws {
      for (blob, content) in try state(of: vault) where !blob.hasPrefix("parity/") {
        var bytes = content
        let start = bytes.count / 3
        if blob.hasPrefix("packs/") {
          for offset in start..<min(start + 65_536, bytes.count) { bytes[offset] = 0 }
        } else {
          bytes[start] ^= 1
        }
        try vault.setBytes(bytes, of: blob)
      }
    }

    private func expectWhole(_ vault: Vault) throws {
      try vault.expect("verify", "--data")
      for folder in ["s", "t"] {
        try vault.expect("restore", folder, "out-\(folder)")
        try expectSame(vault.scratch["out-\(folder)/\(folder)"], vault.scratch[folder])
      }
    }

    @Test func repairMendsWhatRotted() throws {
      let vault = try makeVault()
      let sound = try state(of: vault)
      try harmEverything(of: vault)
      let harmed = try state(of: vault)
      #expect(try vault.run("verify").status == 2)
      let plan = try vault.run("repair", "--plan")
      #expect(plan.status == 0, "\(plan.errors)")
      #expect(plan.lines.filter { $0.contains("can be mended by its parity") }.count > 8)
      #expect(try state(of: vault) == harmed, "a plan changes nothing")
      let run = try vault.run("repair")
      #expect(run.status == 0, "\(run.errors)")
      #expect(run.lines.contains { $0 == "cairn was damaged and is mended by its parity" })
      #expect(run.lines.last == "nothing is lost")
      // Nothing new had to be stored.
      #expect(try state(of: vault) == sound)
      try expectWhole(vault)
    }

    @Test func verifySaysWhatCanBeMended() throws {
      let vault = try makeVault()
      for pack in try vault.blobs("packs") { try DamageTests.Harm.flip.apply(to: pack, of: vault) }
      let verify = try vault.run("verify", "--data")
      #expect(verify.status == 2)
      #expect(
        verify.lines.last == "4 damaged blobs can be mended by parity: run backup repair",
        "\(verify.text)")
      let json = try vault.run("verify", "--data", "--json").json()
      let damage = try #require(json["damage"] as? [String: Any])
      #expect((damage["mendable"] as? [String])?.count == 4)
      // A size that is wrong is known without reading.
      for pack in try vault.blobs("packs") {
        try vault.setBytes(try vault.bytes(of: pack).dropLast(9), of: pack)
      }
      let run = try vault.run("repair", "--quick", "--json")
      #expect(run.status == 0, "\(run.errors)")
      let mended = (try run.json()["damage"] as? [String: Any])?["mended"] as? [String]
      #expect(mended?.count == 4)
      try expectWhole(vault)
    }

    @Test func whatIsBeyondParityIsSalvaged() throws {
      let vault = try makeVault()
      let copy = vault.scratch["copy"]
      try FileManager.default.copyItem(atPath: vault.repository, toPath: copy)
      let pack = try #require(
        try vault.blobs("packs").first { try vault.bytes(of: $0).count > 1_000_000 })
      var bytes = try vault.bytes(of: pack)
      for offset in 300_000..<1_500_000 { bytes[offset] ^= 0x21 }
      try vault.setBytes(bytes, of: pack)
      #expect(try vault.run("repair", "--plan").status == 2)
      let run = try vault.run("repair", "--from", copy)
      #expect(run.status == 0 && run.text.contains(pack), "\(run.errors)")
      try expectWhole(vault)
    }

    @Test func parityIsMadeLaterAndKept() throws {
      let vault = try makeVault(parity: false)
      #expect(try vault.run("parity", "--json").json()["sound"] as? Bool == true)
      let sound = try state(of: vault)
      let again = try vault.run("parity")
      #expect(again.status == 0 && again.text.contains("made parity of 0 blobs"))
      // With --scrub, in the sidecars too.
      try harmEverything(of: vault)
      let sidecar = try #require(try vault.blobs("parity").first { $0.contains("/of/packs/") })
      try DamageTests.Harm.flip.apply(to: sidecar, of: vault)
      let scrub = try vault.run("parity", "--scrub")
      #expect(scrub.status == 0, "\(scrub.errors)")
      #expect(scrub.text.contains("written again: the parity of 1 blob\n"), "\(scrub.text)")
      #expect(scrub.lines.last == "nothing is damaged")
      #expect(try state(of: vault) == sound)
      // What is pruned takes its parity along.
      try vault.expect("forget", "s", "--keep-last", "0")
      try vault.expect("prune")
      let packs = try vault.blobs("packs").map { "parity/of/\($0)" }
      #expect(try vault.blobs("parity").filter { $0.contains("/of/packs/") } == packs)
      try vault.expect("verify", "--data")
    }

    @Test func initBeginsWithParity() throws {
      let vault = try Vault()
      let run = try vault.program.run([
        "init", vault.scratch["other"], "--new-identity", vault.scratch["key"], "--parity",
      ])
      #expect(run.status == 0, "\(run.errors)")
      #expect(try vault.scratch.files(below: "other/parity").contains("of/cairn"))
    }

    @Test func placeWithoutRepositoryGetsNoParity() throws {
      let vault = try Vault()
      try vault.scratch.makeDirectory("empty")
      let run = try vault.program.run(["parity", vault.scratch["empty"]])
      #expect(run.status == 2 && run.errors.contains("holds no repository"))
      #expect(try vault.scratch.files(below: "empty").isEmpty)
    }
  }
#else
  /// A program that was built without parity.
  @Suite struct WithoutParityTests {
    @Test func repositoryWithParityOpensWithAWarning() throws {
      let vault = try Vault()
      try vault.scratch.write([1], to: "a")
      _ = try vault.create("a")
      try vault.scratch.makeDirectory("repository/parity")
      try vault.scratch.write([1], to: "repository/parity/settings")
      let verify = try vault.run("verify", "--data")
      #expect(verify.status == 0)
      #expect(verify.errors.contains("the repository keeps parity, which this program was built"))
      for words in [["parity", vault.repository], ["init", vault.scratch["new"], "--parity"]] {
        let run = try vault.program.run(
          words + (words[0] == "init" ? ["--new-identity", "k"] : []))
        #expect(run.status == 2 && run.errors.contains("--traits Parity"), "\(run.errors)")
      }
    }
  }
#endif
