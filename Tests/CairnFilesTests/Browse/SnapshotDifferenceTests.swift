import CairnChunks
import CairnCore
import CairnFiles
import SystemPackage
import Testing

/// Comparing snapshots.
@Suite struct SnapshotDifferenceTests {
  private func changes(
    _ old: Snapshot, _ new: Snapshot, _ repository: Repository
  ) async throws -> [SnapshotChange] {
    var changes: [SnapshotChange] = []
    try await repository.forEachChange(from: old, to: new) { changes += $0 }
    return changes
  }

  @Test(arguments: [101, 102] as [UInt64])
  func findsWhatChanged(seed: UInt64) async throws {
    var random = Seeded(seed)
    let fixture = try await BackupFixture()
    let directory = fixture.directory
    try directory.makeRandomTree(in: "source", files: 400, seed: seed)
    let old = try await fixture.backUp().snapshot
    let before = try await fixture.entries(old)
    for entry in before.shuffled(using: &random).prefix(60)
    where entry.metadata.kind == .regular && entry.metadata.linkCount == 1 {
      let name = text(entry.key)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: try directory.descriptor.removeEntry(name)
      case 1: try directory.write(random.bytes(1...100), to: name)
      case 2: try directory.descriptor.setPermissions(of: name, 0o604)
      default: try directory.write("new", to: name + " new")
      }
    }
    let new = try await fixture.backUp().snapshot
    let after = try await fixture.entries(new)

    let olds = Dictionary(uniqueKeysWithValues: before.map { ($0.key, $0) })
    let news = Dictionary(uniqueKeysWithValues: after.map { ($0.key, $0) })
    let expected = Set(olds.keys).union(news.keys)
      .sorted { $0.lexicographicallyPrecedes($1) }
      .compactMap { key -> String? in
        let path = (olds[key] ?? news[key])!.path
        guard let one = olds[key] else { return "added \(path)" }
        guard let other = news[key] else { return "removed \(path)" }
        if one.content != other.content { return "modified \(path)" }
        let isSame =
          one.metadata.permissions == other.metadata.permissions
          && one.metadata.modificationTime == other.metadata.modificationTime
        return isSame ? nil : "attributes \(path)"
      }
    let found = try await changes(old, new, fixture.repository)
    #expect(found.map { "\($0.kind) \($0.path)" } == expected)
    for change in found {
      let path = SnapshotEntry.key(ofPath: (change.old ?? change.new)!.pathBytes)
      #expect(change.old == (change.kind == .added ? nil : olds[path]))
      #expect(change.new == (change.kind == .removed ? nil : news[path]))
    }
    #expect(try await changes(new, new, fixture.repository) == [])
    let backwards = try await changes(new, old, fixture.repository)
    #expect(backwards.map(\.path) == found.map(\.path))
  }

  @Test func doesNotReadWhatBothShare() async throws {
    let fixture = try await BackupFixture()
    var random = Seeded(103)
    var entries = (0..<20_000).map { CraftedEntry.file("\($0)", random.bytes(100...100)) }
    let old = try await fixture.publish(entries)
    entries[12_345].content = .inline([1])
    let new = try await fixture.publish(entries)
    let target = FailingTarget(fixture.target)
    let repository = try await Repository.open(on: target, with: [fixture.identity])
    try await repository.refresh()
    var start = target.getCount
    let found = try await changes(old, new, repository)
    #expect(found.map(\.path) == ["12345"])
    let gets = target.getCount - start
    start = target.getCount
    try await SnapshotTree(old, in: repository).forEach { _ in }
    let all = target.getCount - start
    #expect(gets * 2 < all, "the nodes on two paths and their neighbours, of a whole tree")
  }

  @Test func endsWhenTheHostHasSeenEnough() async throws {
    struct Enough: Error {}
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    let old = try await fixture.backUp().snapshot
    for number in 0..<1000 { try fixture.directory.write("x", to: "source/\(number)") }
    let new = try await fixture.backUp().snapshot
    var count = 0
    await #expect(throws: Enough.self) {
      try await fixture.repository.forEachChange(from: old, to: new) { changes in
        count += changes.count
        throw Enough()
      }
    }
    #expect(count > 0 && count <= 256)
  }
}
