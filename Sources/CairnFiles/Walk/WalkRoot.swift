public import CairnCore
public import SystemPackage

/// A place where a ``SortedWalk`` begins, and the name under which its entries appear.
public struct WalkRoot: Sendable, Hashable {
  /// The first component of the entries' keys.
  public let name: [UInt8]
  /// Where it is in the file system.
  public let path: FilePath
  /// Whether a symbolic link at `path` is followed, rather than being an entry itself.
  public let followsLink: Bool

  /// A root by the bytes of its name and its path.
  ///
  /// - Throws: `invalidPath` if `name` cannot be one component of a path.
  public init(name: [UInt8], path: FilePath, followsLink: Bool = false) throws(IOError) {
    guard EntryName.isValid(name) else {
      throw .invalidName("use the name", String(displaying: name))
    }
    self.name = name
    self.path = path
    self.followsLink = followsLink
  }

  /// The path in the file system of the entry that has a key, as text for people.
  static func displayPath(of key: [UInt8], in roots: [WalkRoot]) -> String {
    let rootName = key.prefix { $0 != 0 }
    let rest = key[rootName.endIndex...].map { $0 == 0 ? UInt8(ascii: "/") : $0 }
    guard let root = roots.first(where: { $0.name.elementsEqual(rootName) }) else {
      return String(displaying: key)
    }
    let path = root.path.cString.dropLast().map { UInt8(bitPattern: $0) }
    let isTop = path == Array("/".utf8) && !rest.isEmpty
    return String(displaying: isTop ? rest : path + rest)
  }

  /// - Throws: `systemCall` if there is nothing at the path.
  func checkExists() throws(IOError) {
    do throws(Errno) {
      _ = try path.cString.withUnsafeBufferPointer { (path) throws(Errno) in
        try FileDescriptor.workingDirectory.status(of: path.baseAddress!)
      }
    } catch {
      throw .systemCall("look at", path.displayText, error)
    }
  }

  /// A root as a user writes it: with a "/" at the end, a symbolic link is followed.
  ///
  /// - Parameter name: by default the path's last component.
  /// - Throws: `invalidPath` if the name cannot be one component of a path, as with the path "/",
  ///   which needs a name.
  public init(_ path: String, name: String? = nil) throws(IOError) {
    let filePath = FilePath(path)
    let name = name ?? filePath.lastComponent?.string ?? ""
    try self.init(name: Array(name.utf8), path: filePath, followsLink: path.hasSuffix("/"))
  }
}
