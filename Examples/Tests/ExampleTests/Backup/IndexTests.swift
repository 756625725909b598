import Foundation
import Testing

/// The index in a file of the machine.
@Suite struct BackupIndexTests {
  @Test func anIndexOnDisk() throws {
    let vault = try Vault()
    try vault.scratch.makeDirectory("s")
    var random = Seeded(43)
    for number in 0..<10 { try vault.scratch.write(random.bytes(50_000), to: "s/\(number)") }
    _ = try vault.create("s", "--index", "disk")
    let files = try vault.scratch.files(below: "state/indexes")
    #expect(files.contains { $0.hasPrefix("index-") })

    // The next run goes on from it, and one without it as well.
    let size = try vault.blobs("packs").count
    for place in ["disk", "memory"] {
      try vault.scratch.remove("s/0")
      try vault.scratch.write(random.bytes(50_000), to: "s/0")
      let report = try vault.create("s", "--index", place)
      let store = try #require(report["store"] as? [String: Any])
      #expect(try #require(store["newBytes"] as? Int) < 100_000)
    }
    #expect(try vault.blobs("packs").count > size)
    try vault.expect("restore", "latest", "out", "--index", "disk")
    try expectSame(vault.scratch["out/s"], vault.scratch["s"])
    try vault.expect("verify", "--data", "--index", "disk")
    #expect(try vault.run("list", "--index", "paper").status == 2)
  }
}
