import CairnCore
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension TemporaryDirectory {
  /// A tree with one of everything that this user can make here.
  func makeEverything(in top: String) throws {
    let base = descriptor
    let past: Int64 = 1_234_567_890_123_456_789
    func path(_ name: String) -> String { top + "/" + name }
    for name in ["", "/empty", "/full", "/full/inner", "/readonly", "/sticky"] {
      try base.makeDirectory(top + name, permissions: 0o755)
    }
    try write(to: path("nothing"))
    try write("hello", to: path("full/file"))
    try write("deeper", to: path("full/inner/file"))
    try write("kept", to: path("readonly/file"))
    for (index, name)
      in ([[0xFF, 0xFE], Array("new\nline".utf8), Array("-rf".utf8)]
      as [[UInt8]]).enumerated()
    {
      try write("odd \(index)", to: Array(path("full/").utf8) + name)
    }
    for (mode, name) in [0o000, 0o400, 0o444, 0o600, 0o640, 0o666, 0o755, 0o777, 0o4755, 0o2755]
      .enumerated().map({ ($1, "mode\($0)") }) as [(UInt16, String)]
    {
      try write("mode", to: path(name))
      try base.setPermissions(of: path(name), mode)
    }
    try base.makeSymbolicLink(path("link"), to: "full/file")
    try base.makeSymbolicLink(path("dangling"), to: String(repeating: "no/where/", count: 300))
    try base.makeSpecialFile(
      path("fifo"), kind: .fifo, permissions: 0o620, device: DeviceNumber(major: 0, minor: 0))
    try base.makeLink(to: path("full/file"), as: path("hard"), in: base)
    try base.makeLink(to: path("full/file"), as: path("empty/hard too"), in: base)

    let sparse = try base.openEntry(
      path("sparse"), .readWrite, options: [.create], permissions: 0o644)
    defer { try? sparse.close() }
    try Array("island".utf8).span.bytes.withUnsafeBytes {
      try sparse.writeFully(at: 5 << 20, $0)
    }
    try sparse.setSize(9 << 20)

    let attribute = ExtendedAttribute(name: Array("user.cairn".utf8), value: [1, 2, 3])
    for name in ["full", "full/file"] {
      let file = try base.openEntry(path(name), .readOnly)
      defer { try? file.close() }
      // Where there are no attributes, there is nothing to compare.
      try? AttributeOwner.open(file).setExtendedAttribute(attribute)
    }
    if geteuid() == 0 {
      try base.makeSpecialFile(
        path("null"), kind: .characterDevice, permissions: 0o600,
        device: DeviceNumber(major: 1, minor: 3))
      try base.makeSpecialFile(
        path("disk"), kind: .blockDevice, permissions: 0o600,
        device: DeviceNumber(major: 300, minor: 70_000))
      for (name, uid, gid) in [("mode3", 1234, 5678), ("link", 99, 98), ("mode8", 77, 0)]
        as [(String, UInt32, UInt32)]
      {
        try base.setOwner(of: path(name), uid, group: gid)
      }
      // A change of owner took them away.
      try base.setPermissions(of: path("mode8"), 0o4755)
      try base.setOwner(of: path("sticky"), 4321, group: 4321)
    }
    try base.setPermissions(of: path("sticky"), 0o1777)
    try base.setPermissions(of: path("readonly"), 0o555)
    for (index, name) in ["full/inner", "full", "empty", "link", "fifo", "full/file", ""]
      .enumerated()
    {
      try base.setModificationTime(of: path(name), past + Int64(index) * 1_000_000_007)
    }
  }
}
