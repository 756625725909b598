public import CairnCrypto

/// Where a root was published first, before it was copied to another repository.
///
/// A copy of a copy has the origin of what was copied first, so a root is known again in whatever
/// order repositories are copied to one another.
public struct RootOrigin: Hashable, Sendable {
  public let repository: RepositoryID
  /// The id of the root there.
  public let root: Digest

  public init(repository: RepositoryID, root: Digest) {
    self.repository = repository
    self.root = root
  }
}

extension Root {
  static let originField = "copied-from"

  /// Where it was copied from; `nil` if it was published where it is. A field, which whoever publishes
  /// may set.
  public var origin: RootOrigin? {
    guard let parts = fields[Self.originField]?.split(separator: "/"), parts.count == 2,
      let repository = RepositoryID(String(parts[0])), let root = Digest(String(parts[1]))
    else { return nil }
    return RootOrigin(repository: repository, root: root)
  }

  /// Where it was published first: there, or in the repository in which it was found.
  func origin(foundIn repository: RepositoryID) -> RootOrigin {
    origin ?? RootOrigin(repository: repository, root: id)
  }

  /// The fields of a copy.
  func fieldsOfCopy(from repository: RepositoryID) -> [String: String] {
    let origin = origin(foundIn: repository)
    return fields.merging([Self.originField: "\(origin.repository)/\(origin.root)"]) { $1 }
  }
}
