import CairnChunks
import CairnCore
import CairnFiles
import SystemPackage
import Testing

/// Snapshots that no backup would make: whatever they claim, nothing is written outside of the
/// destination, and nothing traps or hangs.
@Suite struct HostileSnapshotTests {
  /// A directory beside the destination, to which links planted in it lead.
  private func restore(
    _ entries: [CraftedEntry], links: [String] = [], alter: (EntryTree) -> EntryTree = { $0 }
  ) async throws -> (TemporaryDirectory, RestoreReport) {
    let fixture = try await BackupFixture()
    let directory = fixture.directory
    for name in ["outside", "dest"] { try directory.makeDirectory(name) }
    try directory.write("untouched", to: "outside/file")
    try directory.write("untouched", to: "file")
    for link in links {
      try directory.descriptor.makeSymbolicLink("dest/" + link, to: directory.path + "/outside")
    }
    let outside = try describe(directory.path + "/outside")
    let snapshot = try await fixture.publish(entries, alter: alter)
    let report = try await fixture.restore(snapshot)
    #expect(try describe(directory.path + "/outside") == outside)
    #expect(try directory.read("file") == "untouched")
    #expect(try directory.names() == ["dest", "file", "outside"])
    #expect(try directory.temporaryNames(in: "dest") == [])
    return (directory, report)
  }

  @Test(arguments: [
    "..", ".", "../outside/file", "../file", "a/../../file", "/file", "a//b", "", "/", "a/", "./b",
    "../outside", "...", "a/..",
  ])
  func refusesNamesThatLeadElsewhere(path: String) async throws {
    for entry in [
      CraftedEntry.file(path, [1]), .directory(path), .link(path, to: "/etc"),
    ] {
      let (directory, report) = try await restore([.directory("a"), entry])
      if path == "..." {
        #expect(report.problems == [])
      } else {
        #expect(!report.problems.isEmpty)
        #expect(try directory.names(in: "dest").allSatisfy { $0 == "a" })
      }
    }
  }

  @Test func refusesNamesWithSlashes() async throws {
    var entry = CraftedEntry.file("x", [1])
    for name in ["../file", "a/b", "/etc/cairn", "/"] {
      entry.key = Array(name.utf8)
      let (directory, report) = try await restore([entry])
      #expect(report.problems.count == 1)
      #expect(report.files == 0)
      #expect(try directory.names(in: "dest") == [])
    }
  }

  @Test func doesNotFollowLinksThatItRestoresOrFinds() async throws {
    let (directory, report) = try await restore(
      [
        .link("a", to: "../outside"), .file("a/file", [1]), .directory("a/b"), .file("a/b/c", [2]),
        .directory("planted"), .file("planted/file", [1]),
        .file("also planted", [3]), .file("z", [4]),
      ], links: ["planted", "also planted"])
    #expect(report.problems.map(\.path).contains("planted"))
    #expect(try directory.status("dest/a").kind == .symbolicLink)
    #expect(try directory.status("dest/planted").kind == .symbolicLink)
    #expect(try directory.status("dest/also planted").kind == .regular, "the link was replaced")
    #expect(try directory.read("dest/z") == "\u{4}")
  }

  @Test func doesNotLinkToWhatIsOutside() async throws {
    var metadata = FileMetadata(kind: .regular, permissions: 0o600)
    metadata.linkCount = 9
    let (directory, report) = try await restore(
      [
        .link("a", to: "../outside"), .file("a/file", [1], metadata), .file("b", [1], metadata),
        .file("../file", [1], metadata), .file("c", [1], metadata),
      ])
    #expect(report.problems.count >= 2)
    #expect(try directory.status("dest/b").linkCount == 2)
    #expect(try directory.status("file").linkCount == 1)
    #expect(try directory.status("outside/file").linkCount == 1)
  }

  @Test func restoresWhatLacksItsDirectories() async throws {
    let (directory, report) = try await restore([
      .file("a/b/c", [1]), .file("a/b/d", [2]), .directory("e/f"), .file("e/f/g", [3]),
    ])
    #expect(report.files == 3)
    #expect(report.problems.map(\.path) == ["a", "a/b", "e"])
    #expect(try directory.read("dest/a/b/d") == "\u{2}")
    #expect(try directory.read("dest/e/f/g") == "\u{3}")
  }

  @Test func namesWhatClaimsToBeBelowAFile() async throws {
    let (directory, report) = try await restore([
      .file("a", [1]), .file("a/b", [2]), .directory("a/c"), .file("a/c/d", [3]), .file("e", [4]),
    ])
    #expect(!report.problems.isEmpty)
    #expect(try directory.read("dest/e") == "\u{4}")
  }

  @Test func namesEntriesThatDoNotDecode() async throws {
    var broken = CraftedEntry.file("broken", [1])
    broken.value = [0xFF, 0, 1]
    var newer = CraftedEntry.file("newer", [1])
    newer.value = newer.entry.value
    newer.value![0] = 2 << 4 | 1
    var empty = CraftedEntry.file("empty")
    empty.value = []
    var withoutContent = CraftedEntry.file("without content")
    withoutContent.content = nil
    let (directory, report) = try await restore([
      broken, newer, empty, withoutContent, .file("good", [1]),
    ])
    #expect(
      report.problems.map(\.path).sorted() == ["broken", "empty", "newer", "without content"])
    #expect(report.problems.contains { $0.message.contains("newer") })
    #expect(try directory.names(in: "dest") == ["good"])
  }

  @Test func survivesSizesThatDoNotFit() async throws {
    let fixture = try await BackupFixture()
    let session = try await fixture.repository.startSession()
    let chunk = try await session.store([1, 2, 3])
    var entries: [CraftedEntry] = []
    let sizes = [0, 4, UInt64(Int64.max), UInt64(Int64.max) + 1, .max]
    for (number, size) in sizes.enumerated() {
      for height in [0, 1, 16, 17, 255] {
        var entry = CraftedEntry.file("\(number) \(height)")
        entry.content = .stream(Content(root: chunk.root, byteCount: size, height: height))
        entry.weight = size / 100
        entries.append(entry)
      }
    }
    let snapshot = try await fixture.publish(entries, session)
    let report = try await fixture.restore(snapshot)
    // An empty stream needs no chunk; the height of a node is checked.
    #expect(report.problems.count >= entries.count - 1)
    #expect(try fixture.directory.temporaryNames(in: "dest") == [])
  }

  @Test func survivesCountsThatAreNotSo() async throws {
    for (count, weight) in [(3, 0), (1, 0), (2, 1), (.max, 0), (2, .max)] as [(UInt64, UInt64)] {
      let fixture = try await BackupFixture()
      let snapshot = try await fixture.publish([.file("a"), .file("b")]) {
        EntryTree(root: $0.root, height: $0.height, count: count, weight: weight)
      }
      let error = try await storeError { try await fixture.restore(snapshot) }
      #expect(error.code == .damaged)
    }
  }

  @Test func refusesADestinationThatIsAFile() async throws {
    let fixture = try await BackupFixture()
    try fixture.directory.write("here", to: "dest")
    let snapshot = try await fixture.publish([.file("a")])
    let error = try await storeError { try await fixture.restore(snapshot) }
    #expect(error.code == .invalid)
    #expect(try fixture.directory.read("dest") == "here")
  }
}
