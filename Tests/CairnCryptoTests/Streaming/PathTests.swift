import CairnCore
import CairnCrypto
import Foundation
import SystemPackage
import Testing

@Suite("Sealing and opening files by path")
struct PathTests {
  static let plain = LongSample.prefix(1_000_000)

  let identity: X25519Identity
  let folder: TemporaryFolder

  init() throws {
    identity = try X25519Identity.generate()
    folder = try TemporaryFolder()
  }

  private func seal(
    _ source: String, _ destination: String, progress: any ProgressReporter = NoProgress()
  ) throws {
    try Age.sealFile(
      at: folder.path.appending(source), to: folder.path.appending(destination),
      recipients: [identity.recipient], progress: progress)
  }

  private func open(
    _ source: String, _ destination: String, progress: any ProgressReporter = NoProgress()
  ) throws {
    try Age.openFile(
      at: folder.path.appending(source), to: folder.path.appending(destination),
      identities: [identity], progress: progress)
  }

  private func mode(_ name: String) throws -> UInt16 {
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path(of: name))
    return try #require(attributes[.posixPermissions] as? NSNumber).uint16Value
  }

  @Test func roundTrip() throws {
    try folder.write("plain", Self.plain)
    try seal("plain", "sealed")
    try open("sealed", "opened")
    expectSame(try folder.content("opened"), Self.plain)
    #expect(try folder.names == ["opened", "plain", "sealed"])
    let sealedMode = try mode("sealed")
    #expect(sealedMode & 0o600 == 0o600 && sealedMode & ~0o644 == 0, "as far as the umask lets it")
    #expect(try mode("opened") == 0o600)
  }

  @Test func modesThatAreAskedFor() throws {
    try folder.write("plain", [1, 2, 3])
    try Age.sealFile(
      at: folder.path.appending("plain"), to: folder.path.appending("sealed"),
      recipients: [identity.recipient], permissions: .ownerReadWrite)
    try Age.openFile(
      at: folder.path.appending("sealed"), to: folder.path.appending("opened"),
      identities: [identity], permissions: .ownerRead)
    #expect(try mode("sealed") == 0o600)
    #expect(try mode("opened") == 0o400)
  }

  @Test func aFileThatExistsIsReplaced() throws {
    try folder.write("plain", Self.plain)
    try folder.write("sealed", [1])
    let before = try folder.file("opened", holding: [9, 9, 9])
    defer { try? before.close() }
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o666], ofItemAtPath: folder.path(of: "opened"))
    try seal("plain", "sealed")
    try open("sealed", "opened")
    expectSame(try folder.content("opened"), Self.plain)
    #expect(try mode("opened") == 0o600, "the mode is the new file's")
    #expect(
      try [UInt8](readingAllOf: before) == [9, 9, 9], "who had it open still has the old one")
  }

  @Test func sourceAndDestinationMayBeTheSame() throws {
    try folder.write("file", Self.plain)
    try seal("file", "file")
    expectSame(try Age.open(folder.content("file"), with: [identity]), Self.plain)
    try open("file", "file")
    expectSame(try folder.content("file"), Self.plain)
    #expect(try folder.names == ["file"])
  }

  @Test(arguments: [true, false])
  func aFailureLeavesAllAsItWas(hasOld: Bool) throws {
    let old: [UInt8] = [7, 7, 7]
    if hasOld { try folder.write("destination", old) }
    try folder.write("plain", Self.plain)
    var sealed = try Age.seal(Self.plain, to: [identity.recipient])
    sealed[600_000] ^= 1
    try folder.write("damaged", sealed)
    try folder.write("cut", Array(sealed.prefix(500_000)))
    try folder.write("other", Age.seal([1], to: [X25519Identity.generate().recipient]))
    let names = try folder.names

    expect(.payload) { try open("damaged", "destination") }
    expect(.truncated, .payload) { try open("cut", "destination") }
    expect(.noIdentityMatched) { try open("other", "destination") }
    expect(.header) { try open("plain", "destination") }
    expect(.io) { try open("missing", "destination") }
    expect(.io) { try seal("missing", "destination") }
    let end = ProgressClosure { _ in throw Errno.canceled }
    expect(.cancelled) { try seal("plain", "destination", progress: end) }
    expect(.recipients) {
      try Age.sealFile(
        at: folder.path.appending("plain"), to: folder.path.appending("destination"),
        recipients: [])
    }
    #expect(try folder.names == names)
    if hasOld { #expect(try folder.content("destination") == old) }
  }

  @Test func destinationsThatCannotBe() throws {
    try folder.write("plain", [1, 2, 3])
    try FileManager.default.createDirectory(
      atPath: folder.path(of: "folder"), withIntermediateDirectories: false)
    mkfifo(folder.path(of: "pipe"), 0o600)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path(of: "link to folder"), withDestinationPath: "folder")
    let names = try folder.names
    for destination in [
      "folder", "folder/", "missing/file", "plain/file", "pipe", "link to folder", ".", "..",
      String(repeating: "x", count: 256),
    ] {
      expect(.io) { try seal("plain", destination) }
    }
    expect(.io) {
      try Age.sealFile(
        at: folder.path.appending("plain"), to: "", recipients: [identity.recipient])
    }
    #expect(try folder.names == names)
  }

  /// The link is replaced, and what it leads to stays as it is: it may be anywhere.
  @Test func aSymbolicLinkIsReplaced() throws {
    try folder.write("plain", [1, 2, 3])
    try folder.write("target", [9])
    for (link, target) in [("link", "target"), ("dangling", "missing")] {
      try FileManager.default.createSymbolicLink(
        atPath: folder.path(of: link), withDestinationPath: target)
      try seal("plain", link)
      #expect(try Age.open(folder.content(link), with: [identity]) == [1, 2, 3])
    }
    #expect(try folder.content("target") == [9])
    #expect(try folder.names == ["dangling", "link", "plain", "target"])
  }

  @Test(arguments: [199, 200, 201, 250, 255])
  func longNames(count: Int) throws {
    let name = String(repeating: "n", count: count)
    try folder.write("plain", [1, 2, 3])
    try seal("plain", name)
    try open(name, name)
    #expect(try folder.content(name) == [1, 2, 3])
    #expect(try folder.names == [name, "plain"].sorted())
  }

  @Test func namesThatAreNotText() throws {
    let name = FilePath(platformString: [CChar(bitPattern: 0xFF), 0x61, 0])
    try folder.write("plain", [1, 2, 3])
    let path = folder.path.appending(name.components)
    try Age.sealFile(
      at: folder.path.appending("plain"), to: path, recipients: [identity.recipient])
    let file = try FileDescriptor.open(path, .readOnly)
    defer { try? file.close() }
    #expect(try Age.open([UInt8](readingAllOf: file), with: [identity]) == [1, 2, 3])
  }

  /// A process of its own, since it gives up its rights if it has more than others.
  @Test func aFolderThatCannotBeWritten() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      try folder.write("plain", [1, 2, 3])
      let names = try folder.names
      let attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o555]
      try FileManager.default.setAttributes(attributes, ofItemAtPath: folder.path.string)
      let isRoot = geteuid() == 0
      if isRoot { #expect(seteuid(65534) == 0) }
      let error = #expect(throws: CryptoError.self) {
        try Age.sealFile(
          at: folder.path.appending("plain"), to: folder.path.appending("sealed"),
          recipients: [X25519Identity.generate().recipient])
      }
      #expect((error?.cause as? IOError)?.errno == .permissionDenied)
      if isRoot { #expect(seteuid(0) == 0) }
      #expect(try folder.names == names)
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: folder.path.string)
    }
  }

  /// A relative path without a folder in it, which must be made durable all the same.
  @Test func aNameInTheWorkingDirectory() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      try folder.write("plain", [1, 2, 3])
      #expect(FileManager.default.changeCurrentDirectoryPath(folder.path.string))
      let identity = try X25519Identity.generate()
      try Age.sealFile(at: "plain", to: "sealed", recipients: [identity.recipient])
      try Age.openFile(at: "./sealed", to: "opened", identities: [identity])
      #expect(try folder.content("opened") == [1, 2, 3])
      #expect(try folder.names == ["opened", "plain", "sealed"])
    }
  }

  /// Whoever looks sees the old file or the new one, whole.
  @Test func isReplacedInOneStep() throws {
    let first = try Age.seal(LongSample.prefix(300_000), to: [identity.recipient])
    try folder.write("sealed", first)
    try folder.write("plain", LongSample.prefix(300_000))
    let isOver = CancellationFlag()
    let (folder, identity) = (folder, identity)
    let reader = Peer {
      var count = 0
      while !isOver.isSet {
        guard try Age.open(folder.content("sealed"), with: [identity]).count == 300_000 else {
          return -1
        }
        count += 1
      }
      return count
    }
    for _ in 0..<20 { try seal("plain", "sealed") }
    isOver.set()
    #expect(try reader.join() > 0)
  }
}
