import Foundation
import Testing

/// Every kind of blob, truncated, changed or gone: found, named, and nothing else lost with it.
@Suite struct DamageTests {
  enum Harm: String, CaseIterable {
    case flip, truncate, empty, remove

    func apply(to blob: String, of vault: Vault) throws {
      var bytes = try vault.bytes(of: blob)
      switch self {
      case .flip: bytes[bytes.count / 2] ^= 0x10
      case .truncate: bytes.removeLast(bytes.count / 2)
      case .empty: bytes = []
      case .remove: return try vault.scratch.remove("repository/\(blob)")
      }
      try vault.setBytes(bytes, of: blob)
    }
  }

  /// Two snapshots, of which each has a pack for content and one for entries.
  private func makeVault() throws -> Vault {
    let vault = try Vault()
    var random = Seeded(7)
    for folder in ["s", "t"] {
      try vault.scratch.makeDirectory(folder)
      for number in 0..<20 {
        try vault.scratch.write(random.bytes(100_000), to: "\(folder)/\(number)")
      }
      _ = try vault.create(folder)
    }
    return vault
  }

  /// The content packs are the two that are much larger than the others.
  private func packs(of vault: Vault) throws -> (content: [String], nodes: [String]) {
    let packs = try vault.blobs("packs").map { (blob: $0, size: try vault.bytes(of: $0).count) }
    let content = packs.filter { $0.size > 1_000_000 }.map(\.blob)
    let nodes = packs.filter { $0.size <= 1_000_000 }.map(\.blob)
    try #require(content.count == 2 && nodes.count == 2)
    return (content, nodes)
  }

  private func expectRefusal(_ run: Program.Run, naming blob: String, _ command: String) {
    #expect(run.status == 2, "\(command): \(run.errors)")
    #expect(run.errors.contains(blob), "\(command): \(run.errors)")
    #expect(run.output.isEmpty, "\(command)")
  }

  @Test(arguments: Harm.allCases) func descriptor(_ harm: Harm) throws {
    let vault = try makeVault()
    try harm.apply(to: "cairn", of: vault)
    for command in [["list"], ["verify"], ["restore", "latest", "out"], ["create", "s"]] {
      let run = try vault.run(command[0], Array(command.dropFirst()))
      let name = harm == .remove ? "holds no repository" : "blob cairn"
      expectRefusal(run, naming: name, command[0])
    }
  }

  @Test(arguments: Harm.allCases) func key(_ harm: Harm) throws {
    let vault = try makeVault()
    let key = try #require(try vault.blobs("keys").first)
    try harm.apply(to: key, of: vault)
    for command in [["list"], ["verify"], ["restore", "latest", "out"], ["create", "s"]] {
      let run = try vault.run(command[0], Array(command.dropFirst()))
      expectRefusal(run, naming: harm == .remove ? "keys/" : key, command[0])
    }
  }

  /// Not with every harm, since a passphrase takes a second each time.
  @Test(arguments: [Harm.truncate, .remove]) func oneOfTwoKeys(_ harm: Harm) throws {
    let vault = try makeVault()
    let broken = try #require(try vault.blobs("keys").first)
    try vault.scratch.write("a passphrase\n", to: "passphrase")
    try vault.expect("key add", "--new-passphrase-file", vault.scratch["passphrase"])
    try harm.apply(to: broken, of: vault)
    // The other way in still opens it.
    let run = try vault.run("list", "--passphrase-file", "passphrase")
    #expect(run.status == 0, "\(run.errors)")
    #expect(run.lines.count == 2)
  }

  @Test(arguments: Harm.allCases) func root(_ harm: Harm) throws {
    let vault = try makeVault()
    let ids = try vault.expect("list", "--json").json()["snapshots"] as? [[String: Any]]
    let first = try #require(ids?[0]["id"] as? String)
    let root = try #require(try vault.blobs("roots").first { $0.contains(first) })
    try harm.apply(to: root, of: vault)
    let list = try vault.run("list")
    #expect(list.lines.count == 1)
    let second = try #require(ids?[1]["id"] as? String)
    if harm == .remove {
      // That is what forgetting a snapshot is.
      #expect(list.status == 0)
      try vault.expect("verify", "--data")
      try vault.expect("restore", "latest", "out")
      #expect(try vault.run("restore", "s", "out").status == 2)
    } else {
      #expect(list.status == 2)
      #expect(list.errors.contains(root))
      for command in ["verify", "find x"] {
        let words = command.split(separator: " ").map(String.init)
        let run = try vault.run(words[0], Array(words.dropFirst()))
        #expect(run.status == 2)
        #expect(run.errors.contains(root))
      }
      expectRefusal(try vault.run("restore", "latest", "out"), naming: root, "restore")
      expectRefusal(try vault.run("restore", "s", "out"), naming: root, "restore")
      try vault.expect("restore", second, "out")
    }
    try expectSame(vault.scratch["out/t"], vault.scratch["t"])
    // Backups go on, and say what they found.
    let create = try vault.run("create", "t", "--json")
    #expect(create.status == (harm == .remove ? 0 : 1))
    #expect(try create.json()["readBytes"] as? Int == 0)
  }

  @Test(arguments: Harm.allCases) func index(_ harm: Harm) throws {
    let vault = try makeVault()
    let blobs = try vault.blobs("index")
    try harm.apply(to: blobs[0], of: vault)
    let verify = try vault.run("verify", "--data")
    #expect(verify.status == 2)
    #expect(verify.errors.contains(harm == .remove ? "index blob is missing" : blobs[0]))
    // Nothing that it described is lost.
    #expect(!verify.errors.contains("in snapshot"))
    if harm != .remove {
      for command in [["restore", "latest", "out"], ["create", "s"]] {
        let run = try vault.run(command[0], Array(command.dropFirst()))
        expectRefusal(run, naming: blobs[0], command[0])
        #expect(run.errors.contains("remove it"))
      }
      try vault.scratch.remove("repository/\(blobs[0])")
    }
    // As the message says: the next backup writes it anew.
    _ = try vault.create("s")
    try vault.expect("verify", "--data")
    for folder in ["s", "t"] {
      try vault.expect("restore", folder, "out")
      try expectSame(vault.scratch["out/\(folder)"], vault.scratch[folder])
    }
  }

  @Test(arguments: Harm.allCases) func contentPack(_ harm: Harm) throws {
    let vault = try makeVault()
    let pack = try packs(of: vault).content[0]
    try harm.apply(to: pack, of: vault)

    let structure = try vault.run("verify")
    #expect(structure.status == (harm == .flip ? 0 : 2))
    let verify = try vault.run("verify", "--data", "--json")
    #expect(verify.status == 2)
    #expect(verify.errors.contains(pack))
    let document = try verify.json()
    #expect(document["sound"] as? Bool == false)
    let affected = try #require(document["affected"] as? [[String: Any]])
    #expect(affected.count == 1)
    let files = try #require(affected.first?["files"] as? [[String: String]])
    let paths = Set(files.compactMap { $0["path"] })
    // A flipped bit costs the blocks that lie in its segment of 64 KiB, a lost pack all its files.
    switch harm {
    case .flip: #expect((1...8).contains(paths.count))
    case .truncate: #expect((8...16).contains(paths.count))
    case .empty, .remove: #expect(paths.count == 20)
    }
    #expect(try vault.run("verify", "--sample", "100").status == 2)

    let name = try #require(affected.first?["name"] as? String)
    let restore = try vault.run("restore", name, "out", "--json")
    #expect(restore.status == 1)
    #expect(restore.errors.contains(pack))
    let problems = try #require(try restore.json()["problems"] as? [[String: String]])
    #expect(Set(problems.compactMap { $0["path"] }) == paths)
    #expect(try restore.json()["files"] as? Int == 20 - paths.count)
    for number in 0..<20 {
      let (path, copy) = ("\(name)/\(number)", "out/\(name)/\(number)")
      #expect(vault.scratch.exists(copy) == !paths.contains(path), "\(path)")
      if vault.scratch.exists(copy) {
        #expect(
          try Data(contentsOf: URL(filePath: vault.scratch[copy]))
            == Data(contentsOf: URL(filePath: vault.scratch[path])))
      }
    }
    let lost = try #require(paths.first)
    let cat = try vault.run("cat", name, lost)
    #expect(cat.status == 2)
    #expect(cat.errors.contains(pack))

    let other = name == "s" ? "t" : "s"
    try vault.expect("restore", other, "out")
    try expectSame(vault.scratch["out/\(other)"], vault.scratch[other])
  }

  @Test(arguments: Harm.allCases) func nodePack(_ harm: Harm) throws {
    let vault = try makeVault()
    let pack = try packs(of: vault).nodes[0]
    try harm.apply(to: pack, of: vault)
    let verify = try vault.run("verify")
    #expect(verify.status == 2)
    #expect(verify.errors.contains(pack))
    let list = try vault.run("list")
    #expect(list.status == 2)
    #expect(list.errors.contains(pack))
    let sound = try #require(list.lines.first?.split(separator: " ").first.map(String.init))
    #expect(list.lines.count == 1)
    let name = list.lines[0].hasSuffix("s") ? "s" : "t"
    try vault.expect("restore", sound, "out")
    try expectSame(vault.scratch["out/\(name)"], vault.scratch[name])
  }
}
