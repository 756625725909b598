import CairnCore
import CairnFiles
import SystemPackage

extension TemporaryDirectory {
  /// Creates or replaces a file; what `bytes` does not cover of `size` is a hole at the end.
  func write(_ bytes: [UInt8], to name: String, at offset: Int64 = 0, size: Int64? = nil) throws {
    let file = try descriptor.openEntry(
      name, .readWrite, options: [.create], permissions: 0o644)
    defer { try? file.close() }
    try bytes.span.bytes.withUnsafeBytes { try file.writeFully(at: offset, $0) }
    try file.setSize(size ?? offset + Int64(bytes.count))
  }

  /// Makes a directory tree of files of random names and sizes, some of them links to one another.
  func makeRandomTree(in top: String, files: Int, seed: UInt64) throws {
    var random = Seeded(seed)
    var directories = [top]
    var linkable: [String] = []
    try makeDirectory(top)
    let sizes = [0, 1, 100, 511, 512, 513, 4096, 20_000, 100_000]
    for number in 0..<files {
      let parent = directories.randomElement(using: &random)!
      let name =
        "\(parent)/\(["a", "b", "Z", "-", "é", "\u{1}"].randomElement(using: &random)!)\(number)"
      switch Int.random(in: 0..<20, using: &random) {
      case 0...2:
        try makeDirectory(name)
        directories.append(name)
      case 3:
        try descriptor.makeSymbolicLink(name, to: "../\(number)")
      case 4 where !linkable.isEmpty:
        try descriptor.makeLink(
          to: linkable.randomElement(using: &random)!, as: name, in: descriptor)
      default:
        let size = sizes.randomElement(using: &random)!
        try write(random.bytes(size...size), to: name)
        try descriptor.setPermissions(
          of: name, [0o600, 0o644, 0o755].randomElement(using: &random)!)
        linkable.append(name)
      }
    }
  }

  /// The names below a directory that look like those of files that are not finished.
  func temporaryNames(in name: String) throws -> [String] {
    try walk([WalkRoot(path + "/" + name, name: "r")]).paths.filter { $0.contains("/.cairn-") }
  }
}
