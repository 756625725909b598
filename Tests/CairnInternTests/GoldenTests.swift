import CairnCore
import CairnIntern
import Foundation
import SystemPackage
import Testing

/// Files of version 1 that this library wrote once; today's reader opens yesterday's files.
@Suite struct GoldenTests {
  private static let strings =
    ["", "Makefile", "größe", "a\0b", String(repeating: "long ", count: 40)]
    + (0..<30).map { "\($0)" }

  private static let kinds: [(name: String, options: ArenaOptions)] = [
    ("plain.arena", ArenaOptions(seed: 1)),
    ("numbered.arena", ArenaOptions(granule: .four, isNumbered: true, seed: 2)),
  ]

  private func path(_ name: String) throws -> FilePath {
    let folder = try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
    return FilePath(folder.appending(path: name).path)
  }

  @Test(arguments: 0..<2) func opensOldFiles(kind: Int) throws {
    let frozen = try FrozenStringArena<Names>(opening: path(Self.kinds[kind].name))
    #expect(frozen.count == Self.strings.count)
    var found: [String] = []
    frozen.forEach { symbol, _ in found.append(frozen.string(of: symbol)) }
    #expect(found == Self.strings)
    for (number, string) in Self.strings.enumerated() {
      let symbol = try #require(frozen.symbol(for: string))
      #expect(frozen.string(of: symbol) == string)
      if Self.kinds[kind].options.isNumbered { #expect(frozen.number(of: symbol) == number) }
    }
  }

  @Test func archiveIsAsItWas() throws {
    var arena = try StringArena<Names>()
    for string in Self.strings { _ = try arena.intern(string) }
    var writer = MemoryWriter()
    try arena.archive(to: &writer)
    if let folder = ProcessInfo.processInfo.environment["CAIRN_WRITE_GOLDEN"] {
      try Data(writer.bytes).write(to: URL(filePath: "\(folder)/sorted.archive"))
    }
    let golden = try path("sorted.archive")
    #expect(writer.bytes == Array(try Data(contentsOf: URL(filePath: golden.string))))
    let archive = try SortedStringArchive(opening: golden)
    let sorted = Self.strings.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
    #expect(Array(archive) == sorted)
  }

  @Test(arguments: 0..<2) func writesTheSameFiles(kind: Int) throws {
    var arena = try StringArena<Names>(Self.kinds[kind].options)
    for string in Self.strings { _ = try arena.intern(string) }
    var writer = MemoryWriter()
    try arena.freeze(to: &writer)
    if let folder = ProcessInfo.processInfo.environment["CAIRN_WRITE_GOLDEN"] {
      try Data(writer.bytes).write(to: URL(filePath: "\(folder)/\(Self.kinds[kind].name)"))
    }
    let golden = try Data(contentsOf: URL(filePath: path(Self.kinds[kind].name).string))
    #expect(writer.bytes == Array(golden))
  }
}
