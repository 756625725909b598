import SystemPackage
import Testing

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

#if os(Linux)
  // In <sys/xattr.h>, which the Swift modules leave out.
  @_silgen_name("lsetxattr") private func lsetxattr(
    _ path: UnsafePointer<CChar>, _ name: UnsafePointer<CChar>, _ value: UnsafeRawPointer?,
    _ size: Int, _ flags: CInt
  ) -> CInt
  @_silgen_name("lgetxattr") private func lgetxattr(
    _ path: UnsafePointer<CChar>, _ name: UnsafePointer<CChar>, _ value: UnsafeMutableRawPointer?,
    _ size: Int
  ) -> Int
  @_silgen_name("llistxattr") private func llistxattr(
    _ path: UnsafePointer<CChar>, _ list: UnsafeMutablePointer<CChar>?, _ size: Int
  ) -> Int
#endif

/// A path in the bytes of the file system, and what can be made there. Written with the C functions
/// alone, so that nothing of the library judges itself.
struct Node {
  let path: [CChar]

  init(_ path: String) {
    self.path = Array(path.utf8CString)
  }

  private init(bytes: [CChar]) {
    path = bytes
  }

  /// A name below this directory.
  func below(_ name: [UInt8]) -> Node {
    Node(
      bytes: path.dropLast() + [CChar(bitPattern: UInt8(ascii: "/"))]
        + name.map { CChar(bitPattern: $0) } + [0])
  }

  func below(_ name: String) -> Node { below(Array(name.utf8)) }

  private func check(_ result: CInt, _ what: String) throws {
    let reason = Errno(rawValue: errno)
    try #require(result == 0, "\(what): \(reason)")
  }

  func makeDirectory() throws {
    try check(mkdir(path, 0o755), "mkdir")
  }

  func makeFifo() throws {
    try check(mkfifo(path, 0o640), "mkfifo")
  }

  func makeDevice(_ kind: mode_t, major: UInt32, minor: UInt32) throws {
    // The C macro, for numbers below 256 and 2^20.
    let number = dev_t(minor & 0xFF | major << 8 | (minor & 0xFFF00) << 12)
    try check(mknod(path, kind | 0o600, number), "mknod")
  }

  func makeLink(to target: [UInt8]) throws {
    try check(symlink(target.map { CChar(bitPattern: $0) } + [0], path), "symlink")
  }

  func makeLink(to target: String) throws {
    try makeLink(to: Array(target.utf8))
  }

  func makeHardLink(to other: Node) throws {
    try check(link(other.path, path), "link")
  }

  func makeSocket() throws {
    let socket = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { room in
      path.withUnsafeBytes { room.copyMemory(from: $0) }
    }
    let result = withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    try check(result, "bind")
  }

  /// Writes bytes at an offset; what is between the end and there becomes a hole.
  func write(_ bytes: [UInt8], at offset: Int = 0, size: Int? = nil) throws {
    let file = open(path, O_WRONLY | O_CREAT, 0o644)
    try #require(file >= 0)
    defer { close(file) }
    try #require(pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count)
    if let size { try check(ftruncate(file, off_t(size)), "ftruncate") }
  }

  func write(_ text: String) throws {
    try write(Array(text.utf8))
  }

  func remove() throws {
    try check(unlink(path), "unlink")
  }

  func setMode(_ mode: mode_t) throws {
    try check(chmod(path, mode), "chmod")
  }

  func setOwner(_ uid: UInt32, _ gid: UInt32) throws {
    try check(lchown(path, uid, gid), "lchown")
  }

  /// Sets the time of the last change, of a symbolic link itself too.
  func setTime(_ seconds: Int, nanoseconds: Int) throws {
    let time = timespec(tv_sec: seconds, tv_nsec: nanoseconds)
    try check(utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW), "utimensat")
  }

  /// - Returns: whether the file system has extended attributes.
  @discardableResult
  func setAttribute(_ name: String, _ value: [UInt8]) throws -> Bool {
    #if os(Linux)
      if lsetxattr(path, name, value, value.count, 0) == 0 { return true }
      try #require(errno == ENOTSUP)
    #endif
    return false
  }

  fileprivate var attributes: [String: [UInt8]] {
    var attributes: [String: [UInt8]] = [:]
    #if os(Linux)
      var list = [CChar](repeating: 0, count: max(0, llistxattr(path, nil, 0)))
      let count = max(0, llistxattr(path, &list, list.count))
      for name in list[..<count].split(separator: 0) {
        let name = Array(name) + [0]
        var value = [UInt8](repeating: 0, count: max(0, lgetxattr(path, name, nil, 0)))
        _ = lgetxattr(path, name, &value, value.count)
        let text = name.dropLast().map { UInt8(bitPattern: $0) }
        attributes[String(decoding: text, as: UTF8.self)] = value
      }
    #endif
    return attributes
  }

  fileprivate var status: stat? {
    var status = stat()
    return lstat(path, &status) == 0 ? status : nil
  }

  fileprivate var target: [UInt8] {
    var target = [UInt8](repeating: 0, count: 4096)
    let count = target.withUnsafeMutableBytes {
      readlink(path, $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
    }
    return Array(target[..<max(0, count)])
  }

  fileprivate var content: [UInt8] {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = read(file, &buffer, buffer.count)
      guard count > 0 else { return content }
      content.append(contentsOf: buffer[..<count])
    }
  }

  fileprivate var names: [[UInt8]] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [[UInt8]] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: UInt8.self, capacity: 256) { name in
          Array(UnsafeBufferPointer(start: name, count: 256).prefix { $0 != 0 })
        }
      }
      if name != [0x2E] && name != [0x2E, 0x2E] { names.append(name) }
    }
    return names.sorted { $0.lexicographicallyPrecedes($1) }
  }
}

/// All that a restore has to bring back of a tree, entry by entry.
struct Tree {
  struct Entry: Equatable {
    var path: String
    /// The path's own bytes, its components joined by zero bytes.
    var key: [UInt8]
    var kind: mode_t
    var mode: mode_t
    var uid: uid_t
    var gid: gid_t
    var seconds: Int
    var nanoseconds: Int
    /// The path of the first link, for a file with several.
    var firstLink: String?
    var links: Int
    var target: [UInt8] = []
    var device: UInt64 = 0
    var attributes: [String: [UInt8]] = [:]
    var content: [UInt8] = []
    /// Whether much of it takes no space on the disk.
    var isSparse = false
  }

  private(set) var entries: [Entry] = []
  private var firstLinks: [UInt64: String] = [:]

  init(_ path: String) throws {
    try visit(Node(path), path: "", key: [])
  }

  private mutating func visit(_ node: Node, path: String, key: [UInt8]) throws {
    let status = try #require(node.status, "there is no \(path)")
    let kind = mode_t(status.st_mode) & S_IFMT
    // No backup keeps a socket.
    if kind == S_IFSOCK { return }
    #if canImport(Darwin)
      let time = status.st_mtimespec
    #else
      let time = status.st_mtim
    #endif
    var entry = Entry(
      path: path, key: key, kind: kind, mode: mode_t(status.st_mode) & 0o7777, uid: status.st_uid,
      gid: status.st_gid, seconds: time.tv_sec, nanoseconds: time.tv_nsec,
      links: kind == S_IFDIR ? 0 : Int(status.st_nlink))
    entry.attributes = node.attributes
    switch kind {
    case S_IFREG:
      entry.content = node.content
      entry.isSparse = Int(status.st_blocks) * 512 < Int(status.st_size) / 2
      if status.st_nlink > 1 {
        let first = firstLinks[UInt64(status.st_ino)] ?? path
        firstLinks[UInt64(status.st_ino)] = first
        entry.firstLink = first
      }
    case S_IFLNK: entry.target = node.target
    case S_IFCHR, S_IFBLK: entry.device = UInt64(status.st_rdev)
    default: break
    }
    entries.append(entry)
    guard kind == S_IFDIR else { return }
    for name in node.names {
      let text = name.map { $0 >= 0x20 && $0 < 0x7F ? String(UnicodeScalar($0)) : "<\($0)>" }
      try visit(node.below(name), path: "\(path)/\(text.joined())", key: key + [0] + name)
    }
  }

  mutating func remove(_ path: String) {
    entries.removeAll { $0.path == path }
  }

  subscript(path: String) -> Entry? { entries.first { $0.path == path } }

  /// The first differences, one to a line, for the message of a failed test.
  func differences(from other: Tree) -> String {
    var lines: [String] = []
    let others = Dictionary(uniqueKeysWithValues: other.entries.map { ($0.path, $0) })
    for var entry in entries {
      guard var before = others[entry.path] else {
        lines.append("+ \(entry.path)")
        continue
      }
      guard entry != before else { continue }
      if entry.content != before.content { lines.append("content of \(entry.path)") }
      (entry.content, before.content) = ([], [])
      if entry != before { lines.append("\(before)\nbecame \(entry)") }
    }
    let paths = Set(entries.map(\.path))
    lines += other.entries.filter { !paths.contains($0.path) }.map { "- \($0.path)" }
    return lines.prefix(20).joined(separator: "\n")
  }
}

/// Compares two trees.
///
/// - Parameter except: a path of the original that the copy lacks.
func expectSame(
  _ copy: String, _ original: String, except: String? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  var expected = try Tree(original)
  if let except { expected.remove(except) }
  let differences = try Tree(copy).differences(from: expected)
  #expect(differences == "", sourceLocation: sourceLocation)
}
