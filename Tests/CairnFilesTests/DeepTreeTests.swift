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

/// Trees so deep that their paths are longer than the system takes, and that an open descriptor for
/// each level would be too many.
@Suite(.serialized) struct DeepTreeTests {
  let directory: TemporaryDirectory
  let reports = Reports()
  let past: Int64 = 1_234_567_890_123_456_789

  init() throws {
    directory = try TemporaryDirectory(inMemory: true)
    try directory.makeDirectory("dest")
  }

  func open(_ options: RestoreOptions = RestoreOptions()) throws -> RestoreDestination {
    let reports = reports
    return try RestoreDestination(FilePath(directory.path + "/dest"), options: options) {
      reports.add($0)
    }
  }

  func metadata(_ kind: FileKind = .regular, _ permissions: UInt16 = 0o644) -> FileMetadata {
    var metadata = FileMetadata(kind: kind, permissions: permissions)
    metadata.uid = geteuid()
    metadata.gid = getegid()
    metadata.modificationTime = past
    return metadata
  }

  @Test(arguments: [2, 128])
  func walksAChainOfFiveThousandLevelsWithFewDescriptors(limit: Int) throws {
    let depth = 5000
    try directory.descriptor.removeDirectory("dest")
    try directory.makeChain(depth)
    var options = WalkOptions()
    options.openDirectories = limit
    var walk = try SortedWalk([WalkRoot(directory.path, name: "r")], options: options)
    // The whole keys would be 100 MB; one length and one last byte belong to one key of the chain.
    var expected = (0...depth).map { (2 * $0 + 1, $0 == 0 ? "r" : "d", FileKind.directory) }
    expected += (0..<depth).reversed().map { (2 * $0 + 3, "z", .regular) }
    var mostOpen = 0
    var wrong = 0
    for (length, last, kind) in expected {
      guard case .entry? = walk.next() else {
        wrong += 1
        continue
      }
      let key = walk.key
      let lastByte = key.unsafeLoad(fromByteOffset: key.byteCount - 1, as: UInt8.self)
      if key.byteCount != length || walk.status.kind != kind || lastByte != last.utf8.first {
        wrong += 1
      }
      mostOpen = max(mostOpen, walk.openDirectoryCount)
    }
    #expect(walk.next() == nil)
    #expect(wrong == 0)
    // The directory that is entered next and the root's parent come on top.
    #expect(mostOpen <= limit + 2)
  }

  @Test(arguments: [1, 2, 128])
  func restoresAChainOfFiveThousandLevelsWithFewDescriptors(limit: Int) throws {
    let depth = 5000
    var options = RestoreOptions()
    options.openDirectories = limit
    let destination = try open(options)
    var chain = [destination.root]
    var mostOpen = 0
    for _ in 0..<depth {
      chain.append(try chain[chain.count - 1].makeDirectory("d"))
      mostOpen = max(mostOpen, destination.openDirectoryCount)
    }
    while let directory = chain.popLast() {
      // On the way back, as a walk in order would.
      try directory.createFile("z").finish(metadata())
      mostOpen = max(mostOpen, destination.openDirectoryCount)
      directory.leave(chain.isEmpty ? nil : metadata(.directory, 0o750))
    }
    #expect(destination.pendingDirectoryCount == 0)
    #expect(reports.all == [])
    // The root, and those that are being used.
    #expect(mostOpen <= limit + 4)
    var count = 0
    let outcome = try walk([WalkRoot(directory.path + "/dest", name: "r")]) { walk in
      if walk.key.byteCount == 1 { return }
      #expect(walk.status.modificationTime == past)
      if walk.status.kind == .directory { #expect(walk.status.permissions == 0o750) }
      count += 1
    }
    #expect(count == 2 * depth + 1)
    #expect(outcome.problems == [])
  }

  @Test func finishesADeepChainFromAThread() throws {
    var options = RestoreOptions()
    options.openDirectories = 2
    let destination = try open(options)
    var current = destination.root
    for _ in 0..<500 {
      let next = try current.makeDirectory("d")
      if current !== destination.root { current.leave(metadata(.directory, 0o500)) }
      current = next
    }
    let file = try current.createFile("file")
    current.leave(metadata(.directory, 0o500))
    destination.root.leave()
    #expect(destination.pendingDirectoryCount == 501)
    // All of them are finished from here, deepest first.
    try file.finish(metadata())
    #expect(destination.pendingDirectoryCount == 0)
    #expect(reports.all == [])
    let outcome = try walk([WalkRoot(directory.path + "/dest", name: "r")]) { walk in
      if walk.key.byteCount > 1 { #expect(walk.status.modificationTime == past) }
    }
    #expect(outcome.entries.count == 502)
  }

  @Test func abandonsALongChainWithoutRecursion() throws {
    let destination = try open()
    let innermost = Monitor<RestoredDirectory?>(nil)
    var current = destination.root
    for _ in 0..<3000 { current = try current.makeDirectory("d") }
    innermost.change { [current] in $0 = current }
    current = destination.root
    onASmallStack { innermost.change { $0 = nil } }
    #expect(destination.pendingDirectoryCount == 3001)
  }

  @Test func finishesALongChainWithoutRecursion() throws {
    let destination = try open()
    var chain = [destination.root]
    for _ in 0..<3000 { chain.append(try chain[chain.count - 1].makeDirectory("d")) }
    let innermost = chain[chain.count - 1]
    innermost.hold()
    while let directory = chain.popLast() { directory.leave() }
    onASmallStack { innermost.release() }
    #expect(destination.pendingDirectoryCount == 0)
  }
}
