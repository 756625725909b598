import CairnChunks
import CairnCore
import CairnFiles
import Testing

/// Looking into snapshots, against a plain array of their entries.
@Suite struct SnapshotTreeTests {
  @Test(arguments: [91, 92] as [UInt64])
  func agreesWithAModel(seed: UInt64) async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeRandomTree(in: "source", files: 300, seed: seed)
    let snapshot = try await fixture.backUp().snapshot
    let tree = SnapshotTree(snapshot, in: fixture.repository)
    let all = try await tree.entries(0..<snapshot.entryCount)
    let walked = try walk([WalkRoot(fixture.sourcePath)])
    #expect(all.map(\.key) == walked.keys)
    let sizes = all.map { $0.metadata.kind == .regular ? UInt64($0.metadata.size) : 0 }

    for (rank, entry) in all.enumerated() {
      #expect(try await tree.entry(entry.key) == entry)
      let below = all.indices.filter { $0 >= rank && all[$0].key.starts(with: entry.key + [0]) }
      let ranks = try await tree.ranks(below: entry.key)
      #expect(ranks == UInt64(rank)..<UInt64(rank + 1 + below.count))
      let sum = sizes[Int(ranks.lowerBound)..<Int(ranks.upperBound)].reduce(0, +)
      #expect(try await tree.byteCount(in: ranks) == sum)
      let children = below.map { all[$0] }.filter {
        !$0.key.dropFirst(entry.key.count + 1).contains(0)
      }
      #expect(try await tree.children(of: entry.key) == children)
      for (offset, limit) in [(0, 1), (1, 2), (children.count, 5), (2, 0)] {
        let page = try await tree.children(of: entry.key, offset: offset, limit: limit)
        #expect(page == Array(children.dropFirst(offset).prefix(limit)))
      }
      let missing = entry.key + [1]
      if !all.contains(where: { $0.key == missing }) {
        #expect(try await tree.entry(missing) == nil)
        #expect(try await tree.ranks(below: missing).isEmpty)
      }
    }
    #expect(try await tree.children(of: []).map(\.path) == ["source"])
    #expect(try await tree.ranks(below: []) == 0..<snapshot.entryCount)
    #expect(try await tree.byteCount(in: 0..<snapshot.entryCount) == snapshot.byteCount)
    #expect(try await tree.byteCount(in: 0..<0) == 0)
    let past = snapshot.entryCount..<snapshot.entryCount + 5
    #expect(try await tree.entries(past) == [])
    #expect(try await tree.entries(snapshot.entryCount - 1..<past.upperBound) == [all.last!])
    var paged: [SnapshotEntry] = []
    try await tree.forEach { paged.append($0) }
    #expect(paged == all)
    paged = []
    try await tree.forEach(3..<17) { paged.append($0) }
    #expect(paged == Array(all[3..<17]))
  }

  @Test func readsContentAndRangesOfIt() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    var random = Seeded(93)
    for size in [0, 100, 50_000] {
      let bytes = random.bytes(size...size)
      try fixture.directory.write(bytes, to: "source/\(size)")
      let snapshot = try await fixture.backUp().snapshot
      let tree = SnapshotTree(snapshot, in: fixture.repository)
      let entry = try #require(
        try await tree.entry(SnapshotEntry.key(ofPath: "/source/./\(size)")))
      let content = try #require(entry.content)
      for range in [nil, 0..<0, 10..<20, 90..<1000, 40_000..<90_000] as [Range<UInt64>?] {
        let writer = CollectingWriter()
        try await tree.read(content, in: range, to: writer)
        let part = (range ?? 0..<UInt64(size)).clamped(to: 0..<UInt64(size))
        #expect(writer.bytes == Array(bytes[Int(part.lowerBound)..<Int(part.upperBound)]))
      }
    }
  }

  @Test func turnsPathsIntoKeysAndBack() {
    #expect(SnapshotEntry.key(ofPath: "/a//b/./c/") == Array("a\0b\0c".utf8))
    #expect(SnapshotEntry.key(ofPath: "") == [])
    #expect(SnapshotEntry.key(ofPath: "./.") == [])
    #expect(SnapshotEntry.key(ofPath: "a/../b") == Array("a\0..\0b".utf8))
    #expect(SnapshotEntry.key(ofPath: [0xFF, 0x2F, 0xFE]) == [0xFF, 0, 0xFE])
  }

  @Test func findsSnapshotsByNameIdAndTime() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    let first = try await fixture.backUp {
      $0.name = "one"
      $0.tags = ["why": "test"]
      $0.host = "here"
    }
    let second = try await fixture.backUp { $0.name = "two" }
    let repository = try await fixture.reopened()
    #expect(try await repository.snapshots() == [first.snapshot, second.snapshot])
    #expect(try await repository.snapshot("latest") == second.snapshot)
    #expect(try await repository.snapshot("one") == first.snapshot)
    let id = "\(first.snapshot.id)"
    #expect(try await repository.snapshot(String(id.prefix(12))) == first.snapshot)
    #expect(first.snapshot.tags == ["why": "test"])
    #expect(first.snapshot.host == "here")
    #expect(first.snapshot.sources == [fixture.sourcePath])
    let error = try await storeError { _ = try await repository.snapshot("three") }
    #expect(error.code == .notFound)
  }
}
