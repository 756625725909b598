import CairnChunks
import CairnCore
import CairnCrypto
import CairnFiles
import SystemPackage
import Testing

/// What a backup does beside the snapshot before it.
@Suite struct IncrementalTests {
  @Test(arguments: BackupFixture.TargetKind.allCases)
  func readsNothingWhereNothingChanged(kind: BackupFixture.TargetKind) async throws {
    let fixture = try await BackupFixture(kind)
    try fixture.directory.makeRandomTree(in: "source", files: 300, seed: 11)
    try await fixture.letTimePass()
    let first = try await fixture.backUp()
    let second = try await fixture.backUp(into: try await fixture.reopened())
    #expect(second.previous == first.snapshot.id.description)
    #expect(second.previousProblem == nil)
    #expect(second.readBytes == 0)
    #expect(second.unchangedFiles == first.files)
    #expect(second.files == first.files)
    #expect(second.directories == first.directories)
    #expect(second.others == first.others)
    #expect(second.bytes == first.bytes)
    #expect(second.snapshot.tree == first.snapshot.tree)
    #expect(second.store.newChunks == 1, "the record of the snapshot")
  }

  @Test(arguments: [21, 22, 23] as [UInt64])
  func followsChangesOfEveryKind(seed: UInt64) async throws {
    var random = Seeded(seed)
    let fixture = try await BackupFixture()
    let directory = fixture.directory
    try directory.makeRandomTree(in: "source", files: 200, seed: seed)
    try await fixture.letTimePass()
    try await fixture.backUp()
    var names: [String] = []
    _ = try walk([WalkRoot(fixture.sourcePath)]) { walk in
      if walk.status.kind == .regular { names.append(text(Array(walk.key))) }
    }
    names.shuffle(using: &random)
    let base = directory.descriptor
    try directory.write(random.bytes(1...5000), to: names[0])
    try base.removeEntry(names[1])
    try base.renameEntry(names[2], to: names[2] + " renamed")
    try base.removeEntry(names[3])
    try directory.makeDirectory(names[3])
    try directory.write("inside", to: names[3] + "/inside")
    try base.removeEntry(names[4])
    try base.makeSymbolicLink(names[4], to: "elsewhere")
    try base.setPermissions(of: names[5], 0o601)
    try base.setModificationTime(of: names[6], 1_000_000_000)
    try directory.write("added", to: "source/added")
    try await fixture.letTimePass()
    let second = try await fixture.backUp()
    #expect(second.problems == [])
    try await fixture.restore(second.snapshot)
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
    // Once more from nothing: the same entries, of which none is stored as a difference.
    let third = try await fixture.backUp { $0.previous = .none }
    #expect(third.previous == nil)
    #expect(third.unchangedFiles == 0)
    #expect(try await fixture.entries(third.snapshot) == fixture.entries(second.snapshot))
  }

  @Test func aFewChangesAmongTinyFilesCostLittle() async throws {
    let fixture = try await BackupFixture(layout: .standard)
    var random = Seeded(24)
    try fixture.directory.makeDirectory("source")
    for file in 0..<2800 {
      try fixture.directory.write(random.bytes(250...250), to: "source/\(10_000 + file)")
    }
    try await fixture.letTimePass()
    let first = try await fixture.backUp()
    for file in stride(from: 50, to: 2800, by: 100) {
      try fixture.directory.write(random.bytes(250...250), to: "source/\(10_000 + file)")
    }
    try await fixture.letTimePass()
    let second = try await fixture.backUp()
    #expect(first.store.newBytes > 700_000)
    // 28 files of 250 bytes, each in another leaf: written out, 28 leaves of 8 KiB.
    #expect(second.store.newBytes < 50_000)
    try await fixture.restore(second.snapshot)
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
  }

  @Test func readsOnlyWhatChanged() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    for number in 0..<50 {
      try fixture.directory.write([UInt8](repeating: 1, count: 10_000), to: "source/\(number)")
    }
    try await fixture.letTimePass()
    try await fixture.backUp()
    try fixture.directory.write([UInt8](repeating: 2, count: 7000), to: "source/7")
    let second = try await fixture.backUp()
    #expect(second.readBytes == 7000)
    #expect(second.unchangedFiles == 49)
  }

  @Test func readsAgainWhatChangedShortlyBeforeTheLastBackup() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    try fixture.directory.write("abc", to: "source/file")
    // No time passes: a change after the backup might bear the same time.
    try await fixture.backUp()
    try await fixture.letTimePass()
    let second = try await fixture.backUp()
    #expect(second.readBytes == 3)
    #expect(second.unchangedFiles == 0)
    let third = try await fixture.backUp()
    #expect(third.unchangedFiles == 1)
  }

  @Test func readsAgainWhatTheRepositoryHasLost() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    var random = Seeded(31)
    for number in 0..<100 {
      try fixture.directory.write(random.bytes(3000...3000), to: "source/\(number)")
    }
    try await fixture.letTimePass()
    try await fixture.backUp()
    for pack in try await fixture.packs().prefix(2) { try await fixture.lose(pack) }
    try await fixture.loseIndex()
    let repository = try await fixture.reopened()
    let second = try await fixture.backUp(into: repository)
    #expect(second.problems == [])
    #expect(second.readBytes > 0)
    try await fixture.restore(second.snapshot, from: try await fixture.reopened())
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
  }

  /// Whichever pack is lost, a backup works, and what it publishes is whole.
  @Test func survivesTheLossOfAnyPack() async throws {
    let fixture = try await BackupFixture()
    let directory = fixture.directory
    var random = Seeded(32)
    try directory.makeDirectory("source")
    for number in 0..<200 {
      try directory.write(random.bytes(400...1000), to: "source/\(number)")
    }
    try await fixture.letTimePass()
    try await fixture.backUp()
    let packs = try await fixture.packs()
    #expect(packs.count > 2)
    for pack in packs {
      let stored = try await fixture.target.get(pack, range: nil)
      try await fixture.lose(pack)
      try await fixture.loseIndex()
      let report = try await fixture.backUp(into: try await fixture.reopened())
      #expect(report.problems == [])
      let restored = try await fixture.restore(report.snapshot, from: try await fixture.reopened())
      #expect(restored.problems == [])
      try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
      try await fixture.target.put(pack, BlobSource(stored))
    }
  }

  @Test func usesAnOlderSnapshotOfTheSamePlacesAndHost() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    try fixture.directory.write("abc", to: "source/file")
    try await fixture.letTimePass()
    let first = try await fixture.backUp { $0.host = "one" }
    try await fixture.backUp { $0.host = "two" }
    try await fixture.backUp([WalkRoot(fixture.sourcePath, name: "other"), WalkRoot("/dev/null")]) {
      $0.host = "one"
    }
    let second = try await fixture.backUp { $0.host = "one" }
    #expect(second.previous == first.snapshot.id.description)
    let chosen = try await fixture.backUp {
      $0.host = "three"
      $0.previous = .snapshot(first.snapshot)
    }
    #expect(chosen.unchangedFiles == 1)
  }
}
