import CairnChunks
import CairnCore
import CairnFiles
import SystemPackage
import Testing

/// Files with several names.
@Suite struct HardLinkTests {
  private func fixture(sizes: [Int], names: Int) async throws -> BackupFixture {
    let fixture = try await BackupFixture()
    let directory = fixture.directory
    try directory.makeDirectory("source")
    var random = Seeded(61)
    for name in 0..<names { try directory.makeDirectory("source/\(name)") }
    for size in sizes {
      try directory.write(random.bytes(size...size), to: "source/0/\(size)")
      for name in 1..<names {
        try directory.descriptor.makeLink(
          to: "source/0/\(size)", as: "source/\(name)/\(size)", in: directory.descriptor)
      }
    }
    return fixture
  }

  @Test func restoresAllNamesAsLinksAndReadsEachFileOnce() async throws {
    let sizes = [0, 100, 600, 5000, 100_000, 9 << 20]
    let fixture = try await fixture(sizes: sizes, names: 20)
    let report = try await fixture.backUp()
    #expect(report.files == 120)
    // Small ones are read once per name, and two workers may begin with the same file.
    #expect(report.readBytes < Int64(sizes.reduce(0, +)) * 2 + 20 * 100)
    let restored = try await fixture.restore(report.snapshot)
    #expect(restored.problems == [])
    #expect(restored.files == 120)
    try expectSameTrees(fixture.sourcePath, fixture.destinationPath + "/source")
    for size in sizes {
      let first = try fixture.directory.status("dest/source/0/\(size)")
      #expect(first.linkCount == 20)
      #expect(try fixture.directory.status("dest/source/19/\(size)").isSameFile(as: first))
    }
  }

  @Test func restoresOneNameAlone() async throws {
    let fixture = try await fixture(sizes: [5000], names: 3)
    let report = try await fixture.backUp()
    #expect(try await fixture.restore(report.snapshot, "source/1/5000").problems == [])
    #expect(try fixture.directory.status("dest/source/1/5000").linkCount == 1)
    #expect(try fixture.directory.status("dest/source/1/5000").size == 5000)
    #expect(try fixture.directory.names(in: "dest/source") == ["1"])
  }

  @Test func doesNotLinkToAnOlderFileInThePlaceOfOneThatFailed() async throws {
    let fixture = try await fixture(sizes: [5000], names: 3)
    let report = try await fixture.backUp()
    for name in ["dest", "dest/source", "dest/source/0", "dest/source/0/5000"] {
      try fixture.directory.makeDirectory(name)
    }
    // A directory has the first name, so the file cannot.
    let restored = try await fixture.restore(report.snapshot)
    #expect(restored.problems.map(\.path) == ["source/0/5000"])
    let second = try fixture.directory.status("dest/source/1/5000")
    #expect(second.kind == .regular)
    #expect(second.size == 5000)
    #expect(try fixture.directory.status("dest/source/2/5000").isSameFile(as: second))
  }

  @Test func doesNotLinkToWhatItDidNotRestore() async throws {
    let fixture = try await BackupFixture()
    let session = try await fixture.repository.startSession()
    var metadata = FileMetadata(kind: .regular, permissions: 0o600)
    metadata.linkCount = 3
    metadata.inode = 7
    metadata.size = 3
    var entries: [CraftedEntry] = [
      .file("a", Array("new".utf8), metadata), .file("b", Array("new".utf8), metadata),
    ]
    // Their content is not what the entries say, so neither can be restored.
    let other = try await session.store(Array("longer than three".utf8))
    entries[0].content = .stream(Content(root: other.root, byteCount: 3, height: 0))
    entries[1].content = entries[0].content
    let snapshot = try await fixture.publish(entries, session)
    try fixture.directory.makeDirectory("dest")
    try fixture.directory.write("old", to: "dest/a")
    let report = try await fixture.restore(snapshot)
    #expect(report.problems.map(\.path) == ["a", "b"])
    #expect(try fixture.directory.names(in: "dest") == ["a"])
    #expect(try fixture.directory.read("dest/a") == "old")
  }

  @Test func doesNotLinkFilesOfDifferentContent() async throws {
    let fixture = try await BackupFixture()
    let session = try await fixture.repository.startSession()
    var metadata = FileMetadata(kind: .regular, permissions: 0o600)
    metadata.linkCount = 2
    metadata.inode = 7
    let snapshot = try await fixture.publish(
      [.file("a", [1], metadata), .file("b", [2], metadata)], session)
    #expect(try await fixture.restore(snapshot).problems == [])
    #expect(try fixture.directory.read("dest/a") == "\u{1}")
    #expect(try fixture.directory.read("dest/b") == "\u{2}")
  }
}
