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

@Suite struct SortedWalkTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  func root(_ path: String = "", name: String = "r") throws -> WalkRoot {
    try WalkRoot(directory.path + path, name: name)
  }

  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func ordersAsAnIndependentSortOfAllPaths(seed: UInt64) throws {
    var random = Seeded(seed)
    var expected: [WalkedEntry] = [WalkedEntry(key: Array("r".utf8), kind: .directory)]
    // A small alphabet around the separators makes names that are prefixes of one another, which is
    // where sorting by components differs from sorting by paths.
    let alphabet: [UInt8] = [1, 9, 10, 32, 45, 46, 48, 65, 97, 0x80, 0xC3, 0xFF]
    func fill(_ parent: FileDescriptor, _ parentKey: [UInt8], depth: Int) throws {
      var used: Set<[UInt8]> = []
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        let length = Int.random(in: 1...9, using: &random)
        let name = (0..<length).map { _ in alphabet.randomElement(using: &random)! }
        guard name != Array(".".utf8), name != Array("..".utf8), used.insert(name).inserted
        else { continue }
        let key = parentKey + [0] + name
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where depth < 5, 1 where depth < 3:
          try parent.makeDirectory(cString(name), permissions: 0o700)
          expected.append(WalkedEntry(key: key, kind: .directory))
          let inner = try parent.openDirectory(cString(name))
          defer { try? inner.close() }
          try fill(inner, key, depth: depth + 1)
        case 2:
          try parent.makeSymbolicLink(cString(name), to: "nowhere")
          expected.append(WalkedEntry(key: key, kind: .symbolicLink))
        default:
          try parent.openEntry(
            cString(name), .writeOnly, options: [.create], permissions: 0o600
          ).close()
          expected.append(WalkedEntry(key: key, kind: .regular))
        }
      }
    }
    try fill(directory.descriptor, Array("r".utf8), depth: 0)

    let outcome = try walk([root()])
    #expect(outcome.problems == [])
    #expect(
      outcome.entries == expected.sorted { $0.key.lexicographicallyPrecedes($1.key) })
  }

  @Test(arguments: [11, 12, 13] as [UInt64])
  func sortsManyNamesWithLongCommonBeginnings(seed: UInt64) throws {
    var random = Seeded(seed)
    var names: Set<[UInt8]> = []
    let beginnings = ["", "a", "abc", "abcd", "abcdefgh", String(repeating: "x", count: 240)]
    while names.count < 3000 {
      let name =
        Array(beginnings.randomElement(using: &random)!.utf8)
        + (0..<Int.random(in: 1...12, using: &random)).map { _ in
          UInt8.random(in: 97...100, using: &random)
        }
      names.insert(name)
    }
    for name in names { try directory.write(to: name) }
    let keys = try walk([root()]).keys.dropFirst()
    #expect(Array(keys) == names.sorted { $0.lexicographicallyPrecedes($1) }.map { key("r/") + $0 })
  }

  @Test func keepsNamesThatAreNoText() throws {
    let names: [[UInt8]] = [
      [0xFF], [0xC3, 0x28], Array("new\nline".utf8), Array("-rf".utf8), Array("...".utf8),
      Array(" ".utf8), [1], Array(repeating: UInt8(ascii: "n"), count: 255), Array("\\*?".utf8),
    ]
    for name in names { try directory.write("x", to: name) }
    var seen: [[UInt8]] = []
    let outcome = try walk([root()]) { walk in
      guard walk.status.kind == .regular else { return }
      seen.append(Array(walk.fileName))
      // The name opens the file that it is the name of.
      let parent = walk.parent
      let file = try walk.withFileName { try parent.descriptor.openEntry($0, .readOnly) }
      defer { try? file.close() }
      #expect(try file.status().isSameFile(as: walk.status))
    }
    let sorted = names.sorted { $0.lexicographicallyPrecedes($1) }
    #expect(seen == sorted)
    #expect(Array(outcome.keys.dropFirst()) == sorted.map { key("r/") + $0 })
  }

  @Test func doesNotFollowLinksIntoLoops() throws {
    try directory.makeDirectory("a")
    try directory.descriptor.makeSymbolicLink("a/self", to: ".")
    try directory.descriptor.makeSymbolicLink("a/up", to: "../a")
    try directory.descriptor.makeSymbolicLink("top", to: directory.path)
    let outcome = try walk([root()])
    #expect(outcome.paths == ["r", "r/a", "r/a/self", "r/a/up", "r/top"])
    #expect(outcome.entries.map(\.kind).filter { $0 == .symbolicLink }.count == 3)
  }

  // MARK: Roots

  @Test func takesRootsOfEveryKindInTheOrderOfTheirNames() throws {
    try directory.makeDirectory("dir")
    try directory.write("x", to: "dir/inside")
    try directory.write("y", to: "file")
    try directory.descriptor.makeSymbolicLink("link", to: "dir")
    let outcome = try walk([
      root("/link/", name: "z-followed"), root("/link", name: "m-link"),
      root("/file", name: "b-file"), root("/dir", name: "a-dir"),
    ])
    #expect(
      outcome.paths == [
        "a-dir", "a-dir/inside", "b-file", "m-link", "z-followed", "z-followed/inside",
      ])
    #expect(
      outcome.entries.map(\.kind) == [
        .directory, .regular, .regular, .symbolicLink, .directory, .regular,
      ])
    #expect(outcome.problems == [])
  }

  @Test func namesARootAfterItsLastComponentUnlessTold() throws {
    #expect(try WalkRoot("/home/alice").name == Array("alice".utf8))
    #expect(try WalkRoot("/home/alice/").name == Array("alice".utf8))
    #expect(try WalkRoot("/home/alice/").followsLink)
    #expect(try !WalkRoot("/home/alice").followsLink)
    for name in ["", ".", "..", "a/b", "a\0b"] {
      #expect(throws: IOError.self, "\(name.debugDescription)") {
        try WalkRoot(name: Array(name.utf8), path: "/")
      }
    }
    #expect(throws: IOError.self) { try WalkRoot("/") }
    #expect(throws: IOError.self) { try WalkRoot("a/..") }
  }

  @Test func opensTheFileOfARootByItsOwnName() throws {
    try directory.write("content", to: "file")
    _ = try walk([root("/file", name: "other")]) { walk in
      #expect(Array(walk.key) == Array("other".utf8))
      #expect(Array(walk.fileName) == Array("file".utf8))
    }
    _ = try walk([root("/.", name: "top")]) { walk in
      if walk.status.kind == .directory { #expect(Array(walk.fileName) == Array(".".utf8)) }
    }
  }

  @Test func reportsARootThatDoesNotExistAndGoesOn() throws {
    try directory.write(to: "file")
    let outcome = try walk([
      root("/missing", name: "a"), root("/missing/too", name: "b"), root("/file", name: "c"),
      root("/file/", name: "d"),
    ])
    #expect(outcome.paths == ["c"])
    #expect(
      outcome.problems.map(\.errno) == [
        .noSuchFileOrDirectory, .noSuchFileOrDirectory, .notDirectory,
      ])
    #expect(outcome.problems[0].subject == directory.path + "/missing")
  }

  @Test func refusesTwoRootsOfOneName() throws {
    let error = #expect(throws: IOError.self) {
      _ = try SortedWalk([root("/a", name: "x"), root("/b", name: "x")])
    }
    #expect(error?.code == .invalidPath)
    #expect(error?.description.contains("/a") == true)
  }

  // MARK: Choosing

  @Test func leavesOutWhatIsExcludedWithAllBelow() throws {
    for name in ["keep", "skip", "skip/deep"] { try directory.makeDirectory(name) }
    for name in ["keep/a.o", "keep/a.c", "skip/file", "skip/deep/file", "b.o"] {
      try directory.write(to: name)
    }
    var options = WalkOptions()
    // The root's own name matches, but the user asked for it.
    let globs = try GlobSet(["*.o", "skip/", "r"])
    options.isExcluded = { key, kind in globs.matches(key, kind: kind) }
    #expect(try walk([root()], options).paths == ["r", "r/keep", "r/keep/a.c"])
  }

  @Test func doesNotAskTheFileSystemAboutWhatIsExcluded() throws {
    try directory.write(to: "file")
    let directoryPath = directory.path
    var options = WalkOptions()
    options.isExcluded = { key, _ in
      // Gone before the walk could look at it: it would be a problem.
      unlink(directoryPath + "/file")
      return key.byteCount > 1
    }
    let outcome = try walk([root()], options)
    #expect(outcome.problems == [])
    #expect(outcome.paths == ["r"])
  }

  @Test func skipsContentOnRequest() throws {
    for name in ["a", "b"] {
      try directory.makeDirectory(name)
      try directory.write(to: "\(name)/file")
    }
    var walk = try SortedWalk([root()])
    var paths: [String] = []
    while walk.next() != nil {
      paths.append(text(Array(walk.key)))
      if paths.last == "r/a" { walk.skipContent() }
    }
    #expect(paths == ["r", "r/a", "r/b", "r/b/file"])
  }

  #if os(Linux)
    @Test func staysOnAFileSystemIfAsked() throws {
      guard access("/dev/shm", W_OK) == 0 else {
        print("skipped: no second file system below /dev")
        return
      }
      let marker = "/dev/shm/cairn-\(getpid())"
      close(open(marker, O_CREAT | O_WRONLY, 0o600))
      defer { unlink(marker) }
      let name = "r/shm/cairn-\(getpid())"
      #expect(try walk([WalkRoot("/dev", name: "r")]).paths.contains(name))
      var options = WalkOptions()
      options.staysOnFileSystem = true
      let outcome = try walk([WalkRoot("/dev", name: "r")], options)
      #expect(outcome.paths.contains("r/shm"))
      #expect(!outcome.paths.contains(name))
    }
  #endif

  // MARK: What goes wrong on the way

  @Test func reportsWhatVanishesAndGoesOn() throws {
    for name in ["a", "b", "c", "d"] { try directory.makeDirectory(name) }
    for name in ["a/1", "a/2", "a/3"] { try directory.write(to: name) }
    let outcome = try walk([root()]) { walk in
      switch text(Array(walk.key)) {
      case "r/a/1": try directory.descriptor.removeEntry("a/2")
      case "r/a/3":
        try directory.descriptor.removeDirectory("b")
        // Listed as a directory, then something else.
        try directory.descriptor.removeDirectory("c")
        try directory.write(to: "c")
      default: break
      }
    }
    #expect(outcome.paths == ["r", "r/a", "r/a/1", "r/a/3", "r/c", "r/d"])
    #expect(outcome.entries[4].kind == .regular)
    #expect(outcome.problems.map(\.errno) == [.noSuchFileOrDirectory, .noSuchFileOrDirectory])
    #expect(outcome.problems.map(\.subject) == [directory.path + "/a/2", directory.path + "/b"])
  }

  @Test func reportsWhatItMayNotRead() throws {
    for name in ["closed", "open", "unsearchable"] { try directory.makeDirectory(name) }
    for name in ["closed/file", "open/file", "unsearchable/file"] { try directory.write(to: name) }
    chmod(directory.path, 0o755)
    chmod(directory.path + "/closed", 0o311)
    chmod(directory.path + "/unsearchable", 0o744)
    guard canDropPrivileges || geteuid() != 0 else {
      print("skipped: root may read everything here")
      return
    }
    let outcome = try withFileAccess(ofUser: 54321) { try walk([root()]) }
    #expect(outcome.paths == ["r", "r/closed", "r/open", "r/open/file", "r/unsearchable"])
    #expect(outcome.problems.map(\.errno) == [.permissionDenied, .permissionDenied])
    #expect(
      outcome.problems.map(\.subject) == [
        directory.path + "/closed", directory.path + "/unsearchable/file",
      ])
    // What is excluded is not even looked at.
    var options = WalkOptions()
    let globs = try GlobSet(["closed", "unsearchable/*", "**/unsearchable/file"])
    options.isExcluded = { key, kind in globs.matches(key, kind: kind) }
    #expect(try withFileAccess(ofUser: 54321) { try walk([root()], options) }.problems == [])
  }

  /// As homes are on a machine whose users shall not see one another.
  @Test func backsUpWhatIsInADirectoryThatMayNotBeListed() throws {
    try directory.makeDirectory("homes")
    try directory.makeDirectory("homes/own")
    try directory.write(to: "homes/own/file")
    try directory.write(to: "homes/alone")
    chmod(directory.path, 0o755)
    chmod(directory.path + "/homes", 0o311)
    defer { chmod(directory.path + "/homes", 0o755) }
    guard canDropPrivileges || geteuid() != 0 else {
      print("skipped: root may read everything here")
      return
    }
    let outcome = try withFileAccess(ofUser: 54321) {
      try walk([root("/homes/own", name: "a"), root("/homes/alone", name: "b")])
    }
    #expect(outcome.problems == [])
    #expect(outcome.paths == ["a", "a/file", "b"])
  }

  // MARK: Depth

  @Test func findsAnUpperDirectoryByNameWhenALowerOneWasMoved() throws {
    try directory.makeChain(6)
    try directory.makeDirectory("y")
    var options = WalkOptions()
    options.openDirectories = 2
    let outcome = try walk([root()], options) { walk in
      // Now ".." of the innermost open directory leads elsewhere.
      if text(Array(walk.key)) == "r/d/d/d/d/d/d" {
        try directory.descriptor.renameEntry("d/d/d/d", to: "y/moved")
      }
    }
    #expect(outcome.paths.contains("r/d/d/d/d/z"))
    #expect(outcome.paths.contains("r/d/d/z"))
    #expect(outcome.paths.contains("r/z"))
    #expect(outcome.paths.last == "r/z")
    #expect(outcome.problems == [])
  }

  @Test func reportsAnUpperDirectoryThatIsGone() throws {
    try directory.makeChain(6)
    try directory.makeDirectory("y")
    var options = WalkOptions()
    options.openDirectories = 2
    let outcome = try walk([root()], options) { walk in
      if text(Array(walk.key)) == "r/d/d/d/d/d/d" {
        try directory.descriptor.renameEntry("d/d/d/d", to: "y/moved")
        try directory.descriptor.renameEntry("d/d/d", to: "y/away")
        try directory.makeDirectory("d/d/d")
      }
    }
    // The third directory was closed and cannot be found; those above it can.
    #expect(!outcome.paths.contains("r/d/d/d/z"))
    #expect(outcome.paths.contains("r/d/d/z"))
    #expect(outcome.paths.contains("r/z"))
    #expect(outcome.problems.map(\.code) == [.changed])
    #expect(outcome.problems.map(\.subject) == [directory.path + "/d/d/d"])
  }

  @Test func closesDirectoriesWhenNobodyNeedsThem() throws {
    for name in ["a", "a/b", "c"] { try directory.makeDirectory(name) }
    for name in ["a/1", "a/b/2", "c/3"] { try directory.write(name, to: name) }
    var walk = try SortedWalk([root()])
    var kept: [(DirectoryHandle, [UInt8])] = []
    while let event = walk.next() {
      guard case .entry = event, walk.status.kind == .regular else { continue }
      kept.append((walk.parent, Array(walk.fileName)))
    }
    #expect(walk.openDirectoryCount == 3)
    for (handle, name) in kept {
      try handle.descriptor.openEntry(cString(name), .readOnly).close()
    }
    kept = []
    #expect(walk.openDirectoryCount == 0)
    #expect(walk.next() == nil)
  }
}
