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

@Suite struct FileMetadataReadingTests {
  let directory: TemporaryDirectory
  let owners = OwnerNames()

  init() throws { directory = try TemporaryDirectory() }

  /// Metadata of an entry by its name alone.
  func read(_ name: String) throws -> FileMetadata {
    var metadata: FileMetadata?
    _ = try walk([WalkRoot(directory.path, name: "r")]) { walk in
      guard Array(walk.fileName) == Array(name.utf8) else { return }
      let (parent, status) = (walk.parent, walk.status)
      metadata = try walk.withFileName { name in
        try FileMetadata.read(
          name, in: parent, status: status, owners: owners, path: "the file",
          onProblem: { Issue.record($0) })
      }
    }
    return try #require(metadata)
  }

  func readOpen(_ name: String) throws -> FileMetadata {
    let file = try directory.descriptor.openEntry(name, .readOnly)
    defer { try? file.close() }
    return FileMetadata.read(
      file, status: try file.status(), owners: owners, path: "the file",
      onProblem: { Issue.record($0) })
  }

  @Test func readsAFileOpenOrByName() throws {
    try directory.write("content", to: "file")
    chmod(directory.path + "/file", 0o4751)
    try directory.descriptor.makeLink(to: "file", as: "other", in: directory.descriptor)
    try directory.descriptor.openEntry("file", .writeOnly).setModificationTime(-1_500_000_001)
    let metadata = try readOpen("file")
    #expect(try read("file") == metadata)
    #expect(metadata.kind == .regular)
    #expect(metadata.permissions == 0o4751)
    #expect(metadata.size == 7)
    #expect(metadata.linkCount == 2)
    #expect(metadata.uid == geteuid())
    #expect(metadata.modificationTime == -1_500_000_001)
    #expect(metadata.inode == (try directory.status("other").inode))
    #expect(metadata.extendedAttributes == [])
    if geteuid() == 0 { #expect(metadata.userName == "root") }
  }

  @Test func readsLinkTargetsOfAnyLength() throws {
    for target in ["t", "a/b/../c", String(repeating: "long/", count: 800)] {
      try directory.descriptor.makeSymbolicLink("link", to: target)
      let metadata = try read("link")
      #expect(metadata.kind == .symbolicLink)
      #expect(metadata.linkTarget == Array(target.utf8))
      #expect(metadata.size == 0)
      try directory.descriptor.removeEntry("link")
    }
    // /proc gives its links a size of 0.
    #if os(Linux)
      let proc = try FileDescriptor.open("/proc/self/fd", .readOnly, options: [.directory])
      defer { try? proc.close() }
      let target = try proc.symbolicLinkTarget("\(directory.descriptor.rawValue)", expectedSize: 0)
      #expect(String(decoding: target, as: UTF8.self) == directory.path)
    #endif
  }

  @Test func readsExtendedAttributesSortedByName() throws {
    try directory.write("content", to: "file")
    let attributes = [
      ExtendedAttribute(name: Array("user.a".utf8), value: []),
      ExtendedAttribute(name: Array("user.b".utf8), value: [0, 1, 0xFF]),
      ExtendedAttribute(
        name: Array("user.".utf8) + [0xC3, 0x28], value: Array(repeating: 7, count: 2500)),
    ]
    let file = try directory.descriptor.openEntry("file", .readWrite)
    defer { try? file.close() }
    do {
      for attribute in attributes.shuffled() {
        try AttributeOwner.open(file).setExtendedAttribute(attribute)
      }
    } catch {
      print("skipped: no extended attributes in \(directory.path): \(error)")
      return
    }
    #expect(try readOpen("file").extendedAttributes == attributes)
    #expect(try read("file").extendedAttributes == attributes)

    // So many names that the first buffer does not hold them.
    let many = (100..<130).map {
      ExtendedAttribute(
        name: Array("user.\($0)\(String(repeating: "n", count: 50))".utf8), value: [1])
    }
    try AttributeOwner.open(file).removeExtendedAttribute(attributes[2].name)
    for attribute in many { try AttributeOwner.open(file).setExtendedAttribute(attribute) }
    #expect(try readOpen("file").extendedAttributes == many + attributes[..<2])
  }

  #if os(Linux)
    @Test func readsExtendedAttributesOfALinkAndNotOfItsTarget() throws {
      try directory.write("content", to: "file")
      try directory.descriptor.makeSymbolicLink("link", to: "file")
      try directory.descriptor.makeSpecialFile(
        "fifo", kind: .fifo, permissions: 0o600, device: DeviceNumber(major: 0, minor: 0))
      let attribute = ExtendedAttribute(name: Array("trusted.cairn".utf8), value: [1, 2])
      for name in ["link", "fifo"] {
        do {
          try name.withCString { name in
            try AttributeOwner.name(name, in: directory.descriptor).setExtendedAttribute(attribute)
          }
        } catch {
          print("skipped: only root sets attributes of links: \(error)")
          return
        }
      }
      #expect(try read("link").extendedAttributes == [attribute])
      #expect(try read("fifo").extendedAttributes == [attribute])
      #expect(try read("file").extendedAttributes == [])
    }
  #endif

  @Test func refusesAnAttributeNameThatWouldBeCut() throws {
    for name in [[], Array("user.a\0b".utf8)] as [[UInt8]] {
      #expect(throws: Errno.invalidArgument) {
        try AttributeOwner.open(directory.descriptor).setExtendedAttribute(
          ExtendedAttribute(name: name, value: []))
      }
    }
  }

  @Test func tellsWhatIsUnchanged() throws {
    try directory.write("content", to: "file")
    let status = try directory.status("file")
    let metadata = try readOpen("file")

    func both(_ metadata: FileMetadata, _ status: FileStatus) -> Bool {
      var bytes: [UInt8] = []
      metadata.encode(into: &bytes)
      let answer = bytes.asSpan { FileMetadata.isUnchanged(encoded: $0, status: status) }
      #expect(answer == metadata.isUnchanged(status))
      // Cut anywhere before its end, the deciding part does not say "unchanged".
      #expect(!Array(bytes[..<8]).asSpan { FileMetadata.isUnchanged(encoded: $0, status: status) })
      return answer
    }

    #expect(both(metadata, status))
    for change: (inout FileMetadata) -> Void in [
      { $0.size += 1 }, { $0.modificationTime += 1 }, { $0.changeTime -= 1 }, { $0.inode ^= 1 },
      { $0.kind = .fifo }, { $0.flags = .changedWhileRead }, { $0.flags = .attributesIncomplete },
    ] {
      var other = metadata
      change(&other)
      #expect(!both(other, status))
    }
    // Its number is not the file's.
    var other = metadata
    other.device += 1
    #expect(both(other, status))

    chmod(directory.path + "/file", 0o600)
    #expect(!both(metadata, try directory.status("file")))
  }

  @Test func looksUpOwnersBothWays() throws {
    let names = owners.names(uid: 0, gid: 0)
    #expect(names.user == "root")
    #expect(owners.uid(ofUser: "root") == 0)
    let group = try #require(names.group)
    #expect(owners.gid(ofGroup: group) == 0)
    let unknown: UInt32 = 4_000_123_456
    #expect(owners.names(uid: unknown, gid: unknown).user == nil)
    #expect(owners.names(uid: unknown, gid: unknown).group == nil)
    #expect(owners.uid(ofUser: "no such user, hopefully") == nil)
    #expect(owners.gid(ofGroup: "no such group, hopefully") == nil)
  }

  @Test func takesDeviceNumbersApartAndTogether() throws {
    try #require(access("/dev/null", F_OK) == 0)
    let null = try FileDescriptor.workingDirectory.status(of: "/dev/null")
    #expect(null.kind == .characterDevice)
    #if os(Linux)
      #expect(null.deviceNumber == DeviceNumber(major: 1, minor: 3))
    #endif
  }

  @Test func findsTheDataBetweenHoles() throws {
    let file = try directory.descriptor.openEntry(
      "sparse", .readWrite, options: [.create], permissions: 0o600)
    defer { try? file.close() }
    let block: Int64 = 1 << 20
    try [1, 2, 3].span.bytes.withUnsafeBytes { try file.writeFully(at: 3 * block, $0) }
    try file.setSize(8 * block)
    let data = try #require(try file.nextData(from: 0))
    guard data.lowerBound > 0 else {
      print("skipped: this file system does not tell of holes")
      return
    }
    #expect(data.lowerBound <= 3 * block && data.upperBound >= 3 * block + 3)
    #expect(data.upperBound < 8 * block)
    #expect(try file.nextData(from: data.upperBound) == nil)
  }

  @Test func escapesNamesThatWouldConfuse() {
    #expect(String(displaying: Array("plain/ünï".utf8)) == "plain/ünï")
    #expect(String(displaying: Array("a\nb\tc\u{1B}[0m".utf8)) == "a\\nb\\tc\\x1b[0m")
    #expect(String(displaying: [0x61, 0xFF, 0x62, 0xC3, 0x28, 0x05]) == "a\\xffb\\xc3(\\x05")
    #expect(String(displaying: [UInt8]()) == "")
  }
}
