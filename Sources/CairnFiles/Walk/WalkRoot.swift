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
    guard Self.isValid(name) else {
      throw IOError(
        .invalidPath, operation: "use the name", subject: String(displaying: name),
        detail: "a name must not be empty, \".\" or \"..\", nor hold \"/\" or a zero byte")
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

  static func isValid(_ name: [UInt8]) -> Bool {
    !name.isEmpty && name != Array(".".utf8) && name != Array("..".utf8)
      && !name.contains(0) && !name.contains(UInt8(ascii: "/"))
  }
}
