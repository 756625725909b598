import Testing

@testable import CairnChunks

/// What a host reads of a tree, against the array that it was made of.
struct EntryTreeReaderTests {
  /// Keys 0, 2, 4, … as four big-endian bytes, so that keys between them are absent.
  private static let entries = (0..<500).map { number in
    Entry(
      key: key(number * 2), value: Array("value \(number)".utf8), weight: UInt64(number % 7 + 1))
  }

  private static func key(_ number: Int) -> [UInt8] {
    [UInt8(number >> 24), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255), UInt8(number & 255)]
  }

  private static func reader() async throws -> EntryTreeReader {
    let repository = try await Repository.createSmall()
    let session = try await repository.startSession()
    let tree = try await session.store(sortedEntries: entries)
    try await session.publish(name: "entries", chunk: tree.root)
    #expect(tree.height > 1, "the tree has several levels")
    return repository.reader(of: tree)
  }

  @Test func entriesAreFoundByRankAndByKey() async throws {
    let reader = try await Self.reader()
    for rank in [0, 1, 249, 498, 499] {
      #expect(try await reader.entry(at: UInt64(rank)) == Self.entries[rank])
      #expect(try await reader.entry(for: Self.entries[rank].key) == Self.entries[rank])
      #expect(try await reader.entry(for: Self.key(rank * 2 + 1)) == nil)
    }
    #expect(try await reader.entry(at: 500) == nil)
    #expect(try await reader.entry(for: []) == nil)
  }

  @Test func rangesOfKeysAreCountedAndWeighed() async throws {
    let reader = try await Self.reader()
    for (lower, upper) in [(0, 1000), (1, 3), (7, 7), (100, 301), (999, 2000), (50, 10)] {
      let expected = Self.entries.indices.filter { (lower..<max(lower, upper)).contains($0 * 2) }
      let ranks = try await reader.ranks(from: Self.key(lower), to: Self.key(upper))
      #expect(ranks.count == expected.count)
      #expect(
        try await reader.weight(in: ranks) == expected.reduce(0) { $0 + Self.entries[$1].weight })
      #expect(try await reader.entries(ranks) == expected.map { Self.entries[$0] })
      #expect(try await reader.rank(of: Self.key(lower)) == UInt64(min(500, (lower + 1) / 2)))
    }
    #expect(try await reader.ranks(from: Self.key(990), to: nil) == 495..<500)
  }

  @Test func weightsLeadToEntries() async throws {
    let reader = try await Self.reader()
    var sum: UInt64 = 0
    for (rank, entry) in Self.entries.enumerated() where rank % 50 == 0 {
      sum = Self.entries[..<rank].reduce(0) { $0 + $1.weight }
      #expect(try await reader.entry(atWeight: sum) == entry)
      #expect(try await reader.entry(atWeight: sum + entry.weight - 1) == entry)
    }
    #expect(try await reader.entry(atWeight: reader.tree.weight) == nil)
  }
}
