import CairnCore
import CairnFiles
import SystemPackage
import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite struct RestoreTests {
  let directory: TemporaryDirectory
  let reports = Reports()
  let past: Int64 = 1_234_567_890_123_456_789

  init() throws {
    directory = try TemporaryDirectory()
    try directory.makeDirectory("dest")
  }

  var destinationPath: String { directory.path + "/dest" }

  func open(_ options: RestoreOptions = RestoreOptions()) throws -> RestoreDestination {
    let reports = reports
    return try RestoreDestination(FilePath(destinationPath), options: options) { reports.add($0) }
  }

  func metadata(_ kind: FileKind = .regular, _ permissions: UInt16 = 0o644) -> FileMetadata {
    var metadata = FileMetadata(kind: kind, permissions: permissions)
    metadata.uid = geteuid()
    metadata.gid = getegid()
    metadata.modificationTime = past
    return metadata
  }

  func makeFile(
    _ name: String, _ content: String = "content", _ metadata: FileMetadata? = nil,
    in parent: RestoredDirectory
  ) throws {
    let metadata = metadata ?? self.metadata()
    let file = try parent.createFile(name, for: metadata)
    try Array(content.utf8).asSpan { try file.write($0, at: 0) }
    try file.finish(metadata)
  }

  // MARK: Whole trees

  @Test(arguments: [false, true])
  func bringsBackEveryKind(byThreads: Bool) throws {
    try directory.makeEverything(in: "source")
    let restore = try copyTree(
      directory.path + "/source", to: destinationPath, byThreads: byThreads, report: reports)
    #expect(restore.pendingDirectoryCount == 0)
    #expect(reports.all == [])
    let (source, restored) = try (
      describe(directory.path + "/source"), describe(destinationPath + "/r")
    )
    for (one, other) in zip(source, restored) { #expect(one == other) }
    #expect(source.count == restored.count)
    #expect(try directory.names(in: "dest") == ["r"])

    let first = try directory.status("dest/r/full/file")
    for name in ["hard", "empty/hard too"] {
      #expect(try directory.status("dest/r/\(name)").isSameFile(as: first))
    }
    let sparse = try directory.status("dest/r/sparse")
    #expect(sparse.size == 9 << 20)
    #expect(sparse.blocks * 512 < 1 << 20)
  }

  @Test func restoresOverAnEarlierRestore() throws {
    try directory.makeEverything(in: "source")
    let source = try describe(directory.path + "/source")
    for _ in 0..<2 {
      _ = try copyTree(directory.path + "/source", to: destinationPath, report: reports)
      #expect(try describe(destinationPath + "/r") == source)
    }
    #expect(reports.all == [])
  }

  @Test func createsTheDestinationAndTheDirectoriesAboveIt() throws {
    let path = directory.path + "/new/and/newer"
    let destination = try RestoreDestination(FilePath(path)) { _ in }
    try makeFile("file", in: destination.root)
    destination.root.leave()
    #expect(try directory.read("new/and/newer/file") == "content")

    try directory.write(to: "obstacle")
    let error = #expect(throws: IOError.self) {
      _ = try RestoreDestination(FilePath(directory.path + "/obstacle/below")) { _ in }
    }
    #expect(error?.errno == .notDirectory)
    #expect(error?.subject == directory.path + "/obstacle/below")
  }

  // MARK: Nothing outside

  @Test(arguments: [
    "", ".", "..", "/", "a/b", "/etc", "../x", "a\0b", "\0",
  ])
  func refusesNamesThatLeadElsewhere(name: String) throws {
    let destination = try open()
    let bytes = Array(name.utf8)
    let link = metadata(.symbolicLink)
    for attempt: (RawSpan) throws -> Void in [
      { _ = try destination.root.makeDirectory($0) },
      { _ = try destination.root.createFile($0) },
      { try destination.root.createEntry($0, link) },
      { name in try key("file").asSpan { try destination.root.createHardLink(name, to: $0) } },
      { path in
        // In a key a zero byte separates two names.
        let key = bytes.contains(0) ? Array("..".utf8) : bytes
        try key.asSpan { key in
          try Array("n".utf8).asSpan { try destination.root.createHardLink($0, to: key) }
        }
      },
    ] {
      let error = #expect(throws: IOError.self) { try bytes.asSpan { try attempt($0) } }
      #expect(error?.code == .invalidPath)
    }
    #expect(try directory.names(in: "dest") == [])
    #expect(try directory.names() == ["dest"])
  }

  @Test func doesNotFollowAPlantedLink() throws {
    try directory.makeDirectory("outside")
    try directory.write("precious", to: "outside/file")
    try directory.descriptor.makeSymbolicLink("dest/trap", to: "../outside")
    try directory.descriptor.makeSymbolicLink("dest/file", to: "../outside/file")
    let destination = try open()

    let error = #expect(throws: IOError.self) {
      _ = try destination.root.makeDirectory("trap")
    }
    #expect(error?.code == .invalidPath)
    #expect(error?.subject == destinationPath + "/trap")
    #expect(error?.description.contains("symbolic link") == true)

    // A link in the place of a file is replaced, and what it points to is left alone.
    try makeFile("file", "new", in: destination.root)
    try directory.descriptor.makeSymbolicLink("dest/entry", to: "../outside/file")
    try destination.root.createEntry("entry", metadata(.fifo))
    try directory.descriptor.makeSymbolicLink("dest/hard", to: "../outside/file")
    try Array("hard".utf8).asSpan { name in
      try key("file").asSpan { try destination.root.createHardLink(name, to: $0) }
    }
    // Nor is a link on the way to the file that is linked to.
    let hidden = #expect(throws: IOError.self) {
      try Array("hard".utf8).asSpan { name in
        try key("trap/file").asSpan { try destination.root.createHardLink(name, to: $0) }
      }
    }
    #expect(hidden?.errno == .notDirectory || hidden?.errno == .tooManySymbolicLinkLevels)
    destination.root.leave()

    #expect(try directory.read("outside/file") == "precious")
    #expect(try directory.names(in: "outside") == ["file"])
    #expect(try directory.read("dest/file") == "new")
    #expect(try directory.status("dest/entry").kind == .fifo)
    #expect(try directory.status("dest/hard").isSameFile(as: directory.status("dest/file")))
    #expect(try directory.status("outside/file").linkCount == 1)
    #expect(try directory.names(in: "dest") == ["entry", "file", "hard", "trap"])
  }

  @Test func doesNotFollowALinkThatIsPlantedLater() throws {
    try directory.makeDirectory("outside")
    var options = RestoreOptions()
    options.openDirectories = 1
    let destination = try open(options)
    let first = try destination.root.makeDirectory("first")
    let second = try destination.root.makeDirectory("second")
    // The first is closed now; its name is made to lead elsewhere.
    try directory.descriptor.renameEntry("dest/first", to: "dest/moved")
    try directory.descriptor.makeSymbolicLink("dest/first", to: "../outside")
    let error = #expect(throws: IOError.self) { try makeFile("file", in: first) }
    #expect(error?.code == .changed)
    #expect(error?.subject == destinationPath + "/first")

    // Nor another directory of its name.
    try directory.descriptor.removeEntry("dest/first")
    try directory.makeDirectory("dest/first")
    let other = #expect(throws: IOError.self) { try makeFile("file", in: first) }
    #expect(other?.code == .changed)
    first.leave(metadata(.directory))
    second.leave()
    destination.root.leave()
    #expect(reports.all.map(\.code) == [.changed])
    #expect(try directory.names(in: "outside") == [])
    #expect(try directory.names(in: "dest/first") == [])
    #expect(destination.pendingDirectoryCount == 0)
  }

  @Test func saysWhatStandsInTheWay() throws {
    try directory.write("x", to: "dest/file")
    try directory.makeDirectory("dest/dir")
    let destination = try open()
    let error = #expect(throws: IOError.self) {
      _ = try destination.root.makeDirectory("file")
    }
    #expect(error?.code == .invalidPath)
    #expect(error?.detail?.hasPrefix("a file has its name") == true)
    let other = #expect(throws: IOError.self) { try makeFile("dir", in: destination.root) }
    #expect(other?.errno == .isDirectory)
    #expect(try directory.names(in: "dest") == ["dir", "file"])
  }

  // MARK: Files

  @Test func replacesAFileInOneStep() throws {
    try directory.write("old", to: "dest/file")
    let destination = try open()
    let file = try destination.root.createFile("file")
    try Array("new and longer".utf8).asSpan { try file.write($0, at: 0) }
    #expect(try directory.read("dest/file") == "old")
    let names = try directory.names(in: "dest")
    #expect(names.count == 2)
    #expect(names[0].hasPrefix(".cairn-") && names[0].utf8.count == 23)
    #expect(try directory.status("dest/\(names[0])").permissions == 0o600)
    try file.finish(metadata())
    #expect(try directory.read("dest/file") == "new and longer")
    #expect(try directory.names(in: "dest") == ["file"])
  }

  @Test func leavesNothingOfAFileThatIsDropped() throws {
    try directory.write("old", to: "dest/file")
    let destination = try open()
    do {
      let file = try destination.root.createFile("file")
      try Array("half of it".utf8).asSpan { try file.write($0, at: 0) }
      #expect(file.path == destinationPath + "/file")
    }
    #expect(try directory.names(in: "dest") == ["file"])
    #expect(try directory.read("dest/file") == "old")
    destination.root.leave()
    #expect(destination.pendingDirectoryCount == 0)
  }

  @Test func showsAFileToNobodyWhoWillNotSeeItFinished() throws {
    umask(0o022)
    let destination = try open()
    for (final, during) in [
      (0o644, 0o644), (0o755, 0o755), (0o444, 0o444), (0o600, 0o600), (0o000, 0o000),
      // The group that gets it is another than the one that has it now.
      (0o640, 0o600), (0o750, 0o600), (0o664, 0o600), (0o666, 0o600), (0o4755, 0o755),
      (0o605, 0o605),
    ] as [(UInt16, UInt16)] {
      let metadata = metadata(.regular, final)
      let file = try destination.root.createFile("file", for: metadata)
      let name = try #require(try directory.names(in: "dest").first { $0.hasPrefix(".cairn-") })
      #expect(try directory.status("dest/\(name)").permissions == during)
      try file.finish(metadata)
      #expect(try directory.status("dest/file").permissions == final)
    }
  }

  @Test func setsPermissionsWhateverTheDirectoryHandsDown() throws {
    // New files get the directory's group, and it stays so after the first.
    try directory.makeDirectory("dest/shared")
    let gid: UInt32 = geteuid() == 0 ? 4242 : getegid()
    try directory.descriptor.setOwner(of: "dest/shared", unchangedOwner, group: gid)
    try directory.descriptor.setPermissions(of: "dest/shared", 0o2775)
    let destination = try open()
    let shared = try destination.root.makeDirectory("shared")
    for index in 0..<3 {
      try makeFile("file\(index)", in: shared)
      let status = try directory.status("dest/shared/file\(index)")
      #expect(status.gid == getegid())
      #expect(status.permissions == 0o644)
      #expect(status.modificationTime == past)
    }
  }

  @Test func goesOnWithoutAnOwnerThatMayNotBeSet() throws {
    guard canDropPrivileges else {
      print("skipped: only root can have rights to lose")
      return
    }
    chmod(directory.path, 0o777)
    chmod(destinationPath, 0o777)
    var setuid = metadata(.regular, 0o6755)
    setuid.uid = 11
    setuid.gid = 12
    let destination = try open()
    try withFileAccess(ofUser: 54321) {
      try makeFile("file", "content", setuid, in: destination.root)
    }
    // Rights of that owner do not go to whom it belongs now.
    let status = try directory.status("dest/file")
    #expect(status.uid == 54321)
    #expect(status.permissions == 0o755)
    #expect(try directory.read("dest/file") == "content")
    #expect(reports.all.map(\.errno) == [.notPermitted])
    #expect(reports.all.first?.subject == destinationPath + "/file")

    var options = RestoreOptions()
    options.ownership = .ignored
    let other = try open(options)
    try makeFile("other", "content", setuid, in: other.root)
    #expect(try directory.status("dest/other").uid == geteuid())
    #expect(try directory.status("dest/other").permissions == 0o755)
    #expect(reports.all.count == 1)
  }

  @Test func prefersOwnersByName() throws {
    guard geteuid() == 0, let daemon = OwnerNames().uid(ofUser: "daemon") else {
      print("skipped: needs root and a user named daemon")
      return
    }
    var metadata = metadata()
    metadata.uid = 4_000_000
    metadata.gid = 4_000_001
    metadata.userName = "daemon"
    metadata.groupName = "no such group, hopefully"
    try makeFile("file", "", metadata, in: try open().root)
    #expect(try directory.status("dest/file").uid == daemon)
    #expect(try directory.status("dest/file").gid == 4_000_001)
  }

  @Test func reportsAttributesThatCannotBeSetAndKeepsTheFile() throws {
    var metadata = metadata()
    metadata.extendedAttributes = [ExtendedAttribute(name: Array("bogus".utf8), value: [1])]
    try makeFile("file", "content", metadata, in: try open().root)
    #expect(reports.all.count == 1)
    #expect(reports.all.first?.description.contains("bogus") == true)
    #expect(try directory.read("dest/file") == "content")
    #expect(try directory.status("dest/file").modificationTime == past)
  }

  @Test func refusesASocket() throws {
    let destination = try open()
    let error = #expect(throws: IOError.self) {
      try destination.root.createEntry("socket", metadata(.socket))
    }
    #expect(error?.errno == .notSupported)
    var cut = metadata(.symbolicLink)
    cut.linkTarget = Array("/etc\0/passwd".utf8)
    #expect(throws: IOError.self) { try destination.root.createEntry("link", cut) }
    #expect(try directory.names(in: "dest") == [])
  }

  @Test func linksToAFileThatHasTheNameAlready() throws {
    let destination = try open()
    try makeFile("a", in: destination.root)
    for _ in 0..<2 {
      try Array("b".utf8).asSpan { name in
        try key("a").asSpan { try destination.root.createHardLink(name, to: $0) }
      }
      #expect(try directory.names(in: "dest") == ["a", "b"])
      #expect(try directory.status("dest/a").linkCount == 2)
    }
    let error = #expect(throws: IOError.self) {
      try Array("c".utf8).asSpan { name in
        try key("missing").asSpan { try destination.root.createHardLink(name, to: $0) }
      }
    }
    #expect(error?.errno == .noSuchFileOrDirectory)
  }

  // MARK: Directories

  @Test func setsADirectorysAttributesWhenTheLastOfItIsDone() throws {
    let destination = try open()
    let outer = try destination.root.makeDirectory("outer")
    let inner = try outer.makeDirectory("inner")
    #expect(try directory.status("dest/outer/inner").permissions == 0o700)
    inner.hold()
    inner.leave(metadata(.directory, 0o555))
    outer.leave(metadata(.directory, 0o751))
    destination.root.leave()
    #expect(destination.pendingDirectoryCount == 3)
    let file = try inner.createFile("file")
    inner.release()
    // The file is still open.
    #expect(try directory.status("dest/outer/inner").modificationTime != past)
    #expect(destination.pendingDirectoryCount == 3)
    try file.finish(metadata())
    #expect(destination.pendingDirectoryCount == 0)
    for (name, permissions) in [("outer", 0o751), ("outer/inner", 0o555)] as [(String, UInt16)] {
      let status = try directory.status("dest/\(name)")
      #expect(status.modificationTime == past)
      #expect(status.permissions == permissions)
    }
    #expect(destination.openDirectoryCount == 1)
  }
}
