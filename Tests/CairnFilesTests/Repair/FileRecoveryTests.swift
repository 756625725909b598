import CairnChunks
import CairnCore
import CairnFiles
import SystemPackage
import Testing

/// What comes back from the files that were backed up, and what is restored of what does not.
@Suite struct FileRecoveryTests {
  private static let session = SessionOptions(spoolDirectory: "/tmp", workerCount: 2)

  /// A dozen files of several chunks each.
  private func makeFixture() async throws -> (BackupFixture, Snapshot) {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    var random = Seeded(81)
    for number in 0..<12 {
      try fixture.directory.write(random.bytes(30_000...60_000), to: "source/\(number)")
    }
    // With a hole, where a backup does not cut as elsewhere.
    try fixture.directory.write(
      random.bytes(20_000...20_000), to: "source/sparse", at: 1 << 20, size: 2 << 20)
    return (fixture, try await fixture.backUp().snapshot)
  }

  /// Repairs, and names what remains damaged.
  private func repair(_ fixture: BackupFixture) async throws -> [DamagedSnapshot] {
    let repository = try await fixture.reopened()
    let found = try await repository.verify(VerifyOptions(.data, workerCount: 1))
    let options = RepairOptions(session: Self.session)
    let plan = try await repository.planRepair(after: found, options)
    let planned = try await repository.damagedSnapshots(after: plan, options)
    _ = try await repository.repair(plan, options)
    let repaired = try await fixture.reopened()
    let damaged = try await repaired.damagedSnapshots(by: repaired.verify())
    #expect(planned.map(\.problems) == damaged.map(\.problems), "the plan says what happens")
    return damaged
  }

  @Test func lostContentIsStoredAgain() async throws {
    let (fixture, snapshot) = try await makeFixture()
    var recovered = 0
    for pack in try await fixture.packs() {
      let copy = try await fixture.target.get(pack, range: nil)
      try await fixture.lose(pack)
      let damaged = try await repair(fixture)
      let repository = try await fixture.reopened()
      let recovery = try await repository.recoverFiles(
        of: damaged, from: [WalkRoot(fixture.sourcePath)], session: Self.session)
      #expect(recovery.problems.isEmpty)
      let report = try await fixture.reopened().verify(VerifyOptions(.data, workerCount: 1))
      let isWhole = damaged.allSatisfy { snapshot in
        snapshot.problems.allSatisfy { !$0.message.contains("cannot be listed") }
      }
      if isWhole, !damaged.isEmpty {
        #expect(report.isSound && recovery.chunks > 0, "\(report.problems)")
        recovered += 1
        let destination = try TemporaryDirectory(inMemory: true)
        let restored = try await Restore(snapshot, from: try await fixture.reopened()).run(
          to: destination.filePath)
        #expect(restored.problems.isEmpty)
        try expectSameTrees(destination.path + "/source", fixture.sourcePath)
      } else {
        // Entries are not made again; the copy serves the rest of this test.
        try await fixture.target.put(pack, BlobSource(copy))
        _ = try await fixture.reopened().rebuildIndex()
      }
    }
    #expect(recovered > 3)
  }

  @Test func ofAFileThatChangedThePiecesAreTaken() async throws {
    let (fixture, _) = try await makeFixture()
    // The beginning and the time differ.
    for number in 0..<12 {
      try fixture.directory.write([1, 2, 3], to: "source/\(number)", size: 60_000)
    }
    // The largest hold content; with the entries, the names of files would be lost.
    let packs = try await fixture.target.list("packs/", after: nil, limit: 1000)
    for pack in packs.sorted(by: { $0.size > $1.size }).prefix(4) {
      try await fixture.lose(pack.name)
    }
    var damaged = try await repair(fixture)
    try #require(!damaged.isEmpty)
    let before = damaged.reduce(0) { $0 + lostBytes($1) }
    let recovery = try await fixture.reopened().recoverFiles(
      of: damaged, from: [WalkRoot(fixture.sourcePath)], session: Self.session)
    let repository = try await fixture.reopened()
    damaged = try await repository.damagedSnapshots(by: repository.verify())
    let after = damaged.reduce(0) { $0 + lostBytes($1) }
    #expect(recovery.chunks > 0 && after < before, "\(after) of \(before)")
    // Nothing but what was lost is stored.
    #expect(recovery.bytes <= before)
  }

  /// What the messages say is lost of files.
  private func lostBytes(_ damaged: DamagedSnapshot) -> Int {
    damaged.problems.reduce(0) { sum, problem in
      let words = problem.message.split(separator: " ")
      let position = words.firstIndex(of: "whole:").map { $0 + 1 }
      return sum + (position.flatMap { Int(words[$0]) } ?? 0)
    }
  }

  @Test func damagedFilesAreRestoredWithHoles() async throws {
    let (fixture, snapshot) = try await makeFixture()
    try fixture.directory.write([UInt8](repeating: 7, count: 12 << 20), to: "source/large")
    let whole = try await fixture.backUp().snapshot
    let original = Dictionary(
      try describe(fixture.sourcePath).map { ($0.path, $0) }, uniquingKeysWith: { $1 })
    var holes = 0
    for pack in try await fixture.packs() {
      let bytes = try await fixture.target.get(pack, range: nil)
      try await fixture.lose(pack)
      var options = RestoreOptions()
      options.restoresDamagedFiles = true
      let destination = try TemporaryDirectory(inMemory: true)
      let report = try? await Restore(whole, from: try await fixture.reopened(), options).run(
        to: destination.filePath)
      try await fixture.target.put(pack, BlobSource(bytes))
      guard let report else { continue }
      for entry in try describe(destination.path + "/source") {
        let before = try #require(original[entry.path])
        if entry.content == before.content {
          #expect(entry.metadata == before.metadata, "\(entry.path)")
          continue
        }
        holes += 1
        #expect(report.problems.contains { $0.message.contains("its content is not whole") })
        #expect(entry.content.count == before.content.count)
        #expect(
          zip(entry.content, before.content).allSatisfy { $0 == $1 || $0 == 0 }, "\(entry.path)")
      }
    }
    #expect(holes > 5 && snapshot.entryCount + 1 == whole.entryCount)
  }
}
