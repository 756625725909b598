import CairnCore
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A directory for one test, removed with everything in it when the test is over.
final class TemporaryDirectory: Sendable {
  let path: String
  let descriptor: FileDescriptor

  /// - Parameter inMemory: whether to prefer a file system in memory, for tests that make so many
  ///   directories that a disk's file system would take most of the time.
  init(inMemory: Bool = false) throws {
    var parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    if inMemory, access("/dev/shm", W_OK) == 0 { parent = "/dev/shm" }
    var template = Array("\(parent)/cairn-files-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.directory])
  }

  deinit {
    try? removeContent()
    try? descriptor.close()
    rmdir(path)
  }

  var filePath: FilePath { FilePath(path) }

  /// Goes down and up by ".." instead of recursion, so that it can remove what the tests for deep
  /// trees leave, of which no path is short enough to name it.
  private func removeContent() throws {
    var current = try descriptor.openEntry(".", .readOnly, options: [.directory])
    defer { try? current.close() }
    let reader = DirectoryReader()
    var names: [[CChar]] = []
    while true {
      var inner: [CChar]?
      var files: [[CChar]] = []
      try? current.setPermissions(0o700)
      let listed = try current.openEntry(".", .readOnly, options: [.directory])
      try reader.list(listed) { name, kind in
        let name = name.map { CChar(bitPattern: $0) } + [0]
        if kind == .directory { inner = name } else { files.append(name) }
      }
      try listed.close()
      for file in files { try current.removeEntry(file) }
      if let inner {
        names.append(inner)
        let next = try current.openDirectory(inner)
        try current.close()
        current = next
      } else {
        guard let name = names.popLast() else { return }
        let parent = try current.openDirectory("..")
        try current.close()
        current = parent
        try current.removeDirectory(name)
      }
    }
  }
}

extension TemporaryDirectory {
  /// Creates a file, and the directories on the way to it are there already.
  func write(_ text: String = "", to name: String) throws {
    try write(text, to: Array(name.utf8))
  }

  func write(_ text: String = "", to name: [UInt8]) throws {
    let file = try descriptor.openEntry(
      cString(name), .writeOnly, options: [.create, .truncate], permissions: 0o644)
    defer { try? file.close() }
    var text = text
    try text.withUTF8 { try file.writeFully(UnsafeRawBufferPointer($0)) }
  }

  func read(_ name: String) throws -> String {
    let file = try descriptor.openEntry(name, .readOnly)
    defer { try? file.close() }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = try bytes.withUnsafeMutableBytes { try file.readFully(into: $0) }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  func makeDirectory(_ name: String) throws {
    try descriptor.makeDirectory(name, permissions: 0o755)
  }

  func status(_ name: String) throws -> FileStatus { try descriptor.status(of: name) }

  /// The names in a directory below this one, sorted.
  func names(in name: String = ".") throws -> [String] {
    let directory = try descriptor.openEntry(name, .readOnly, options: [.directory])
    defer { try? directory.close() }
    var names: [String] = []
    try DirectoryReader().list(directory) { bytes, _ in
      names.append(String(decoding: bytes, as: UTF8.self))
    }
    return names.sorted()
  }
}

extension TemporaryDirectory {
  /// A chain of directories, "d" within "d", with a file after each.
  func makeChain(_ depth: Int, in top: String = ".") throws {
    var current = try descriptor.openEntry(top, .readOnly, options: [.directory])
    for _ in 0..<depth {
      try current.makeDirectory("d", permissions: 0o700)
      try current.openEntry("z", .writeOnly, options: [.create], permissions: 0o600).close()
      let next = try current.openDirectory("d")
      try current.close()
      current = next
    }
    try current.close()
  }
}

func cString(_ bytes: [UInt8]) -> [CChar] {
  bytes.map { CChar(bitPattern: $0) } + [0]
}
