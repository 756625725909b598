import CairnChunks
import CairnCore
import CairnFiles
import SystemPackage
import Testing

/// What is backed up comes back as it was.
@Suite struct RoundTripTests {
  @Test(arguments: BackupFixture.TargetKind.allCases)
  func restoresOneOfEverything(kind: BackupFixture.TargetKind) async throws {
    let fixture = try await BackupFixture(kind)
    try fixture.directory.makeEverything(in: "source")
    let report = try await fixture.backUp()
    #expect(report.problems == [])
    let restored = try await fixture.restore(report.snapshot)
    #expect(restored.problems == [])
    #expect(restored.files == report.files)
    #expect(restored.directories == report.directories)
    #expect(restored.others == report.others)
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
    let island = try fixture.directory.status("dest/source/sparse")
    #expect(island.blocks * 512 < 1 << 20, "a sparse file is restored sparse")
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func restoresARandomTree(seed: UInt64) async throws {
    let fixture = try await BackupFixture(.directory)
    try fixture.directory.makeRandomTree(in: "source", files: 400, seed: seed)
    let report = try await fixture.backUp()
    #expect(report.problems == [])
    let repository = try await fixture.reopened()
    let snapshot = try await repository.snapshot("latest")
    #expect(snapshot == report.snapshot)
    let restored = try await fixture.restore(snapshot, from: repository)
    #expect(restored.problems == [])
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
    #expect(try fixture.directory.temporaryNames(in: "dest") == [])
  }

  @Test func restoresOverARestoredTree() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeRandomTree(in: "source", files: 100, seed: 4)
    let report = try await fixture.backUp()
    for _ in 0..<2 { #expect(try await fixture.restore(report.snapshot).problems == []) }
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
  }

  @Test func countsWhatIsInTheSnapshot() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeRandomTree(in: "source", files: 300, seed: 5)
    let report = try await fixture.backUp()
    let entries = try await fixture.entries(report.snapshot)
    let files = entries.filter { $0.metadata.kind == .regular }
    #expect(report.files == Int64(files.count))
    #expect(report.directories == Int64(entries.count { $0.metadata.kind == .directory }))
    #expect(report.others == Int64(entries.count { $0.metadata.kind == .symbolicLink }))
    #expect(report.bytes == files.reduce(0) { $0 + $1.metadata.size })
    #expect(report.snapshot.byteCount == UInt64(report.bytes))
    #expect(report.snapshot.entryCount == UInt64(entries.count))
  }

  @Test func backsUpPlacesOfEveryKind() async throws {
    let fixture = try await BackupFixture()
    let directory = fixture.directory
    try directory.write("content", to: "file")
    try directory.makeDirectory("source")
    try directory.write("inner", to: "source/inner")
    try directory.descriptor.makeSymbolicLink("link", to: "source")
    let path = directory.path
    let report = try await fixture.backUp([
      WalkRoot(path + "/file"), WalkRoot(path + "/link"),
      WalkRoot(path + "/link/", name: "followed"),
    ])
    #expect(report.problems == [])
    let entries = try await fixture.entries(report.snapshot)
    #expect(entries.map(\.path) == ["file", "followed", "followed/inner", "link"])
    #expect(entries.map(\.metadata.kind) == [.regular, .directory, .regular, .symbolicLink])
    try await fixture.restore(report.snapshot)
    #expect(try directory.read("dest/file") == "content")
    #expect(try directory.read("dest/followed/inner") == "inner")
  }

  @Test func backsUpTheRootUnderAName() async throws {
    let fixture = try await BackupFixture()
    let report = try await fixture.backUp([WalkRoot("/", name: "all")]) {
      $0.exclude = try GlobSet(["*"])
    }
    #expect(try await fixture.entries(report.snapshot).map(\.path) == ["all"])
    #expect(report.directories == 1)
  }

  @Test func refusesPlacesThatAreNotThereOrHaveTheSameName() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.makeDirectory("source")
    let missing = try await storeError {
      try await fixture.backUp([WalkRoot(fixture.directory.path + "/missing")])
    }
    #expect(missing.code == .invalid)
    #expect(missing.description.contains("/missing"))
    let twice = try await storeError {
      try await fixture.backUp([WalkRoot(fixture.sourcePath), WalkRoot("/tmp", name: "source")])
    }
    #expect(twice.code == .invalid)
    #expect(try await fixture.repository.snapshots() == [])
  }

  @Test func leavesOutWhatIsExcludedAndSockets() async throws {
    let fixture = try await BackupFixture()
    let directory = fixture.directory
    for name in ["source", "source/cache", "source/kept"] { try directory.makeDirectory(name) }
    for name in ["cache/a", "kept/b.o", "kept/c"] { try directory.write("x", to: "source/" + name) }
    try makeSocket(fixture.sourcePath + "/socket")
    let report = try await fixture.backUp {
      $0.exclude = try GlobSet(["*.o", "cache/"])
      $0.staysOnFileSystem = true
    }
    let paths = try await fixture.entries(report.snapshot).map(\.path)
    #expect(paths == ["source", "source/kept", "source/kept/c"])
    #expect(report.skipped.map(\.path) == [fixture.sourcePath + "/socket"])
    #expect(report.others == 0)
  }
}
