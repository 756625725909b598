import CairnChunks
import CairnCore
import CairnFiles
import Testing

/// Restores of parts of a snapshot.
@Suite struct PartialRestoreTests {
  private func fixture() async throws -> (BackupFixture, Snapshot) {
    let fixture = try await BackupFixture()
    let directory = fixture.directory
    for name in ["source", "source/a", "source/a/b", "source/ab", "source/c"] {
      try directory.makeDirectory(name)
    }
    for name in ["a/1", "a/b/2", "a/b/3", "ab/4", "c/5", "6"] {
      try directory.write(name, to: "source/" + name)
    }
    try directory.descriptor.setPermissions(of: "source/a", 0o750)
    return (fixture, try await fixture.backUp().snapshot)
  }

  private func restored(_ fixture: BackupFixture) throws -> [String] {
    try Array(walk([WalkRoot(fixture.destinationPath, name: "r")]).paths.dropFirst())
      .map { String($0.dropFirst(2)) }
  }

  @Test func restoresAFileWithTheDirectoriesAboveIt() async throws {
    let (fixture, snapshot) = try await fixture()
    let report = try await fixture.restore(snapshot, "source/a/b/2")
    #expect(report.problems == [])
    #expect(report.files == 1)
    #expect(try restored(fixture) == ["source", "source/a", "source/a/b", "source/a/b/2"])
    #expect(try fixture.directory.status("dest/source/a").permissions == 0o750)
    #expect(
      try fixture.directory.status("dest/source/a").modificationTime
        == fixture.directory.status("source/a").modificationTime)
  }

  @Test func restoresADirectoryWithAllBelowItAndNothingElse() async throws {
    let (fixture, snapshot) = try await fixture()
    try await fixture.restore(snapshot, "source/a")
    #expect(
      try restored(fixture)
        == ["source", "source/a", "source/a/1", "source/a/b", "source/a/b/2", "source/a/b/3"])
  }

  @Test func restoresOverlappingPathsOnce() async throws {
    let (fixture, snapshot) = try await fixture()
    let report = try await fixture.restore(
      snapshot, "source/c", "source/a/b", "/source/a/b/3/", "source/a/b", "source/a/1")
    #expect(report.problems == [])
    #expect(report.files == 4)
    #expect(
      try restored(fixture)
        == [
          "source", "source/a", "source/a/1", "source/a/b", "source/a/b/2", "source/a/b/3",
          "source/c", "source/c/5",
        ])
    for name in ["source/a", "source/a/b", "source/c", "source"] {
      #expect(
        try fixture.directory.status("dest/" + name).modificationTime
          == fixture.directory.status(name).modificationTime)
    }
  }

  @Test func restoresEverythingForTheEmptyPath() async throws {
    let (fixture, snapshot) = try await fixture()
    try await fixture.restore(snapshot, "source/c", ".")
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
  }

  @Test(arguments: ["missing", "source/a/missing", "source/a/1/x", "sourc", "source/a/b/2 "])
  func refusesAPathThatIsNotThere(path: String) async throws {
    let (fixture, snapshot) = try await fixture()
    let error = try await storeError { try await fixture.restore(snapshot, "source/a", path) }
    #expect(error.code == .notFound)
    #expect(error.description.contains(path))
    #expect(try fixture.directory.names() == ["source"], "nothing is made before all is found")
  }
}
