import CairnIntern
import Testing

@Suite struct PathTableTests {
  /// What is taken over from the path before must be what is looked for.
  @Test func manyAreTheSameAsOneByOne() throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    var paths = ["", "/", "//", "a", "a/", "a/b", "a/bc", "a/b/c", "a/b", "a//b", "/a", "/a/b", ""]
    for _ in 0..<3000 {
      let depth = Int.random(in: 0..<5, using: &random)
      let parts = (0..<depth).map { _ in
        ["", "a", "ab", "abcdefgh", "abcdefghi"].randomElement(using: &random) ?? ""
      }
      paths.append(parts.joined(separator: "/"))
    }
    for _ in 0..<2 {
      var single = try PathTable<Names>()
      let expected = try paths.map { (path) throws in try single.intern(path) }
      var table = try PathTable<Names>()
      var found: [Symbol<Names>] = []
      let text = Array(paths.joined(separator: "\n").utf8)
      try table.internMany(text.span.bytes, separatedBy: UInt8(ascii: "\n"), into: &found)
      #expect(found == expected)
      #expect(table.count == single.count)
      #expect(found.map { table.string(of: $0) } == paths)
      paths.sort()
    }
  }

  @Test func manyGiveTheSymbolsBeforeAnError() throws {
    var table = try PathTable<Names>(limit: 3)
    var found: [Symbol<Names>] = []
    do throws(InternError) {
      try table.internMany(
        "a/b\na/c\na/d\na/b".utf8.span.bytes, separatedBy: UInt8(ascii: "\n"), into: &found)
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.code == .full)
    }
    #expect(found.map { table.string(of: $0) } == ["a/b", "a/c"])
  }

  private enum Files {}

  @Test func givesPathsBackAsTheyWere() throws {
    var table = try PathTable<Files>()
    let paths = [
      "", "/", "//", "a", "/a", "a/", "a//b", "/usr/lib/x", "usr/lib/x", "a/b/c/d/e/f/g", "ü/\0/é",
      "a/a/a/a", String(repeating: "deep/", count: 5000) + "end",
    ]
    let symbols = try paths.map { (path) throws in try table.intern(path) }
    #expect(Set(symbols).count == paths.count)
    for (path, symbol) in zip(paths, symbols) {
      #expect(table.string(of: symbol) == path)
      #expect(table.symbol(for: path) == symbol)
      #expect(try table.intern(path) == symbol)
    }
    #expect(table.symbol(for: "b") == nil)
    #expect(table.symbol(for: "a/x") == nil)
  }

  @Test func parentsAreThereToo() throws {
    var table = try PathTable<Files>()
    let path = try table.intern("usr/share/doc")
    #expect(table.count == 3)
    let above = table.parent(of: path)
    let share = try #require(above)
    #expect(table.symbol(for: "usr/share") == share)
    let top = table.parent(of: share)
    let usr = try #require(top)
    #expect(table.parent(of: usr) == nil)
    #expect(table.components.string(of: table.lastComponent(of: path)) == "doc")
    let doc = try table.internComponent("doc".utf8.span.bytes)
    #expect(try table.intern(doc, in: share) == path)
    #expect(try table.intern(doc, in: nil) == table.intern("doc"))
    let beyond = try #require(Symbol<Files>(rawValue: 4))
    #expect(table.contains(beyond) == false)
  }

  @Test func behavesLikeADictionary() throws {
    var random = SeededRandom(SeededRandom.seedOfTheDay())
    var table = try PathTable<Files>(ArenaOptions(growth: .fast))
    var model: [String: Symbol<Files>] = [:]
    for _ in 0..<20_000 {
      let depth = Int.random(in: 1...6, using: &random)
      let path = (0..<depth).map { _ in "\(Int.random(in: 0..<12, using: &random))" }
        .joined(separator: "/")
      let symbol = try table.intern(path)
      if let known = model[path] { #expect(known == symbol) }
      model[path] = symbol
    }
    for (path, symbol) in model { #expect(table.string(of: symbol) == path) }
    #expect(Set(model.values).count == model.count)
    table.removeAll()
    #expect(table.count == 0)
    #expect(table.components.count == 0)
    #expect(try table.intern("again").rawValue == 0)
  }

  @Test func limitIsAnError() throws {
    var table = try PathTable<Files>(limit: 3)
    _ = try table.intern("a/b/c")
    do throws(InternError) {
      _ = try table.intern("a/b/d")
      Issue.record("nothing was thrown")
    } catch {
      #expect(error.code == .full)
    }
    #expect(table.symbol(for: "a/b/c") != nil)
  }
}
