import Foundation
import Testing

/// A repository from its creation to a restored tree, with every kind of thing in it.
@Suite struct LifeTests {
  @Test func everyKindOfThingComesBack() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try SampleTree.make(at: scratch["source"])

    let report = try vault.create("source", "--name", "first", "--tag", "a=b", "--tag", "c=d=e")
    let (read, total) = (report["readBytes"] as? Int ?? 0, report["bytes"] as? Int ?? 0)
    #expect(read > SampleTree.largeFileSize && total - read > 14 << 20, "holes are not read")
    let skipped = try #require(report["skipped"] as? [[String: String]])
    #expect(skipped.map { $0["path"] } == [scratch["source/socket"]])
    #expect((report["problems"] as? [Any])?.isEmpty == true)
    let snapshot = try #require(report["snapshot"] as? [String: Any])
    #expect(snapshot["tags"] as? [String: String] == ["a": "b", "c": "d=e"])
    #expect(snapshot["sources"] as? [String] == [scratch["source"]])

    try vault.expect("verify")
    try vault.expect("verify", "--data")
    try vault.expect("restore", "first", "restored")
    try expectSame(scratch["restored/source"], scratch["source"])

    let original = try Tree(scratch["source"])
    #expect(original["/sparse"]?.isSparse == true)
    #expect(original["/folder.d/two"]?.firstLink == "/folder.d/two")
  }

  @Test func listingsAgree() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try SampleTree.make(at: scratch["source"])
    let report = try vault.create("source")
    let id = try #require((report["snapshot"] as? [String: Any])?["id"] as? String)
    let tree = try Tree(scratch["source"])

    let entries = try vault.expect("ls", "latest", "--json").jsonLines()
    #expect(entries.count == tree.entries.count)
    #expect(try vault.expect("ls", "source").lines.count == entries.count)
    for (entry, expected) in zip(entries, tree.entries.sorted(by: Self.pathOrder)) {
      #expect(entry["mode"] as? String == octal(expected.mode), "\(expected.path)")
      if expected.kind == S_IFREG {
        #expect(entry["size"] as? Int == expected.content.count, "\(expected.path)")
      }
    }

    // Any part of the list, and directories alone.
    let part = try vault.expect(
      "ls", String(id.prefix(6)), "--json", "--offset", "100", "--limit", "7"
    ).jsonLines()
    #expect(part.map { $0["path"] as? String } == entries[100..<107].map { $0["path"] as? String })
    let below = try vault.expect("ls", "latest", "source/folder", "--json").jsonLines()
    #expect(
      below.map { $0["path"] as? String } == [
        "source/folder", "source/folder/attributes", "source/folder/empty",
        "source/folder/read-only", "source/folder/read-only/file",
      ])
    let children = try vault.expect(
      "ls", "latest", "/source//./folder/", "--children", "--offset", "1", "--json"
    ).jsonLines()
    #expect(
      children.map { $0["path"] as? String } == ["source/folder/empty", "source/folder/read-only"])
    #expect(try vault.expect("ls", "latest", "--children").lines.count == 1)
    #expect(try vault.expect("ls", "latest", "--offset", "100000").output.isEmpty)
    #expect(try vault.run("ls", "latest", "source/nothing").status == 2)

    let found = try vault.expect("find", "file").lines
    #expect(found.count == 42)
    #expect(found.allSatisfy { $0.hasPrefix(id.prefix(8)) && $0.hasSuffix("/file") })
    #expect(try vault.expect("find", "source/folder*/file").lines.count == 1)
    #expect(try vault.expect("find", "folder*/", "--json").jsonLines().count == 3)
  }

  /// Components are compared, not whole paths: "a/b" comes before "a.b".
  private static func pathOrder(_ left: Tree.Entry, _ right: Tree.Entry) -> Bool {
    left.key.lexicographicallyPrecedes(right.key)
  }

  private func octal(_ mode: mode_t) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }

  @Test func contentIsReadBack() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try SampleTree.make(at: scratch["source"])
    _ = try vault.create("source")
    for name in ["large", "of 1000000", "of 513", "of 1", "empty", "sparse"] {
      let expected = try Data(contentsOf: URL(filePath: scratch["source/\(name)"]))
      #expect(try vault.expect("cat", "latest", "source/\(name)").output == expected)
      // Decoding 27 MB of JSON takes Foundation a while.
      if name == "large" { continue }
      let document = try vault.expect("cat", "latest", "source/\(name)", "--json").json()
      let content = try #require(document["content"] as? String)
      #expect(Data(base64Encoded: content) == expected, "\(name)")
    }
    for name in ["folder", "link", "fifo", "nothing"] {
      let run = try vault.run("cat", "latest", "source/\(name)")
      #expect(run.status == 2)
      #expect(run.errors.contains("source/\(name)"))
    }
  }

  /// Files are opened ahead and directories stay open for a while, but no more than there may be.
  @Test(arguments: [40, 128]) func fewFilesMayBeOpen(limit: Int) throws {
    let vault = try Vault()
    let scratch = vault.scratch
    for folder in 0..<60 {
      let directory = Node(scratch["source"]).below("\(folder)")
      if folder == 0 { try Node(scratch["source"]).makeDirectory() }
      try directory.makeDirectory()
      for file in 0..<10 { try directory.below("\(file)").write("content of \(folder)/\(file)") }
    }
    var program = vault.program
    program.executable = "/bin/sh"
    let created = try program.run([
      "-c", #"ulimit -n \#(limit); exec "$0" create "$1" source"#, Program.backup,
      vault.repository,
    ])
    #expect(created.status == 0, "\(created.errors)")
    try vault.expect("restore", "latest", scratch["out"])
    try expectSame(scratch["out/source"], scratch["source"])
  }

  /// Arguments reach the program in their own bytes.
  @Test func namesThatAreNotUTF8() throws {
    let vault = try Vault()
    let scratch = vault.scratch
    try Node(scratch["odd"]).makeDirectory()
    let folder = Node(scratch["odd"]).below([0xFF, 0x2E])
    try folder.makeDirectory()
    try folder.below([0x66, 0x80]).write("found")
    // A code point by which the program itself stands for such bytes.
    try Node(scratch["odd"]).below("\u{10FFFF}").write("literal")

    func shell(_ script: String) throws -> Program.Run {
      var program = vault.program
      program.executable = "/bin/sh"
      return try program.run(["-c", script, Program.backup, vault.repository])
    }
    let created = try shell(#"exec "$0" create "$1" "odd/$(printf '\377.')" --name odd"#)
    #expect(created.status == 0, "\(created.errors)")
    let content = try shell(#"exec "$0" cat "$1" odd "$(printf '\377./f\200')""#)
    #expect(content.text == "found", "\(content.errors)")
    let line = try vault.expect("ls", "odd").lines.last
    #expect(line?.hasSuffix(#" \xff./f\x80"#) == true, "\(line ?? "")")
    let entry = try vault.expect("ls", "odd", "--json").jsonLines().last
    #expect(
      entry?["pathBase64"] as? String == Data([0xFF, 0x2E, 0x2F, 0x66, 0x80]).base64EncodedString())

    _ = try vault.create("odd", "--name", "all")
    #expect(try vault.expect("cat", "all", "odd/\u{10FFFF}").text == "literal")
    let restored = try shell(#"exec "$0" restore "$1" all out "odd/$(printf '\377.')""#)
    #expect(restored.status == 0, "\(restored.errors)")
    try expectSame(scratch["out/odd"], scratch["odd"], except: "/\(escaped("\u{10FFFF}"))")
  }

  private func escaped(_ text: String) -> String { text.utf8.map { "<\($0)>" }.joined() }
}
