public import CairnCore
public import SystemPackage

/// A place where a ``SortedWalk`` begins, and the name under which its entries appear.
public struct WalkRoot: Sendable, Hashable {
  /// The first component of the entries' keys.
  public let name: [UInt8]
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
