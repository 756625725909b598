import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A tree with every kind of thing.
enum SampleTree {
  /// The files of ``make(at:)`` whose names are not plain.
  static let oddNames: [[UInt8]] = [
    [0x62, 0xFF, 0xFE, 0x64], Array("new\nline".utf8), Array(" space ".utf8), Array("-n".utf8),
    Array("ünïcödé".utf8), Array("back\\slash".utf8), [0x80], [1, 2, 0x1B], Array("a=b".utf8),
    [UInt8](repeating: 0x6C, count: 255),
  ]
  static let largeFileSize = 20 << 20

  static func make(at path: String) throws {
    var random = Seeded(1)
    let root = Node(path)
    try root.makeDirectory()
    try makeFiles(in: root, &random)
    try makeLinks(in: root)
    try makeSpecialFiles(in: root)
    for depth in 1...40 {
      let folder = root.below(
        Array("deep".utf8) + Array(repeatElement("/d", count: depth - 1).joined().utf8))
      try folder.makeDirectory()
      try folder.below("file").write("depth \(depth)")
    }
    // Last, since what is made in a directory changes its time.
    try root.below("folder/read-only").setMode(0o555)
    try root.below("folder/empty").setTime(-1_000_000_000, nanoseconds: 123_456_789)
    try root.below("folder").setTime(1_000_000_000, nanoseconds: 987_654_321)
    try root.below("folder").setMode(0o2750)
  }

  private static func makeFiles(in root: Node, _ random: inout Seeded) throws {
    for name in ["folder", "folder/empty", "folder/read-only", "folder.d", "folder-e", "many"] {
      try root.below(name).makeDirectory()
    }
    try root.below("folder/read-only/file").write("within")
    try root.below("folder.d/file").write("sorts between")
    try root.below("empty").write("")
    for size in [1, 511, 512, 513, 4096, 65_535, 65_536, 65_537, 1_000_000] {
      try root.below("of \(size)").write(random.bytes(size))
    }
    try root.below("large").write(random.bytes(largeFileSize))
    // Equal content, which is stored once.
    let repeated = random.bytes(300_000)
    for number in 0..<5 { try root.below("many/copy \(number)").write(repeated) }
    for number in 0..<300 {
      try root.below("many/\(number)").write("file \(number), some text")
    }
    for name in oddNames { try root.below(name).write("odd") }

    // A hole in front, between and behind.
    try root.below("sparse").write(random.bytes(4096), at: 8 << 20, size: 12 << 20)
    try root.below("sparse").write(random.bytes(100_000), at: 4 << 20)
    try root.below("hole").write([], size: 3 << 20)

    try root.below("setuid").write("#!")
    try root.below("setuid").setMode(0o4755)
    try root.below("no rights").write("secret")
    try root.below("no rights").setMode(0o000)
    try root.below("folder/attributes").write("described")
    try root.below("folder/attributes").setAttribute("user.comment", Array("a comment".utf8))
    try root.below("folder/attributes").setAttribute("user.binary", [0, 255, 10])
    try root.below("folder/attributes").setAttribute("user.empty", [])
    try root.below("folder.d").setAttribute("user.of-a-directory", [1])
    try root.below("old").write("before 1970")
    try root.below("old").setTime(-5, nanoseconds: 1)
    try root.below("future").write("2100")
    try root.below("future").setTime(4_102_444_800, nanoseconds: 999_999_999)
  }

  private static func makeLinks(in root: Node) throws {
    try root.below("link").makeLink(to: "folder/attributes")
    try root.below("link").setTime(1_234_567_890, nanoseconds: 42)
    try root.below("link to a directory").makeLink(to: "folder")
    try root.below("dangling").makeLink(to: "/nowhere/at all")
    try root.below("odd link").makeLink(to: [0xFF, 0x2F, 0xFE])
    try root.below("long link").makeLink(to: String(repeating: "x/", count: 2000))
    try root.below("one").write("with three links")
    try root.below("folder.d/two").makeHardLink(to: root.below("one"))
    try root.below("many/three").makeHardLink(to: root.below("one"))
    try root.below("empty twin").makeHardLink(to: root.below("empty"))
  }

  private static func makeSpecialFiles(in root: Node) throws {
    try root.below("fifo").makeFifo()
    try root.below("fifo").setMode(0o604)
    try root.below("socket").makeSocket()
    guard Ability.isRoot else { return }
    try root.below("owned").write("by somebody")
    try root.below("owned").setOwner(12_345, 54_321)
    try root.below("owned link").makeLink(to: "owned")
    try root.below("owned link").setOwner(1, 2)
    if Ability.canMakeDevices {
      try root.below("character device").makeDevice(S_IFCHR, major: 1, minor: 3)
      try root.below("block device").makeDevice(S_IFBLK, major: 7, minor: 300)
    }
  }
}

extension Ability {
  /// Containers often forbid it.
  static let canMakeDevices: Bool = {
    guard isRoot, let scratch = try? Scratch() else { return false }
    return (try? Node(scratch["device"]).makeDevice(S_IFCHR, major: 1, minor: 3)) != nil
  }()
}
