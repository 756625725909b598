import CairnIntern
import Foundation
import SystemPackage
import Testing

@Suite("Documentation")
struct DocumentationTests {
  private enum Names {}

  /// The program of CairnIntern.md, line by line, but for the folder of its file.
  private func firstProgram(_ file: FilePath, _ sorted: FilePath) throws -> [String] {
    var printed: [String] = []
    func print(_ items: Any...) { printed += items.map { "\($0)" } }

    var names = try StringArena<Names>()
    let makefile = try names.intern("Makefile")
    let again = try names.intern("src/Makefile".dropFirst(4))
    print(makefile == again, names.string(of: makefile))  // true Makefile

    // All components of a path, for more speed than one by one.
    var path: [Symbol<Names>] = []
    try names.internMany(
      "usr/share/doc".utf8.span.bytes, separatedBy: UInt8(ascii: "/"), into: &path)

    // A file to map, with the same symbols, and an arena that goes on from there.
    try names.freeze(to: file)
    let frozen = try FrozenStringArena<Names>(opening: file)
    var more = try StringArena(extending: frozen)
    let readme = try more.intern("README.md")
    print(more.string(of: makefile), more.string(of: readme))

    // The strings alone, sorted, in less than their own length if they start alike.
    try more.archive(to: sorted)
    let archive = try SortedStringArchive(opening: sorted)
    print(try archive.position(of: "README.md".utf8.span.bytes) ?? -1)  // 1
    return printed
  }

  @Test func firstProgramWorks() async throws {
    try await withTemporaryDirectory { directory in
      let printed = try firstProgram(
        directory.appending("names.arena"), directory.appending("names.sorted"))
      #expect(printed == ["true", "Makefile", "Makefile", "README.md", "1"])
    }
  }

  @Test func firstProgramIsTheOneThatIsTested() throws {
    let here = URL(filePath: #filePath)
    let page = here.deletingLastPathComponent().appending(
      path: "../../Sources/CairnIntern/CairnIntern.docc/CairnIntern.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    let program = try #require(text.split(separator: "```").dropFirst().first)
    let tested = try String(contentsOf: here, encoding: .utf8)
      .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    let lines = program.split(separator: "\n").dropFirst()
      .map { $0.trimmingCharacters(in: .whitespaces) }
      .map { $0.replacingOccurrences(of: "\"names.arena\"", with: "file") }
      .map { $0.replacingOccurrences(of: "\"names.sorted\"", with: "sorted") }
      .filter { !$0.hasPrefix("// A type of yours") && !$0.hasPrefix("enum Names") }
    #expect(lines.count > 8)
    #expect(lines.filter { !tested.contains($0) } == [])
  }
}
