import Foundation
import Testing

/// What a restore touches, and what it does not.
@Suite struct RestoreTests {
  private func makeVault() throws -> Vault {
    let vault = try Vault()
    let scratch = vault.scratch
    try scratch.makeDirectory("s/sub/deep")
    try scratch.makeDirectory("s/other")
    try scratch.write("top", to: "s/file")
    try scratch.write("middle", to: "s/sub/file")
    try scratch.write("bottom", to: "s/sub/deep/file")
    try scratch.write("other", to: "s/other/file")
    try Node(scratch["s/sub/deep"]).setTime(1_000_000_000, nanoseconds: 5)
    try Node(scratch["s/sub"]).setMode(0o710)
    _ = try vault.create("s")
    return vault
  }

  @Test func partsAreRestored() throws {
    let vault = try makeVault()
    let scratch = vault.scratch
    let report = try vault.expect("restore", "latest", "out", "s/sub/deep", "/s/file/", "--json")
      .json()
    #expect(report["files"] as? Int == 2)
    #expect(try scratch.files(below: "out") == ["s/file", "s/sub/deep/file"])
    try expectSame(scratch["out/s/sub/deep"], scratch["s/sub/deep"])
    // The directories on the way have their attributes too.
    let (restored, original) = (try Tree(scratch["out/s"]), try Tree(scratch["s"]))
    #expect(restored["/sub"] == original["/sub"])

    let missing = try vault.run("restore", "latest", "out2", "s/nothing")
    #expect(missing.status == 2)
    #expect(missing.errors.contains("s/nothing"))
    #expect(!scratch.exists("out2"))
  }

  @Test func filesThatExistAreReplaced() throws {
    let vault = try makeVault()
    let scratch = vault.scratch
    try scratch.makeDirectory("out/s/sub")
    try scratch.write("something longer that was there before", to: "out/s/file")
    try scratch.write("kept", to: "out/s/sub/kept")
    try scratch.write("shared", to: "shared")
    try Node(scratch["out/s/sub/file"]).makeHardLink(to: Node(scratch["shared"]))
    try vault.expect("restore", "latest", "out")
    #expect(try scratch.read("out/s/file") == "top")
    #expect(try scratch.read("out/s/sub/file") == "middle")
    #expect(try scratch.read("out/s/sub/kept") == "kept")
    // Replaced, not written into: the other name of the old file keeps its content.
    #expect(try scratch.read("shared") == "shared")
    try scratch.remove("out/s/sub/kept")
    // Again over what is there, to the same result.
    try vault.expect("restore", "latest", "out")
    try expectSame(scratch["out/s"], scratch["s"])
  }

  @Test func linksOnTheWayAreRefused() throws {
    let vault = try makeVault()
    let scratch = vault.scratch
    try scratch.makeDirectory("outside")
    try scratch.write("untouched", to: "outside/file")
    try scratch.makeDirectory("out/s")
    try Node(scratch["out/s/sub"]).makeLink(to: scratch["outside"])
    try Node(scratch["out/s/file"]).makeLink(to: scratch["outside/file"])
    let run = try vault.run("restore", "latest", "out")
    #expect(run.status == 1)
    #expect(run.errors.contains("s/sub"))
    #expect(try scratch.files(below: "outside") == ["file"])
    #expect(try scratch.read("outside/file") == "untouched")
    // A link in place of a file is replaced like a file, and the rest is restored.
    #expect(try scratch.read("out/s/file") == "top")
    #expect(try scratch.read("out/s/other/file") == "other")

    // A destination that is itself a link is where the person wants it.
    try Node(scratch["door"]).makeLink(to: "outside")
    try vault.expect("restore", "latest", "door", "s/other")
    #expect(try scratch.read("outside/s/other/file") == "other")
  }

  @Test func thingsInTheWayAreNamed() throws {
    let vault = try makeVault()
    let scratch = vault.scratch
    // A directory with content where a file shall be, and a file where a directory shall be.
    try scratch.makeDirectory("out/s/file")
    try scratch.write("", to: "out/s/file/inside")
    try scratch.write("", to: "out/s/sub")
    let run = try vault.run("restore", "latest", "out")
    #expect(run.status == 1)
    #expect(run.errors.contains("s/file") && run.errors.contains("s/sub"))
    #expect(try scratch.read("out/s/other/file") == "other")
    #expect(scratch.exists("out/s/file/inside"))
  }

  @Test(.enabled(if: Ability.canMount, "file systems can only be mounted as root"))
  func fullDestination() throws {
    let vault = try Vault()
    try vault.scratch.makeDirectory("s")
    var random = Seeded(5)
    for number in 0..<8 { try vault.scratch.write(random.bytes(1 << 20), to: "s/\(number)") }
    _ = try vault.create("s")
    try vault.scratch.mountMemory("out", size: "3m")
    let run = try vault.run("restore", "latest", "out")
    #expect(run.status == 2)
    #expect(run.errors.contains("No space left"))
    // What has its name is whole.
    for file in try vault.scratch.files(below: "out") where !file.contains(".cairn-") {
      #expect(
        try Data(contentsOf: URL(filePath: vault.scratch["out/\(file)"]))
          == Data(contentsOf: URL(filePath: vault.scratch[file])), "\(file)")
    }
  }
}
