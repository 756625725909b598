import CairnChunks
import CairnCore
import CairnFiles
import Testing

/// Restores from repositories that lost something.
@Suite struct DamagedRepositoryTests {
  enum Damage: CaseIterable {
    case missing, flippedBit, truncated
  }

  private func damage(_ fixture: BackupFixture, _ pack: BlobName, _ damage: Damage) async throws {
    var bytes = try await fixture.target.get(pack, range: nil)
    try await fixture.target.delete(pack)
    switch damage {
    case .missing: return
    case .flippedBit: bytes[bytes.count / 3] ^= 1
    case .truncated: bytes.removeLast(bytes.count / 2)
    }
    try await fixture.target.put(pack, BlobSource(bytes))
  }

  /// Whatever pack is damaged, a restore brings back what does not depend on it, as it was, and
  /// names the rest; or it says that nothing can be read.
  @Test(arguments: Damage.allCases)
  func restoresWhatIsWhole(_ kind: Damage) async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeRandomTree(in: "source", files: 60, seed: 71)
    let snapshot = try await fixture.backUp().snapshot
    let original = Dictionary(
      try describe(fixture.sourcePath).map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    var readable = 0
    for pack in try await fixture.packs() {
      let stored = try await fixture.target.get(pack, range: nil)
      try await damage(fixture, pack, kind)
      let repository = try await fixture.reopened()
      let destination = try TemporaryDirectory(inMemory: true)
      do {
        let report = try await Restore(snapshot, from: repository).run(to: destination.filePath)
        readable += 1
        #expect(report.problems != [], "every pack holds something")
        let path = destination.path + "/source"
        var seen = 0
        for entry in try describe(path) where entry.metadata.kind == .regular {
          seen += 1
          let before = try #require(original[entry.path])
          #expect(entry.content == before.content, "\(entry.path)")
        }
        #expect(Int64(seen) == report.files)
        let names = try walk([WalkRoot(destination.path, name: "r")]).paths
        #expect(!names.contains { $0.contains(".cairn-") })
      } catch let error as ChunkStoreError {
        // The top of the tree was in it.
        #expect([.missing, .damaged].contains(error.code))
      }
      try await fixture.target.delete(pack)
      try await fixture.target.put(pack, BlobSource(stored))
    }
    #expect(readable > 3)
  }

  @Test func namesTheFilesOfAMissingPack() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    var random = Seeded(72)
    for number in 0..<200 {
      try fixture.directory.write(random.bytes(600...600), to: "source/\(number)")
    }
    let snapshot = try await fixture.backUp().snapshot
    var lost: Set<String> = []
    for pack in try await fixture.packs() {
      let stored = try await fixture.target.get(pack, range: nil)
      try await fixture.lose(pack)
      let destination = try TemporaryDirectory(inMemory: true)
      let repository = try await fixture.reopened()
      let report = try? await Restore(snapshot, from: repository).run(to: destination.filePath)
      if let report, report.files + Int64(report.problems.count) == 200 {
        lost.formUnion(report.problems.map(\.path))
      }
      try await fixture.target.put(pack, BlobSource(stored))
    }
    #expect(lost.count == 200, "each file was in one of the packs")
  }
}
